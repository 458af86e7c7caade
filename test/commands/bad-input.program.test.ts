import {spawnSync} from 'node:child_process';
import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {nobody, nodeForNobody, programForNobody} from '../support/nobody.js';
import {makeWorld, type Result, type World} from '../support/program.js';

const sound = 'type: dev-environment\n';
const isRoot = process.getuid?.() === 0;

type Case = {
	readonly name: string;
	readonly files?: Readonly<Record<string, string>>;
	readonly args: readonly string[];
	readonly code: number;
	/** What one message must hold: the cause and the next step. */
	readonly says: readonly (string | RegExp)[];
	readonly prepare?: (world: World) => Promise<void>;
	readonly env?: (world: World) => NodeJS.ProcessEnv;
};

const cases: readonly Case[] = [
	{name: 'no configuration', files: {}, args: ['run', '.', '-y', '-d'], code: 2, says: [/no configuration/i, /dstack-tui/]},
	{
		name: 'a file that is no YAML',
		files: {'.dstack.yml': 'type: [dev-environment\nsetup: x\n'},
		args: ['run', '.', '-y', '-d'],
		code: 2,
		says: [/\.dstack\.yml:\d+:\d+: error/, 'check'],
	},
	{
		name: 'not a dev environment',
		files: {'.dstack.yml': 'type: task\ncommands:\n  - x\n'},
		args: ['run', '.', '-y', '-d'],
		code: 2,
		says: [/\.dstack\.yml:1:\d+: error/, 'dev-environment'],
	},
	{
		name: 'unknown keys',
		files: {'.dstack.yml': `${sound}setpu:\n  - make\n`},
		args: ['check'],
		code: 2,
		says: ['.dstack.yml:2:1: error', 'setpu', 'did you mean setup'],
	},
	{
		name: 'wrong values of a profile',
		files: {'.dstack.yml': sound, '.dstack/profiles.yml': 'profiles:\n  - name: a\n    max_price: cheap\n'},
		args: ['check'],
		code: 2,
		says: [/profiles\.yml:3:\d+: error/, 'expected'],
	},
	{name: 'a missing folder', args: ['run', 'nowhere', '-y', '-d'], code: 2, says: ['nowhere', 'no such folder']},
	{name: 'a file instead of a folder', args: ['check', '.dstack.yml'], code: 2, says: ['is not a folder']},
	{
		name: 'two configurations of one name',
		files: {'a.dstack.yml': `${sound}name: same\n`, 'b.dstack.yml': `${sound}name: same\n`},
		args: ['run', '.', '-f', 'a.dstack.yml', '-y', '-d'],
		code: 2,
		says: ['a.dstack.yml', 'b.dstack.yml', 'same'],
	},
	{name: 'a configuration that is not there', args: ['run', '.', '-f', 'other.yml', '-y', '-d'], code: 2, says: ['other.yml']},
	{name: 'a profile that is not there', args: ['run', '.', '--profile', 'huge', '-y', '-d'], code: 2, says: ['huge']},
	{name: 'a name that cannot be one', args: ['run', '.', '-n', 'no/name', '-y', '-d'], code: 2, says: ['no/name']},
	{
		name: 'a GPU that cannot be read',
		args: ['run', '.', '--gpu', 'A100:many', '-y', '-d'],
		code: 2,
		says: ['--gpu', 'A100:many'],
	},
	{
		name: 'a duration that cannot be read',
		args: ['run', '.', '--max-duration', 'soon', '-y', '-d'],
		code: 2,
		says: ['soon', 'expected'],
	},
	{name: 'a port that cannot be one', args: ['run', '.', '-p', '99999', '-y', '-d'], code: 2, says: ['99999']},
	{
		name: 'a variable that cannot be one',
		args: ['run', '.', '-e', 'NO NAME=1', '-y', '-d'],
		code: 2,
		says: ['-e: expected NAME=value'],
	},
	{
		name: 'a mistyped command',
		args: ['atach', 'one'],
		code: 2,
		says: ["'atach'", 'Did you mean `dstack-tui attach`?', 'Commands: run'],
	},
	{name: 'a command that is none', args: ['frob'], code: 2, says: ["no command and no folder called 'frob'", 'Commands: run']},
	{name: 'half a command', args: ['catalog'], code: 2, says: ['`dstack-tui catalog` alone does nothing', 'catalog --help']},
	{name: 'the other half of one', args: ['secrets', 'frob'], code: 2, says: ["unknown command 'frob'", '--help']},
	{name: 'two folders', args: ['.', 'there'], code: 2, says: ['One folder is expected', 'there']},
	{name: 'an unknown option', args: ['run', '--fast'], code: 2, says: ['--fast', '--help']},
	{name: 'an unknown environment', args: ['attach', 'nobody', '--plain'], code: 2, says: ['nobody', 'dstack-tui ps']},
	{name: 'an unknown environment to stop', args: ['stop', 'nobody', '-y'], code: 2, says: ['nobody', 'dstack-tui ps']},
	{name: 'logs of an unknown environment', args: ['logs', 'nobody'], code: 2, says: ['nobody']},
	{
		name: 'more than there is',
		args: ['run', '.', '--memory', '900TB', '-y', '-d'],
		code: 3,
		says: [
			'No offer matches',
			/process: [\d.]+[GT]B of 900TB memory/,
			/memory ≥ .*: takes away \d+, leaves 0\n/,
			'dstack-tui offers',
		],
	},
	{
		name: 'a GPU that is not here',
		args: ['offers', '--gpu', 'H100:8', '--backend', 'local'],
		code: 3,
		says: [/^0 of \d+ offers match/m, /No offer matches/, /local process: no GPU\n/],
	},
	{
		name: 'more cores than there are',
		args: ['run', '.', '--cpu', '4096', '-y', '-d'],
		code: 3,
		says: [/local process: \d+ of 4096 cores\n/, 'What would help: '],
	},
	{
		name: 'a backend that cannot be asked',
		args: ['run', '.', '--backend', 'oci', '-y', '-d'],
		code: 3,
		says: ['oci: this version knows no offers of it', /Backends with offers here: .*\baws\b/],
	},
	{name: 'no answer to the question', args: ['run', '.'], code: 2, says: ['no terminal', '-y']},
	{
		name: 'a Python that is not here',
		files: {'.dstack.yml': `${sound}python: "3.99"\n`},
		args: ['run', '.', '-y', '-d'],
		code: 1,
		says: [/^dstack-tui: no Python 3\.99 here; found: .*\n$/m],
	},
	{
		name: 'an image without an engine',
		files: {'.dstack.yml': `${sound}image: debian:bookworm\n`},
		args: ['run', '.', '-y', '-d'],
		code: 3,
		says: [
			'needs a Docker engine',
			/local docker: no engine answers at unix:.*, which DOCKER_HOST names/,
			'Mend what stands there',
		],
	},
	{
		name: 'a folder in which nothing can be kept',
		args: ['run', '.', '-y', '-d'],
		code: 1,
		says: [/not a directory|ENOTDIR|EEXIST/i],
		prepare: async world => writeFile(path.join(world.home, 'taken'), ''),
		env: world => ({DSTACK_TUI_HOME: path.join(world.home, 'taken/below')}),
	},
	{
		name: 'an engine that does not answer',
		args: ['offers', '--backend', 'local'],
		code: 0,
		says: [/process .* yes\n/, /docker .* no: no engine answers at tcp:\/\/127\.0\.0\.1:1, which DOCKER_HOST names/],
		env: () => ({DOCKER_HOST: 'tcp://127.0.0.1:1'}),
	},
];

async function make(files: Readonly<Record<string, string>> = {'.dstack.yml': sound}): Promise<World> {
	const world = await makeWorld();
	await world.write(files);
	world.git('init', '-q');
	return world;
}

/** The program, run by somebody who is not root. */
async function asNobody(world: World, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
	const folder = path.dirname(world.home);
	const [program, node] = [await programForNobody(folder), await nodeForNobody(folder)];
	const {status, stdout, stderr} = spawnSync(node, [program, ...args], {
		...nobody,
		cwd: world.project,
		env: {...world.env, ...env},
		encoding: 'utf8',
	});
	return {code: status ?? 1, stdout, stderr};
}

const heard = ({stdout, stderr}: Result): string => stdout + stderr;

describe('bad input: one clear message, a proper exit code, and nothing begun', () => {
	for (const {name, files, args, code, says, prepare, env} of cases) {
		test(name, async () => {
			const world = await make(files);
			await prepare?.(world);
			const result = await world.cli(args, {env: env?.(world)});
			expect(result.code, heard(result)).toBe(code);
			for (const sign of says) {
				expect(heard(result)).toMatch(
					sign instanceof RegExp ? sign : new RegExp(sign.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)),
				);
			}

			expect(heard(result)).not.toMatch(/\n\s+at |node:internal|chunk-|dist\/|DEP\d|: Runs as you.*: /);
			expect(await world.strays()).toEqual([]);
		});
	}

	test('the same as an object, with --json', async () => {
		const world = await make({'.dstack.yml': `${sound}setpu: 1\n`});
		for (const args of [
			['run', '.', '-y', '-d', '--json'],
			['run', '--fast', '--json'],
			['stop', 'nobody', '-y', '--json'],
		]) {
			const {code, stdout} = await world.cli(args);
			expect(code).toBe(2);
			const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {type: string; message: string};
			expect(last.type).toBe('error');
			expect(last.message.length).toBeGreaterThan(0);
		}
	});

	test('names cannot draw on the terminal', async () => {
		const world = await make();
		for (const args of [
			['attach', 'x\u001B[31mred', '--plain'],
			['run', '.', '--profile', '\u001B]0;title\u0007', '-y'],
			['check', 'no\u001B[2Jwhere'],
		]) {
			const result = await world.cli(args);
			expect(result.code).toBe(2);
			expect(heard(result)).not.toContain('\u001B');
		}
	});

	test('above 1 GB it stops before anything starts, with the biggest files', async () => {
		const world = await make();
		await world.run('truncate', ['-s', '1100M', 'weights.bin']);
		const result = await world.cli(['run', '.', '-y', '-d']);
		expect(result.code).toBe(2);
		expect(heard(result)).toContain('weights.bin');
		expect(await world.runs()).toEqual([]);
	});

	test.skipIf(!isRoot)('an unreadable file in the tree is named before anything starts', async () => {
		const world = await make();
		await world.write({'secret.txt': 'x'});
		await chmod(path.join(world.project, 'secret.txt'), 0o000);
		await world.run('chown', ['-R', '65534:65534', path.dirname(world.home)]);
		await world.run('chown', ['0:0', path.join(world.project, 'secret.txt')]);
		const result = await asNobody(world, ['run', '.', '-y', '-d']);
		expect(result.code, heard(result)).toBe(2);
		expect(heard(result)).toContain('secret.txt');
	});

	test.skipIf(!isRoot)('an engine that is there but not permitted is told, and the process still offered', async () => {
		const world = await make();
		const socket = path.join(world.home, 'docker.sock');
		const server = createServer();
		await new Promise<void>(resolve => server.listen(socket, resolve));
		onTestFinished(() => void server.close());
		await world.run('chown', ['-R', '65534:65534', path.dirname(world.home)]);
		await world.run('chown', ['0:0', socket]);
		await chmod(socket, 0o600);
		const result = await asNobody(world, ['offers'], {DOCKER_HOST: `unix://${socket}`});
		expect(result.code, heard(result)).toBe(0);
		expect(heard(result)).toContain('you may not use it');
		expect(heard(result)).toMatch(/process .*yes/);
	});

	test('a configuration search is not stopped by what lies around', async () => {
		const world = await make();
		await mkdir(path.join(world.project, 'node_modules/x'), {recursive: true});
		await writeFile(path.join(world.project, 'node_modules/x/.dstack.yml'), 'type: [');
		await world.run('ln', ['-s', '.', 'loop']);
		expect(await world.cli(['check'])).toMatchObject({code: 0});
	});
});
