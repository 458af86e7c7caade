import {existsSync, readdirSync, rmSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {runIdeStep} from '../../source/environment/ide/run.js';
import {sendServer} from '../../source/environment/ide/send.js';
import type {ScriptStep, StepContext, StepReport} from '../../source/environment/step.js';
import {scriptSteps} from '../../source/environment/steps.js';
import {createHttp} from '../../source/system/http.js';
import {called, commit, downloadSite, editor, toolFolder} from './ide-site.js';
import {environment, localLink, makePlaces} from './support.js';

/** An environment in which nothing downloads, and the site. */
async function bare(changes: Partial<StepContext> = {}) {
	const places = await makePlaces({isolated: true, configuration: environment({ide: 'vscode'}), editor: editor(), ...changes});
	const site = await downloadSite(places.folder);
	const bin = toolFolder(places.folder);
	const context = {...places.context, ideOrigin: site.origin};
	const base = path.join(places.home, '.vscode-server');
	return {
		...places,
		site,
		bin,
		context,
		base,
		newLink: () => localLink(places.home, {PATH: bin}),
		server: path.join(base, `cli/servers/Stable-${commit}/server`),
		options: {editor: editor(), origin: site.origin, http: createHttp({retry: {base: 1}})},
	};
}

function ideStep(context: StepContext): ScriptStep {
	const found = scriptSteps(context).find(({id}) => id === 'ide');
	if (!found) {
		throw new Error('no step');
	}

	return found;
}

describe('the step', () => {
	it('has the client send what the environment cannot fetch, and does the rest', async () => {
		const {context, newLink, options, server, base, site, home} = await bare();
		const reports: StepReport[] = [];
		const result = await runIdeStep(newLink(), ideStep(context), context, report => reports.push(report), options);
		expect(result).toMatchObject({code: 0});
		expect(existsSync(path.join(server, 'node'))).toBe(true);
		expect(existsSync(path.join(base, `code-${commit}`))).toBe(true);
		expect(called(home)).toEqual(['--install-extension ms-python.python --install-extension ms-toolsai.jupyter']);
		expect(site.asked).toHaveLength(2);
		const last = reports.filter(({done}) => done !== undefined).findLast(({text}) => text === 'the server of VS Code 1.104.2');
		expect(last).toMatchObject({done: last?.total, unit: 'bytes'});
		expect(readdirSync(base).filter(name => name.includes('dstack'))).toEqual([]);
	});

	it('tells both reasons where the client cannot either', async () => {
		const {context, newLink, options, site, base} = await bare();
		site.behave = () => ({status: 404});
		const logs: string[] = [];
		const result = await runIdeStep(newLink(), ideStep(context), context, ({log}) => logs.push(log ?? ''), options);
		expect(result.code).toBe(75);
		expect(result.lastLines.at(-1)).toBe(
			`VS Code gets its server itself: the image has neither curl nor wget nor Python to download with; the editor's server could not be fetched here either: ${new URL(site.origin).host} answered 404 Not Found`,
		);
		expect(logs.join('')).toContain('could not be fetched here either');
		expect(existsSync(path.join(base, 'cli'))).toBe(false);
	});

	it('says that the version is not known, and asks nobody', async () => {
		const {context, newLink, site} = await bare({editor: undefined});
		const result = await runIdeStep(newLink(), ideStep(context), context, () => undefined);
		expect(result).toMatchObject({
			code: 1,
			lastLines: ['the version of VS Code could not be found out, so it gets its server itself'],
		});
		expect(site.asked).toEqual([]);
	});

	it('is none for Zed, for no editor, and for a process of this machine', () => {
		const context = {isolated: true, stateFolder: '/s', venv: '/s/venv', editor: editor()} as StepContext;
		const has = (changes: Partial<StepContext>) =>
			scriptSteps({...context, configuration: environment({ide: 'vscode'}), ...changes}).some(({id}) => id === 'ide');
		expect(has({})).toBe(true);
		expect(has({isolated: false})).toBe(false);
		expect(has({configuration: environment({ide: 'zed'})})).toBe(false);
		expect(has({configuration: environment()})).toBe(false);
		expect(has({isolated: false, configuration: environment({ide: 'vscode', python: '3.12'})})).toBe(true);
	});
});

describe('an archive over the link', () => {
	it('goes on where the download broke off', async () => {
		const {newLink, options, site, server} = await bare();
		site.behave = (_url, count) => (count === 1 ? {cutAfter: 400_000} : 'whole');
		await sendServer(newLink(), {...options, onReport: () => undefined});
		expect(existsSync(path.join(server, 'node'))).toBe(true);
		expect(site.asked[1]).toMatch(/^\/commit:.* from \d+$/);
		expect(site.asked).toHaveLength(3);
	});

	it('begins anew where there are no parts, and where what is there is no start of it', async () => {
		const {newLink, options, site, server} = await bare();
		site.ranges = false;
		site.behave = (_url, count) => (count === 1 ? {cutAfter: 400_000} : 'whole');
		await sendServer(newLink(), {...options, onReport: () => undefined});
		expect(existsSync(path.join(server, 'node'))).toBe(true);

		const other = await bare();
		await other.link.exec(
			`mkdir -p '${other.base}' && head -c 3000000 /dev/zero > '${other.base}/.dstack-tui-${commit}-server.tar.gz.part'`,
		);
		await sendServer(other.newLink(), {...other.options, onReport: () => undefined});
		expect(existsSync(path.join(other.server, 'node'))).toBe(true);
	});

	it('goes on over the next link when one is lost', async () => {
		const {context, newLink, options, site, server} = await bare();
		const first = newLink();
		// Only half of it comes before the link is lost.
		site.behave = (_url, count) => (count === 1 ? {cutAfter: 500_000} : 'whole');
		const lost = runIdeStep(
			first,
			ideStep(context),
			context,
			({done}) => {
				if (done !== undefined && done >= 300_000) {
					first.lose();
				}
			},
			options,
		);
		await expect(lost).rejects.toThrow('the connection was lost');
		const again = await runIdeStep(newLink(), ideStep(context), context, () => undefined, options);
		expect(again).toMatchObject({code: 0});
		expect(existsSync(path.join(server, 'node'))).toBe(true);
		expect(site.asked[1]).toMatch(/ from \d+$/);
	});

	it('is given up when it is not wanted any more', async () => {
		const {newLink, options, site, base} = await bare();
		site.behave = () => ({cutAfter: 500_000});
		const ending = new AbortController();
		const sending = sendServer(newLink(), {
			...options,
			signal: ending.signal,
			onReport: () => ending.abort(new Error('enough')),
		});
		await expect(sending).rejects.toThrow('enough');
		expect(existsSync(path.join(base, 'cli'))).toBe(false);
	});

	it('that is none is thrown away', async () => {
		const {newLink, options, site, base} = await bare();
		site.instead = Buffer.from('<html>Sign in to this network</html>');
		site.told = 'nothing';
		const sending = sendServer(newLink(), {...options, onReport: () => undefined});
		await expect(sending).rejects.toThrow('what came is no server of VS Code');
		expect(readdirSync(base).filter(name => name.startsWith('.dstack'))).toEqual([]);
	});

	it('is not even fetched for an environment that could not run it', async () => {
		const {newLink, options, site, bin} = await bare();
		rmSync(path.join(bin, 'tar'));
		const sending = sendServer(newLink(), {...options, onReport: () => undefined});
		await expect(sending).rejects.toThrow('tar is missing');
		expect(site.asked).toEqual([]);
	});
});
