import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {downloadsOf, type Platform} from '../../source/environment/ide/downloads.js';
import {type RecordedSums, recordSum, readRecordedSums} from '../../source/environment/ide/recorded-sums.js';
import {runIdeStep} from '../../source/environment/ide/run.js';
import {sendServer} from '../../source/environment/ide/send.js';
import {ideScript} from '../../source/environment/ide/server.js';
import {scriptStep} from '../../source/environment/steps.js';
import {createHttp} from '../../source/system/http.js';
import {temporaryFolder} from '../support/folders.js';
import {hasCommand} from '../support/program.js';
import {commit, downloadSite, editor, type Site, sumOf, toolFolder, which, wrongSum} from './ide-site.js';
import {environment, localLink, makePlaces} from './support.js';

const present = (names: readonly string[]) =>
	names.filter(name => {
		const has = hasCommand(name);
		if (!has) {
			console.warn(`the checksums of the editor's server: not tried with ${name}, which is missing`);
		}

		return has;
	});

const shells = present(['dash', 'bash', 'busybox']).map(name => (name === 'busybox' ? ['busybox', 'sh'] : [name]));
const downloaders = present(['curl', 'wget', 'python3']);
/** Their order in the script, too. */
const sumTools = present(['sha256sum', 'openssl', 'python3']);
const platform: Platform = process.arch === 'arm64' ? 'gnu-arm64' : 'gnu-x64';
const [vscode, cursor] = [editor(), editor('cursor')];

const urlOf = (of: typeof vscode, {origin}: Pick<Site, 'origin'>): string =>
	downloadsOf(of, platform, origin)?.server ?? expect.fail('no address');

/** What the site gives out. */
const archiveAt = async (url: string): Promise<Buffer> => Buffer.from(await (await fetch(url)).arrayBuffer());

async function place(tools: readonly string[] = [downloaders[0] ?? '', 'sha256sum']) {
	const folder = await temporaryFolder();
	const [home, step] = ['home', 'step'].map(name => path.join(folder, name)) as [string, string];
	mkdirSync(home);
	mkdirSync(step);
	const bin = toolFolder(folder, tools);
	if (!tools.includes('sha256sum')) {
		rmSync(path.join(bin, 'sha256sum'));
	}

	const site = await downloadSite(folder);
	return {folder, home, step, bin, site};
}

type Options = {readonly shell?: readonly string[]; readonly kept?: RecordedSums};

/** Runs the step's script as the runner does. */
async function install({home, step, bin, folder, site}: Awaited<ReturnType<typeof place>>, of = vscode, options: Options = {}) {
	const [program = '', ...words] = options.shell ?? shells[0] ?? [];
	const file = path.join(folder, 'script');
	writeFileSync(file, ideScript({server: {editor: of, origin: site.origin, kept: options.kept}, venv: undefined}));
	const child = spawn(which(program) ?? program, [...words, file], {
		env: {HOME: home, PATH: bin, STEP_FOLDER: step, LANG: 'C.UTF-8'},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.on('data', piece => {
			output += String(piece);
		});
	}

	const code = await new Promise(resolve => child.once('close', resolve));
	const read = (name: string) =>
		existsSync(path.join(step, name)) ? readFileSync(path.join(step, name), 'utf8').trim() : undefined;
	const found = readdirSync(home, {recursive: true, encoding: 'utf8'});
	return {
		code,
		output,
		last: output.trim().split('\n').at(-1),
		next: read('next'),
		sums: read('sums'),
		isThere: found.some(name => /\/(?:code|cursor)-server$/.test(name)),
		left: found.filter(name => /\.(?:new|part|gz)$/.test(name)),
	};
}

const keptAs = (url: string, sum: string): RecordedSums => new Map([[url, {sum, file: '/here/fetched/1.json'}]]);

describe.each([
	...shells.map(shell => [`in ${shell.join(' ')}`, shell, downloaders[0] ?? '', sumTools[0] ?? ''] as const),
	...downloaders.map(downloader => [`fetched with ${downloader}`, shells[0], downloader, sumTools[0] ?? ''] as const),
	...sumTools.map(tool => [`worked out with ${tool}`, shells[0], downloaders[0] ?? '', tool] as const),
])('the checksum of a server, %s', (_, shell = [], downloader, tool) => {
	it("is its publisher's, else nothing is put there", async () => {
		const at = await place([downloader, tool]);
		at.site.told = 'wrong';
		const sum = sumOf(await archiveAt(urlOf(vscode, at.site)));
		const refused = await install(at, vscode, {shell});
		expect(refused).toMatchObject({code: 1, isThere: false, left: [], sums: undefined});
		expect(refused.last).toBe(
			`VS Code's server is not put there: what came is not the server of VS Code 1.104.2: its SHA-256 checksum is ${sum}, and its publisher says ${wrongSum.toLowerCase()}`,
		);
		expect(refused.next).toMatch(/^Start again, .* do not connect with VS Code before you know what, it would fetch the same\.$/);

		at.site.told = 'right';
		const right = await install(at, vscode, {shell});
		expect(right).toMatchObject({code: 0, isThere: true, left: [], next: undefined, sums: undefined});
		expect(right.output).toContain(`The server of VS Code 1.104.2 has the SHA-256 checksum ${sum}, as its publisher says.\n`);
	});

	it('is that of the first time where its publisher gives none', async () => {
		const at = await place([downloader, tool]);
		const url = urlOf(cursor, at.site);
		const sum = sumOf(await archiveAt(url));
		const changed = await install(at, cursor, {shell, kept: keptAs(url, 'ab'.repeat(32))});
		expect(changed).toMatchObject({code: 1, isThere: false, left: [], sums: undefined});
		expect(changed.last).toBe(
			`Cursor's server is not put there: the server of Cursor 1.104.2 has changed although its version has not: its SHA-256 checksum is ${sum}, and was ${'ab'.repeat(32)} when it first came`,
		);
		expect(changed.next).toContain('remove /here/fetched/1.json and start again');

		const first = await install(at, cursor, {shell});
		expect(first).toMatchObject({code: 0, isThere: true, sums: `${url} ${sum}`});
		expect(first.output).toContain(`has the SHA-256 checksum ${sum}, its publisher gives none.\n`);
		rmSync(path.join(at.home, '.cursor-server'), {recursive: true});
		const same = await install(at, cursor, {shell, kept: keptAs(url, sum)});
		expect(same).toMatchObject({code: 0, isThere: true});
		expect(same.output).toContain(`has the SHA-256 checksum ${sum}, as before.\n`);
	});

	it('is of the whole: what goes on from something else is fetched anew', async () => {
		const at = await place([downloader, tool]);
		const base = path.join(at.home, '.vscode-server');
		mkdirSync(base);
		writeFileSync(path.join(base, `.dstack-tui-${commit}-server.tar.gz.part`), Buffer.alloc(300_000, 'x'));
		expect(await install(at, vscode, {shell})).toMatchObject({code: 0, isThere: true, left: []});
		expect(at.site.asked.slice(0, 2)).toEqual([
			`${urlOf(vscode, at.site).slice(at.site.origin.length)} from 300000`,
			urlOf(vscode, at.site).slice(at.site.origin.length),
		]);
	});
});

describe('the checksum of a server in the environment', () => {
	it("counts as its publisher's before that of the first time", async () => {
		const at = await place();
		const kept = keptAs(urlOf(vscode, at.site), 'ab'.repeat(32));
		expect(await install(at, vscode, {kept})).toMatchObject({code: 0, isThere: true, sums: undefined});
	});

	it('is left to the client where nothing there can work it out, before anything is fetched', async () => {
		const at = await place(['curl']);
		expect(await install(at)).toMatchObject({
			code: 75,
			last: 'VS Code gets its server itself: nothing in the image can work out a checksum (sha256sum, openssl or Python)',
		});
		expect(at.site.asked).toEqual([]);
	});

	it('is told of the address where another was asked for in vain', async () => {
		const at = await place();
		at.site.told = 'nothing';
		const url = urlOf(vscode, at.site);
		const {code, sums} = await install(at);
		expect(code).toBe(0);
		expect(sums?.split('\n').map(line => line.split(' ')[0])).toEqual([url, downloadsOf(vscode, platform, at.site.origin)?.cli]);
	});
});

/** An environment in which nothing downloads, and the site. */
async function bare(tools: readonly string[], of = vscode) {
	const places = await makePlaces({isolated: true, configuration: environment({ide: of.ide}), editor: of});
	const bin = toolFolder(places.folder, tools);
	if (!tools.includes('sha256sum')) {
		rmSync(path.join(bin, 'sha256sum'));
	}

	const site = await downloadSite(places.folder);
	const told: string[][] = [];
	return {
		home: places.home,
		site,
		told,
		context: {...places.context, ideOrigin: site.origin},
		newLink: () => localLink(places.home, {PATH: bin}),
		options: {
			editor: of,
			origin: site.origin,
			http: createHttp({retry: {base: 1}}),
			onReport: () => undefined,
			onSum: async (url: string, sum: string) => void told.push([url, sum]),
		},
		isThere: () => existsSync(path.join(places.home, `.${of.ide}-server`)) && serverIn(places.home),
	};
}

const serverIn = (home: string): boolean =>
	readdirSync(home, {recursive: true, encoding: 'utf8'}).some(name => /\/(?:code|cursor)-server$/.test(name));

describe.each([
	['with sha256sum there', ['sha256sum']],
	['with nothing there that works one out', []],
] as const)('the checksum of a server that is sent, %s', (_, tools) => {
	it("is its publisher's, else nothing is put there", async () => {
		const {newLink, options, site, isThere, told} = await bare(tools);
		site.told = 'wrong';
		const sum = sumOf(await archiveAt(urlOf(vscode, site)));
		await expect(sendServer(newLink(), options)).rejects.toMatchObject({
			message: `what came is not the server of VS Code 1.104.2: its SHA-256 checksum is ${sum}, and its publisher says ${wrongSum.toLowerCase()}`,
			next: expect.stringContaining('do not connect with VS Code') as string,
		});
		expect(isThere()).toBe(false);

		site.told = 'right';
		await sendServer(newLink(), options);
		expect([isThere(), told]).toEqual([true, []]);
	});

	it('is that of the first time where its publisher gives none', async () => {
		const {newLink, options, site, isThere, told} = await bare(tools, cursor);
		const url = urlOf(cursor, site);
		const sum = sumOf(await archiveAt(url));
		const changed = sendServer(newLink(), {...options, kept: keptAs(url, 'ab'.repeat(32))});
		await expect(changed).rejects.toMatchObject({
			message: expect.stringContaining(`checksum is ${sum}, and was ${'ab'.repeat(32)} when it first came`) as string,
			next: expect.stringContaining('remove /here/fetched/1.json') as string,
		});
		expect([isThere(), told]).toEqual([false, []]);
		await sendServer(newLink(), options);
		expect([isThere(), told]).toEqual([true, [[url, sum]]]);
	});

	it('is of the whole, also where it came in two pieces, or began as something else', async () => {
		const {newLink, options, site, isThere, home} = await bare(tools);
		site.behave = (_url, count) => (count === 1 ? {cutAfter: 400_000} : 'whole');
		await sendServer(newLink(), options);
		expect(isThere()).toBe(true);

		const other = await bare(tools);
		const base = path.join(other.home, '.vscode-server');
		mkdirSync(base);
		writeFileSync(path.join(base, `.dstack-tui-${commit}-server.tar.gz.part`), Buffer.alloc(300_000, 'x'));
		await sendServer(other.newLink(), other.options);
		expect([other.isThere(), home !== other.home]).toEqual([true, true]);
	});
});

it('is asked for by the step, which tells what came for the first time, however it came', async () => {
	for (const tools of [['sha256sum'], ['sha256sum', 'curl']]) {
		const {newLink, options, site, context, told} = await bare(tools, cursor);
		const step = scriptStep(context, 'ide') ?? expect.fail('no step');
		expect(await runIdeStep(newLink(), step, context, () => undefined, options)).toMatchObject({code: 0});
		const url = urlOf(cursor, site);
		expect(told).toEqual([[url, sumOf(await archiveAt(url))]]);
	}
});

it('of a change is said by the step with what to do, however it came', async () => {
	for (const tools of [['sha256sum'], ['sha256sum', 'curl']]) {
		const {newLink, options, site, context: without, told, isThere} = await bare(tools, cursor);
		const context = {...without, keptSums: keptAs(urlOf(cursor, site), 'ab'.repeat(32))};
		const step = scriptStep(context, 'ide') ?? expect.fail('no step');
		const result = await runIdeStep(newLink(), step, context, () => undefined, options);
		expect(result.code).not.toBe(0);
		expect(result.lastLines.at(-1)).toContain('has changed although its version has not');
		expect(result.next).toContain('remove /here/fetched/1.json and start again');
		expect([told, isThere()]).toEqual([[], false]);
	}
});

describe('what is kept of what came', () => {
	it('is what came first, for its address, for this person alone', async () => {
		const folder = path.join(await temporaryFolder(), 'fetched');
		const site = {origin: 'https://example.org'};
		const url = urlOf(cursor, site);
		expect((await readRecordedSums(folder, cursor, site.origin)).size).toBe(0);
		await Promise.all([recordSum(folder, url, 'ab'.repeat(32), 0), recordSum(folder, url, 'ab'.repeat(32), 0)]);
		await recordSum(folder, url, 'cd'.repeat(32), 0);
		const [name = '', ...others] = readdirSync(folder);
		expect(others).toEqual([]);
		const file = path.join(folder, name);
		expect([...(await readRecordedSums(folder, cursor, site.origin))]).toEqual([[url, {sum: 'ab'.repeat(32), file}]]);
		expect((await readRecordedSums(folder, vscode, site.origin)).size).toBe(0);
		expect([statSync(folder).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
	});

	it.each(['', '{', '{}', JSON.stringify({url: 'https://example.org/other', sha256: 'ab'.repeat(32)}), '{"sha256":"$(id)"}'])(
		'is not taken from a file that says %j',
		async text => {
			const folder = path.join(await temporaryFolder(), 'fetched');
			const url = urlOf(cursor, {origin: 'https://example.org'});
			await recordSum(folder, url, 'ab'.repeat(32), 0);
			const file = path.join(folder, readdirSync(folder)[0] ?? '');
			writeFileSync(file, text);
			await expect(readRecordedSums(folder, cursor, 'https://example.org')).rejects.toMatchObject({
				message: expect.stringContaining(file) as string,
				next: expect.stringContaining(`Remove ${file}`) as string,
			});
		},
	);
});
