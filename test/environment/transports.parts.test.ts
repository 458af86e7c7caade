import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {collectCode} from '../../source/environment/code/collect.js';
import {uploadCode} from '../../source/environment/code/upload.js';
import {runScriptStep} from '../../source/environment/runner.js';
import {scriptSteps} from '../../source/environment/steps.js';
import {openSessions, variablesFile, writeVariables} from '../../source/environment/variables.js';
import {takeBaseline, unsavedWork} from '../../source/environment/work.js';
import {connect} from '../../source/tunnel/connection/connection.js';
import type {Link} from '../../source/system/link.js';
import {type Bench, findBench} from '../support/engine.js';
import {hasSshd, makeSshd} from '../support/sshd.js';
import {execOver} from './docker-link.js';
import {environment, git, hasGit, hasTar, makePlaces} from './support.js';
import {historyOf, treeOf} from './trees.js';

function fill(here: string) {
	git(here, 'init', '-q');
	writeFileSync(path.join(here, 'a'), 'x'.repeat(3_000_000));
	git(here, 'add', '.');
	git(here, 'commit', '-qm', 'first');
	writeFileSync(path.join(here, 'a'), 'y'.repeat(3_000_000));
	writeFileSync(path.join(here, 'new\nfile'), '');
}

describe.skipIf(!hasSshd || !hasGit || !hasTar)("over OpenSSH's own server (needs sshd, git, tar)", () => {
	it('everything works as over a shell', async () => {
		const {context, here, folder} = await makePlaces();
		const keys = path.join(folder, 'sshd');
		mkdirSync(keys);
		const {destination} = await makeSshd(keys);
		const link = await connect(destination, AbortSignal.timeout(20_000));
		onTestFinished(() => link.close());
		fill(here);
		const manifest = await collectCode(here);
		let last = 0;
		await uploadCode(link, manifest, context, ({done = 0}) => {
			last = done;
		});
		expect(last).toBe(manifest.bytes);
		expect(treeOf(context.workspace)).toEqual(treeOf(here));
		expect(historyOf(context.workspace)).toEqual(historyOf(here));

		await writeVariables(link, context, {GREETING: "it's\nme"});
		const full = {...context, configuration: environment({setup: ['echo "$GREETING"', 'cd .git', 'ls HEAD', 'exit 9']})};
		const step = scriptSteps(full).find(({id}) => id === 'setup');
		if (!step) {
			throw new Error('no setup');
		}

		await takeBaseline(link, context);
		const logs: string[] = [];
		const result = await runScriptStep(link, step, full, ({log}) => logs.push(log ?? ''));
		expect(result).toMatchObject({code: 9, command: 'exit 9'});
		expect(logs.join('')).toContain("it's\nme\n");
		expect(await unsavedWork(link, context)).toMatchObject({changed: false, lines: []});
		writeFileSync(path.join(context.workspace, 'a'), 'edited');
		expect(await unsavedWork(link, context)).toMatchObject({changed: true, lines: ['a']});
	});

	it('a step lives on when the connection goes, and is taken up again', async () => {
		const {context, folder} = await makePlaces();
		const keys = path.join(folder, 'sshd');
		mkdirSync(keys);
		const sshd = await makeSshd(keys);
		const [step] = scriptSteps({
			...context,
			configuration: environment({init: ['echo x >> count; while [ ! -e go ]; do sleep 0.05; done; echo over']}),
		}).slice(1);
		if (!step) {
			throw new Error('no init');
		}

		const first = await connect(sshd.destination, AbortSignal.timeout(20_000));
		let started = () => {};
		const running = new Promise<void>(resolve => {
			started = resolve;
		});
		const following = runScriptStep(first, step, context, () => started());
		const lost = expect(following).rejects.toThrow();
		await running;
		first.close();
		await lost;
		const second = await connect(sshd.destination, AbortSignal.timeout(20_000));
		onTestFinished(() => second.close());
		writeFileSync(path.join(context.workspace, 'go'), '');
		expect(await runScriptStep(second, step, context, () => undefined)).toMatchObject({
			code: 0,
			lastLines: expect.arrayContaining(['over']) as string[],
		});
		expect(readFileSync(path.join(context.workspace, 'count'), 'utf8')).toBe('x\n');
	});
});

const found = await findBench('The environment in a container', ['git', 'tar']);
const {engine, image} = (found ?? {}) as Bench;

describe.skipIf(!found)('in a container of a real engine', () => {
	it('code, variables of every session, and the login shell', async () => {
		const {context, here, folder} = await makePlaces();
		const name = `dstack-tui-test-${process.pid}`;
		await engine.docker('run', '-d', '--rm', '--network', 'none', '--name', name, '--entrypoint', 'sleep', image, '600');
		onTestFinished(async () => void (await engine.docker('rm', '-f', name)));
		const link: Link = execOver(name, engine.host);
		const inside = {...context, workspace: '/workflow', stateFolder: '/dstack-tui', subfolder: 'sub', isolated: true};
		mkdirSync(path.join(here, 'sub'));
		writeFileSync(path.join(here, 'sub/file'), '');
		fill(here);
		await uploadCode(link, await collectCode(path.join(here, 'sub')), inside, () => undefined);
		const owner = await link.exec('stat -c %u /workflow/a /workflow/.git');
		expect(owner.stdout).toBe('0\n0\n');

		const env = {ONE: 'a b', LINES: 'a\nb'};
		await writeVariables(link, inside, env);
		// Nothing outside of the state folder before sessions are opened: an image may still be made of it.
		expect((await link.exec('ls ~/.ssh/environment /etc/profile.d/zz-dstack-tui.sh')).code).not.toBe(0);
		const notes = await openSessions(link, inside, env);
		expect(notes).toEqual(['LINES has more than one line: commands over SSH do not get it, login shells and the steps do']);
		expect((await link.exec('cat ~/.ssh/environment; stat -c %a ~/.ssh/environment')).stdout).toMatch(
			/^ONE=a b\nDSTACK_RUN_NAME=test-run-1\n600\n$/,
		);
		expect((await link.exec(`bash -lc 'printf %s "$ONE$LINES"'`)).stdout).toBe('a ba\nb');
		expect((await link.exec('cat /dstack-tui/folder')).stdout).toBe('/workflow/sub');
		expect((await link.exec(`stat -c %a ${variablesFile(inside.stateFolder)}`)).stdout).toBe('600\n');
		if ((await link.exec('command -v git')).code === 0) {
			expect((await link.exec('cd /workflow && git status --porcelain')).stdout).toBe(git(here, 'status', '--porcelain'));
		}

		expect(folder).not.toBe('');
	});
});
