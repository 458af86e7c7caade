import {appendFile, chmod, mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {expect, test} from 'vitest';
import {eventually, makeWorld, type World} from '../support/program.js';

const home = 'dstack-tui/one/uncommitted';

async function started(): Promise<World & {readonly folder: string; readonly workspace: string}> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\n', 'a.txt': 'a\n'});
	world.git('init', '-q');
	world.git('add', '-A');
	world.git('commit', '-qm', 'All');
	const folder = path.join(world.home, 'dt/runs/one');
	return {...world, folder, workspace: path.join(folder, 'instance/one')};
}

const inside = async (world: World, command: string) => world.run('ssh', [...world.sshOptions, 'one', command]);

const events = async (folder: string): Promise<ReadonlyArray<{type: string}>> =>
	(await readFile(path.join(folder, 'journal.jsonl'), 'utf8'))
		.split('\n')
		.filter(Boolean)
		.map(line => JSON.parse(line) as {type: string});

/** A `git` that works in the environment when work comes home here: once, or each time. */
async function busyGit(world: World, workspace: string, command: string): Promise<Record<string, string>> {
	const bin = path.join(world.home, 'bin');
	await mkdir(bin, {recursive: true});
	const real = (await world.run('sh', ['-c', 'command -v git'])).stdout.trim();
	const script = `#!/bin/sh
${real} "$@"
code=$?
case "$*" in *update-ref*) (cd '${workspace}' && ${command}) ;; esac
exit $code
`;
	await writeFile(path.join(bin, 'git'), script);
	await chmod(path.join(bin, 'git'), 0o755);
	return {PATH: `${bin}:${process.env['PATH'] ?? ''}`};
}

test('what is written between bringing home and the end comes home too', {timeout: 150_000}, async () => {
	const world = await started();
	expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
	await inside(world, 'echo mine > mine.txt');
	const env = await busyGit(world, world.workspace, `[ -e newer.txt ] || echo newer > newer.txt`);
	const stopped = await world.cli(['stop', 'one', '-y'], {env});
	expect(stopped).toMatchObject({code: 0, stdout: expect.stringContaining('one is gone.') as string});
	const branches = world.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/dstack-tui').split('\n').filter(Boolean);
	expect(branches.map(branch => world.git('ls-tree', '--name-only', branch)).join('')).toContain('newer.txt');
	expect(world.git('show', `${home}:mine.txt`)).toBe('mine\n');
});

test('where somebody goes on working, nothing is ended, and it is said', {timeout: 150_000}, async () => {
	const world = await started();
	expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
	await inside(world, 'echo mine > mine.txt');
	const env = await busyGit(world, world.workspace, 'echo newer >> newer.txt');
	const refused = await world.cli(['stop', 'one', '-y'], {env});
	expect(refused.code).toBe(1);
	expect(refused.stderr).toContain('one was not ended: somebody went on working there after its work was looked at');
	expect(refused.stderr).toContain('newer.txt');
	expect(refused.stderr).toContain('stop one -y --discard');
	expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
	expect(await inside(world, 'cat mine.txt')).toMatchObject({code: 0, stdout: 'mine\n'});
});

test(
	'an owner that was suspended looks for work before it obeys: what came after the asker had looked is home at the end',
	{timeout: 150_000},
	async () => {
		const world = await started();
		const owner = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
		await owner.until('Shell: ');
		await inside(world, 'echo mine > mine.txt');
		const {pid = 0} = owner.child;
		process.kill(pid, 'SIGSTOP');
		const stopping = world.cli(['stop', 'one', '-y']);
		await eventually(
			async () => readdir(world.folder),
			files => files.some(file => file.startsWith('stop-requested')),
		);
		await writeFile(path.join(world.workspace, 'newer.txt'), 'newer\n');
		process.kill(pid, 'SIGCONT');
		expect(await stopping).toMatchObject({code: 0, stdout: expect.stringContaining('one is gone.') as string});
		await owner.ended;
		const branches = world.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/dstack-tui').split('\n').filter(Boolean);
		expect(branches.map(branch => world.git('ls-tree', '--name-only', branch)).join('')).toContain('newer.txt');
	},
);

test('an owner that finds newer work goes on looking after it', {timeout: 150_000}, async () => {
	const world = await started();
	const owner = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
	await owner.until('Shell: ');
	await inside(world, 'echo mine > mine.txt');
	const env = await busyGit(world, world.workspace, 'echo newer >> newer.txt');
	expect(await world.cli(['stop', 'one', '-y'], {env})).toMatchObject({
		code: 1,
		stderr: expect.stringContaining('one was not ended: somebody went on working there') as string,
	});
	expect(owner.child.exitCode).toBeNull();
	expect((await events(world.folder)).some(({type}) => type === 'stopping')).toBe(false);
	expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
	expect((await owner.ended).stdout).toContain('one has ended');
});

test(
	'an end that did not come about is finished only where nothing new is there; else it is taken back',
	{timeout: 150_000},
	async () => {
		const world = await started();
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		await inside(world, 'echo newer > newer.txt');
		const left = {type: 'stopping', at: Date.now(), reason: 'stopped', consent: {lose: 'known', content: 'before'}};
		await appendFile(path.join(world.folder, 'journal.jsonl'), `${JSON.stringify(left)}\n`);
		const listed = await world.cli(['ps']);
		expect(listed.stdout + listed.stderr).toContain('one was not ended: somebody went on working there');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
		expect(await inside(world, 'cat newer.txt')).toMatchObject({stdout: 'newer\n'});
		// One of before did not say what might be lost: nothing, then.
		await appendFile(path.join(world.folder, 'journal.jsonl'), `${JSON.stringify({...left, consent: undefined})}\n`);
		const attached = await world.cli(['attach', 'one', '--plain', '-d']);
		expect(attached.code, attached.stderr).toBe(0);
		expect(await inside(world, 'cat newer.txt')).toMatchObject({stdout: 'newer\n'});
		await appendFile(path.join(world.folder, 'journal.jsonl'), `${JSON.stringify(left)}\n`);
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
		expect(world.git('show', `${home}:newer.txt`)).toBe('newer\n');
	},
);
