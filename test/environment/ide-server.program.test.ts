import {spawn, spawnSync} from 'node:child_process';
import {existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import type {Editor, ServerIde} from '../../source/environment/ide/products.js';
import {ideScript} from '../../source/environment/ide/server.js';
import {temporaryFolder} from '../support/folders.js';
import {hasCommand} from '../support/program.js';
import {freePort} from '../support/sshd.js';
import {called, commit, downloadSite, editor, otherCommit, type Site, toolFolder, which} from './ide-site.js';

const shells = [['dash'], ['bash'], ['busybox', 'sh']].filter(([name = '']) => {
	const has = hasCommand(name);
	if (!has) {
		console.warn(`the editor's server: not tried in ${name}, which is missing`);
	}

	return has;
});

const downloaders = ['curl', 'wget', 'python3'].filter(name => {
	const has = hasCommand(name);
	if (!has) {
		console.warn(`the editor's server: not fetched with ${name}, which is missing`);
	}

	return has;
});

type Place = {
	readonly home: string;
	readonly step: string;
	/** The folder of its commands: all of this machine's that a script may want, with one that downloads. */
	readonly bin: string;
	readonly folder: string;
};

async function place(downloader: string | null | undefined = downloaders[0]): Promise<Place> {
	const folder = await temporaryFolder();
	const [home, step] = ['home', 'step'].map(name => path.join(folder, name)) as [string, string];
	mkdirSync(home);
	mkdirSync(step);
	return {folder, home, step, bin: toolFolder(folder, downloader ? [downloader] : [])};
}

type Options = {readonly shell?: readonly string[]; readonly venv?: string; readonly env?: Record<string, string>};

/** Runs the step's script as the runner does, and looks at its progress meanwhile. */
async function install({home, step, bin, folder}: Place, site: Pick<Site, 'origin'>, of: Editor, options: Options = {}) {
	const [program = '', ...words] = options.shell ?? shells[0] ?? [];
	const file = path.join(folder, 'script');
	writeFileSync(file, ideScript({server: {editor: of, origin: site.origin}, venv: options.venv}));
	const child = spawn(which(program) ?? program, [...words, file], {
		env: {HOME: home, PATH: bin, STEP_FOLDER: step, LANG: 'C.UTF-8', ...options.env},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.on('data', piece => {
			output += String(piece);
		});
	}

	const progress = new Set<string>();
	const look = setInterval(() => {
		try {
			progress.add(readFileSync(path.join(step, 'progress'), 'utf8').trim());
		} catch {
			// There is none just now.
		}
	}, 20);
	const code = await new Promise(resolve => child.once('close', resolve));
	clearInterval(look);
	const lines = output.trim().split('\n');
	return {code, output, last: lines.at(-1) ?? '', progress: [...progress]};
}

const base = (at: Place, ide: ServerIde = 'vscode') =>
	path.join(
		at.home,
		{
			vscode: '.vscode-server',
			'vscode-insiders': '.vscode-server-insiders',
			cursor: '.cursor-server',
			windsurf: '.windsurf-server',
		}[ide],
	);

const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const both = '--install-extension ms-python.python --install-extension ms-toolsai.jupyter';
/** What is neither the server nor its command nor an extension. */
const leftovers = (at: Place, ide: ServerIde = 'vscode') =>
	readdirSync(base(at, ide), {recursive: true, encoding: 'utf8'}).filter(name => /\.(?:new|part|gz)$/.test(name));

describe.skipIf(downloaders.length === 0)("the editor's server", () => {
	describe.each(shells.map(shell => [shell.join(' '), shell] as const))('in %s', (_, shell) => {
		it('is put where the editor looks for it, once, with the extensions', async () => {
			const at = await place();
			const site = await downloadSite(at.folder);
			const {code, output} = await install(at, site, editor(), {shell});
			expect(code).toBe(0);
			const said = (part: string) =>
				`The ${part} of VS Code 1\\.104\\.2 has the SHA-256 checksum [\\da-f]{64}, as its publisher says\\.\n`;
			expect(output).toMatch(
				new RegExp(`^${said('server')}${said('command')}The server of VS Code 1\\.104\\.2 is there \\(${commit}\\)\\.\n$`),
			);
			const server = path.join(base(at), `cli/servers/Stable-${commit}/server`);
			expect(JSON.parse(readFileSync(path.join(server, 'product.json'), 'utf8'))).toEqual({commit});
			expect(realpathSync(path.join(base(at), 'bin', commit))).toBe(realpathSync(server));
			expect(lstatSync(path.join(base(at), `code-${commit}`)).mode & 0o111).toBe(0o111);
			expect(called(at.home)).toEqual([both]);
			expect(site.asked).toEqual([
				`/commit:${commit}/server-linux-${arch}/stable`,
				`/commit:${commit}/cli-alpine-${arch}/stable`,
			]);
			expect(leftovers(at)).toEqual([]);
			expect(readdirSync(at.step)).toEqual([]);

			expect(await install(at, site, editor(), {shell})).toMatchObject({code: 0});
			expect([site.asked.length, called(at.home).length]).toEqual([2, 1]);
		});

		it('goes on where the connection broke off, and tells how far it is', async () => {
			const at = await place();
			const site = await downloadSite(at.folder);
			site.behave = (_url, count) => (count === 1 ? {cutAfter: 300_000} : 'whole');
			const {code, progress} = await install(at, site, editor(), {shell});
			expect(code).toBe(0);
			expect(site.asked[1]).toBe(`${site.asked[0]} from 300000`);
			const numbers = progress.map(line => /^(\d+) (\d+) the server of VS Code 1\.104\.2$/.exec(line)).filter(Boolean);
			expect(
				numbers.some(each => Number(each?.[1]) > 200_000 && Number(each?.[2]) > 1 << 20),
				progress.join('\n'),
			).toBe(true);
		});

		it('tells all that is missing, and how to get it', async () => {
			const at = await place();
			const site = await downloadSite(at.folder);
			for (const name of ['tar', 'bash', 'ldd']) {
				rmSync(path.join(at.bin, name));
			}

			rmSync(path.join(at.bin, 'getconf'));
			writeFileSync(path.join(at.bin, 'getconf'), '#!/bin/sh\necho "glibc 2.17"\n', {mode: 0o755});
			writeFileSync(path.join(at.bin, 'apt-get'), '#!/bin/sh\nexit 1\n', {mode: 0o755});
			const {code, last} = await install(at, site, editor(), {shell});
			// Some builds of busybox bring a tar of their own.
			const [program = '', ...words] = shell;
			const {status} = spawnSync(which(program) ?? program, [...words, '-c', 'command -v tar'], {env: {PATH: at.bin}});
			const tar = status !== 0;
			expect({code, last}).toEqual({
				code: 1,
				last: `VS Code's server cannot run here: glibc 2.17 is too old (the server needs 2.28); ${tar ? 'tar is missing; ' : ''}bash is missing, which the editor connects through`,
			});
			expect(readFileSync(path.join(at.step, 'next'), 'utf8')).toBe(
				`Add \`apt-get update && apt-get install -y${tar ? ' tar' : ''} bash\` to \`build\`.\n`,
			);
			expect(site.asked).toEqual([]);
			expect(existsSync(base(at))).toBe(false);
		});
	});

	describe.each(downloaders)('fetched with %s', downloader => {
		it('comes whole, goes on after a cut, begins anew where that cannot be', async () => {
			const at = await place(downloader);
			const site = await downloadSite(at.folder);
			site.behave = (_url, count) => (count === 1 ? {cutAfter: 300_000} : 'whole');
			expect(await install(at, site, editor())).toMatchObject({code: 0});
			expect(site.asked[1]).toBe(`${site.asked[0]} from 300000`);
			expect(leftovers(at)).toEqual([]);

			// More than there is: it was another's.
			const longer = await place(downloader);
			mkdirSync(base(longer));
			writeFileSync(path.join(base(longer), `.dstack-tui-${commit}-server.tar.gz.part`), Buffer.alloc(3_000_000));
			expect(await install(longer, site, editor())).toMatchObject({code: 0});
			expect(leftovers(longer)).toEqual([]);

			const other = await place(downloader);
			site.ranges = false;
			site.behave = (_url, count) => (count === 7 ? {cutAfter: 300_000} : 'whole');
			expect(await install(other, site, editor('vscode', {commit: otherCommit}))).toMatchObject({code: 0});
			expect(leftovers(other)).toEqual([]);
		});

		it('is left to the editor where the site refuses, fails or is not there', async () => {
			const at = await place(downloader);
			const site = await downloadSite(at.folder);
			const what = 'server of VS Code 1.104.2';
			site.behave = () => ({status: 404});
			expect(await install(at, site, editor())).toMatchObject({
				code: 1,
				last: `VS Code gets its server itself: ${site.origin} has no ${what} (it answered 404)`,
			});
			site.behave = () => ({status: 500});
			expect(await install(at, site, editor())).toMatchObject({
				code: 1,
				last: `VS Code gets its server itself: the ${what} could not be fetched from ${site.origin} (it answered 500)`,
			});
			expect(site.asked).toHaveLength(4);
			const nobody = `http://127.0.0.1:${await freePort()}`;
			expect(await install(at, {origin: nobody}, editor())).toMatchObject({
				code: 1,
				last: `VS Code gets its server itself: ${nobody} does not answer`,
			});
			expect(existsSync(path.join(base(at), 'cli'))).toBe(false);
		});

		it('is not believed when it is something else', async () => {
			const at = await place(downloader);
			const site = await downloadSite(at.folder);
			site.instead = Buffer.from('<html>Sign in to this network</html>');
			site.told = 'nothing';
			const {code, last} = await install(at, site, editor());
			expect(code).toBe(1);
			expect(last).toMatch(/^VS Code gets its server itself: what came is no server of VS Code \S/);
			expect(leftovers(at)).toEqual([]);
			site.instead = undefined;
			expect(await install(at, site, editor())).toMatchObject({code: 0});
		});
	});

	it.each([
		[
			'vscode-insiders',
			`cli/servers/Insiders-${commit}/server`,
			[`bin/${commit}`],
			`code-insiders-${commit}`,
			`/commit:${commit}/server-linux-${arch}/insider`,
		],
		[
			'cursor',
			`bin/linux-${arch}/${commit}`,
			[`bin/${commit}`, `cli/servers/Stable-${commit}/server`],
			undefined,
			`/production/${otherCommit}/linux/${arch}/cursor-reh-linux-${arch}.tar.gz`,
		],
		['windsurf', `bin/${commit}`, [], undefined, `/linux-reh-${arch}/stable/${commit}/windsurf-reh-linux-${arch}-1.12.3.tar.gz`],
	] as const)('of %s', async (ide, where, older, cli, url) => {
		const at = await place();
		const site = await downloadSite(at.folder);
		expect(await install(at, site, editor(ide, ide === 'cursor' ? {build: otherCommit} : {}))).toMatchObject({code: 0});
		const server = path.join(base(at, ide), where);
		expect(JSON.parse(readFileSync(path.join(server, 'product.json'), 'utf8'))).toEqual({commit});
		for (const each of older) {
			expect(realpathSync(path.join(base(at, ide), each))).toBe(realpathSync(server));
		}

		expect(cli === undefined || existsSync(path.join(base(at, ide), cli))).toBe(true);
		expect(site.asked[0]).toBe(url);
		expect(called(at.home)).toEqual([both]);
		expect(leftovers(at, ide)).toEqual([]);
	});

	it('of two versions lie side by side; extensions are there for both', async () => {
		const at = await place();
		const site = await downloadSite(at.folder);
		for (const each of [commit, otherCommit]) {
			expect(await install(at, site, editor('vscode', {commit: each}))).toMatchObject({code: 0});
		}

		expect(readdirSync(path.join(base(at), 'cli/servers')).sort()).toEqual([`Stable-${commit}`, `Stable-${otherCommit}`]);
		expect(called(at.home)).toEqual([both]);
	});

	it('that the editor put there itself stays as it is', async () => {
		const at = await place();
		const site = await downloadSite(at.folder);
		const bin = path.join(base(at), `cli/servers/Stable-${commit}/server/bin`);
		mkdirSync(bin, {recursive: true});
		writeFileSync(path.join(bin, 'code-server'), '#!/bin/sh\necho own > "$HOME/own"\n', {mode: 0o755});
		expect(await install(at, site, editor())).toMatchObject({code: 0});
		expect(site.asked).toEqual([`/commit:${commit}/cli-alpine-${arch}/stable`]);
		expect(existsSync(path.join(at.home, 'own'))).toBe(true);
	});

	it('that was cut off while it was unpacked is put there anew', async () => {
		const at = await place();
		const site = await downloadSite(at.folder);
		for (const name of [`Stable-${commit}.new/server/bin`, `Stable-${commit}/server/bin`]) {
			mkdirSync(path.join(base(at), 'cli/servers', name), {recursive: true});
		}

		expect(await install(at, site, editor())).toMatchObject({code: 0});
		expect(existsSync(path.join(base(at), `cli/servers/Stable-${commit}/server/node`))).toBe(true);
		expect(leftovers(at)).toEqual([]);
	});

	it('comes without its extensions where those cannot be had', async () => {
		const at = await place();
		const site = await downloadSite(at.folder);
		writeFileSync(path.join(at.home, 'no-marketplace'), '');
		mkdirSync(path.join(base(at), 'extensions/ms-python.python-2025.1.0-linux-x64'), {recursive: true});
		expect(await install(at, site, editor())).toMatchObject({
			code: 1,
			last: 'VS Code could not get its extensions (ms-toolsai.jupyter) and will offer to',
		});
		rmSync(path.join(at.home, 'no-marketplace'));
		expect(await install(at, site, editor())).toMatchObject({code: 0});
		expect(site.asked).toHaveLength(2);
	});

	it('is not waited for where the site is silent', async () => {
		const at = await place();
		const site = await downloadSite(at.folder);
		site.behave = () => 'silence';
		expect(await install(at, site, editor())).toMatchObject({
			code: 1,
			last: `VS Code gets its server itself: ${site.files} does not answer`,
		});
		expect(site.asked).toHaveLength(1);
		expect(await install(at, site, editor('cursor'))).toMatchObject({
			code: 1,
			last: `Cursor gets its server itself: ${site.origin} does not answer`,
		});
		expect(site.asked).toHaveLength(2);
	});

	it('is left to the client where nothing here downloads, also not a wget that checks no certificates', async () => {
		const at = await place(null);
		const site = await downloadSite(at.folder);
		const {code, last} = await install(at, site, editor());
		const reason = 'VS Code gets its server itself: the image has neither curl nor wget nor Python to download with';
		expect({code, last}).toEqual({code: 75, last: reason});
		writeFileSync(path.join(at.bin, 'wget'), '#!/bin/sh\necho "BusyBox v1.35.0 multi-call binary"\n', {mode: 0o755});
		expect(await install(at, site, editor())).toMatchObject({code: 75, last: reason});
	});

	it('has no room in a full home folder', async () => {
		const at = await place();
		const site = await downloadSite(at.folder);
		rmSync(path.join(at.bin, 'df'));
		const table = 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 9000000 8900000 100000 99% /\n';
		writeFileSync(path.join(at.bin, 'df'), `#!/bin/sh\nprintf '%s' '${table}'\n`, {mode: 0o755});
		expect(await install(at, site, editor())).toMatchObject({
			code: 1,
			last: `there is no room in ${at.home}: 97 MB free, the server and its extensions need 500 MB`,
		});
		expect(site.asked).toEqual([]);
	});

	it('does not exist for other processors', async () => {
		const at = await place();
		const site = await downloadSite(at.folder);
		rmSync(path.join(at.bin, 'uname'));
		writeFileSync(path.join(at.bin, 'uname'), '#!/bin/sh\necho riscv64\n', {mode: 0o755});
		expect(await install(at, site, editor())).toMatchObject({
			code: 1,
			last: "VS Code's server cannot run here: there is no server for riscv64",
		});
	});
});

describe('what Jupyter needs', () => {
	it("comes with the server, by the environment's own pip, and its failure is one of the reasons", async () => {
		const at = await place();
		const site = await downloadSite(at.folder);
		const venv = path.join(at.folder, "ve'nv");
		mkdirSync(path.join(venv, 'bin'), {recursive: true});
		const python = path.join(venv, 'bin/python');
		// Stands for a Python whose pip gets it.
		writeFileSync(
			python,
			'#!/bin/sh\ncase "$*" in "-c import ipykernel") test -f "$0.has" ;; *install*) echo "$@"; : > "$0.has" ;; esac\n',
			{
				mode: 0o755,
			},
		);
		const first = await install(at, site, editor(), {venv});
		expect(first).toMatchObject({code: 0});
		expect(first.output).toMatch(/-m pip install .* ipykernel\n/);
		expect((await install(at, site, editor(), {venv})).output).not.toContain('pip install');

		rmSync(`${python}.has`);
		writeFileSync(python, '#!/bin/sh\ncase "$*" in *--version) ;; *) exit 1 ;; esac\n', {mode: 0o755});
		site.behave = () => ({status: 403});
		const {code, last} = await install(at, site, editor('vscode', {commit: otherCommit}), {venv});
		expect({code, last}).toEqual({
			code: 1,
			last: `VS Code gets its server itself: ${site.origin} has no server of VS Code 1.104.2 (it answered 403); ipykernel could not be installed, the editor will offer to`,
		});
	});
});
