import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {buildKey} from '../../source/environment/images/build-key.js';
import {buildTag, labelsOf} from '../../source/environment/images/build-labels.js';
import {type EngineBench, findEngineBench} from '../environment/images/builds-support.js';
import {hasRegistry, login, startRegistry, type TestRegistry} from '../environment/images/registry-support.js';
import {makeWorld, objects, type World} from '../support/program.js';

const suite = 'dstack-tui builds';
const bench = await findEngineBench(suite);
const password = login.password;

const buildOf = (project: string, python: string) => {
	const scope = {project, configuration: 'app.dstack.yml'};
	const {key, parts} = buildKey({
		base: {name: 'ubuntu:24.04', digest: `sha256:${'a'.repeat(64)}`},
		commands: [project],
		python,
		architecture: 'x86_64',
		user: undefined,
		shell: undefined,
		variables: {},
		files: {},
	});
	return {key, tag: buildTag(scope, key), labels: labelsOf(scope, key, parts)};
};

type Line = {readonly type: string; readonly key?: string; readonly where?: string};

async function withSettings(world: World, settings: unknown): Promise<World> {
	await mkdir(path.join(world.home, 'dt'), {recursive: true});
	await writeFile(path.join(world.home, 'dt/config.json'), JSON.stringify(settings));
	return world;
}

test('without an engine and without a registry: nothing is there, and why', async () => {
	const world = await makeWorld();
	const {code, stdout} = await world.cli(['builds']);
	expect(code).toBe(0);
	expect(stdout).toContain('0 builds: `dstack-tui run --build` makes one.');
	expect(stdout).toContain('Not looked at: docker: ');
	expect(stdout).toContain('Not looked at: no `registry` in the settings');
	const {stdout: json} = await world.cli(['builds', '--json']);
	expect(objects<Line>(json).map(({type}) => type)).toEqual(['note', 'note']);
});

test('wrong usage, and settings that are written wrongly, are said in words', async () => {
	const world = await withSettings(await makeWorld(), {registry: 'https://ghcr.io/x', ide_origin: 3});
	for (const args of [['builds'], ['builds', 'delete', 'abc']]) {
		const {code, stderr} = await world.cli(args);
		expect([args.join(' '), code]).toEqual([args.join(' '), 2]);
		expect(stderr).toContain('`registry` in the settings: ');
	}

	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	const checked = await world.cli(['check']);
	expect(checked.code).toBe(2);
	expect(checked.stdout).toContain('`ide_origin` in the settings: expected an address');
	const good = await makeWorld();
	for (const args of [
		['builds', 'delete'],
		['builds', 'delete', 'abc', '-y'],
		['builds', 'delete', '..', '-y'],
		['builds', 'show'],
	]) {
		const {code, stderr} = await good.cli(args);
		expect([args.join(' '), code]).toEqual([args.join(' '), 2]);
		expect(stderr).toMatch(/^dstack-tui: \S/);
	}
});

test('a registry that cannot be asked is a failure, after what could be', async () => {
	const world = await withSettings(await makeWorld(), {registry: '127.0.0.1:1/team/builds'});
	const {code, stdout, stderr} = await world.cli(['builds']);
	expect(code).toBe(1);
	expect(stdout).toContain('0 builds');
	expect(stderr).toContain('The registry cannot be asked about 127.0.0.1:1/team/builds');
});

describe.skipIf(!hasRegistry(suite))('with a registry', () => {
	let registry: TestRegistry;
	let world: World;
	beforeAll(async () => {
		registry = await startRegistry({auth: 'htpasswd'});
	});
	afterAll(async () => registry?.stop());
	const setUp = async () => {
		world = await withSettings(await makeWorld(), {
			registry: {repository: `${registry.host}/team/builds`, username: login.username, password: '${{ secrets.REGISTRY }}'},
		});
		await writeFile(path.join(world.home, 'dt/secrets'), JSON.stringify({REGISTRY: password}), {mode: 0o600});
	};

	const push = async (project: string, python: string, created: string) => {
		const {tag, labels, key} = buildOf(project, python);
		await registry.push({repository: 'team/builds', tag, labels, created});
		return key;
	};

	test('its builds are listed and deleted by the start of a key, and the password is never shown', async () => {
		await setUp();
		const first = await push('github.com/team/app', '3.11', '2026-01-01T00:00:00Z');
		const second = await push('github.com/team/app', '3.12', '2026-02-01T00:00:00Z');
		const listed = await world.cli(['builds']);
		expect(listed.code, listed.stderr).toBe(0);
		const lines = listed.stdout.split('\n');
		expect(lines[0]).toMatch(/^KEY\s+PROJECT\s+CONFIGURATION\s+PYTHON\s+ARCH\s+SIZE\s+AGE\s+IN USE\s+WHERE$/);
		expect(lines[1]).toMatch(
			new RegExp(
				`^${second.slice(0, 12)}\\s+github.com/team/app\\s+app.dstack.yml\\s+3.12\\s+x86_64\\s+\\S+\\s+.+\\s-\\s+${registry.host}/team/builds$`,
			),
		);
		expect(lines[2]).toContain(first.slice(0, 12));
		const json = objects<Line>((await world.cli(['builds', '--json'])).stdout);
		expect(json).toContainEqual(
			expect.objectContaining({type: 'build', key: first, python: '3.11', base: 'ubuntu:24.04', inUse: null, store: 'registry'}),
		);

		const unasked = await world.cli(['builds', 'delete', first.slice(0, 12)]);
		expect(unasked.code).toBe(2);
		expect(unasked.stderr).toContain('Delete 1 image?');
		expect(unasked.stderr).toContain('-y');
		const deleted = await world.cli(['builds', 'delete', first.slice(0, 12), '-y']);
		expect(deleted.code, deleted.stderr).toBe(0);
		expect(deleted.stdout).toContain('is deleted');
		expect(objects<Line>((await world.cli(['builds', '--json'])).stdout).filter(({key}) => key === first)).toEqual([]);
		const gone = await world.cli(['builds', 'delete', second, '-y', '--json']);
		expect(objects<Line>(gone.stdout)).toEqual([expect.objectContaining({type: 'deleted', key: second})]);
		expect(JSON.stringify([listed, json, unasked, deleted, gone])).not.toContain(password);
	});

	test('a start that fits two keys deletes none', async () => {
		await setUp();
		const keys: string[] = [];
		for (let index = 0; !keys.some(key => keys.some(other => other !== key && other[0] === key[0])); index++) {
			keys.push(await push(`project-${index}`, '3.11', '2026-01-01T00:00:00Z'));
		}

		const shared = keys.map(key => key[0]).find((letter, index, all) => all.indexOf(letter) !== index) ?? '';
		const {code, stderr} = await world.cli(['builds', 'delete', shared, '-y']);
		expect(code).toBe(2);
		expect(stderr).toContain(`2 builds have a key that begins with '${shared}'`);
		const listed = objects<Line>((await world.cli(['builds', '--json'])).stdout).map(({key}) => key);
		expect(listed).toEqual(expect.arrayContaining(keys));
	});

	test('a wrong password is refused in words', async () => {
		await setUp();
		await writeFile(path.join(world.home, 'dt/secrets'), JSON.stringify({REGISTRY: 'wrong-91c2'}), {mode: 0o600});
		const {code, stderr} = await world.cli(['builds']);
		expect(code).toBe(1);
		expect(stderr).toContain('refused the login from `registry` in the settings');
		expect(stderr).not.toContain('wrong-91c2');
	});
});

test.skipIf(!hasRegistry(suite))('a registry that forbids to delete says so', async () => {
	const registry = await startRegistry({deletes: false});
	try {
		const world = await withSettings(await makeWorld(), {registry: `${registry.host}/team/builds`});
		const {key, tag, labels} = buildOf('app', '3.11');
		await registry.push({repository: 'team/builds', tag, labels});
		const {code, stderr} = await world.cli(['builds', 'delete', key.slice(0, 8), '-y']);
		expect(code).toBe(1);
		expect(stderr).toContain('does not allow that');
		expect(objects<Line>((await world.cli(['builds', '--json'])).stdout).map(each => each.key)).toContain(key);
	} finally {
		await registry.stop();
	}
});

describe.skipIf(!bench)('with an engine', () => {
	const engine = bench as EngineBench;
	afterAll(async () => engine.clean());

	test('its builds are listed, kept while they are in use, and deleted', async () => {
		const world = await makeWorld();
		world.env['DOCKER_HOST'] = engine.host;
		const {key, tag, labels} = buildOf(`local-${Date.now()}`, '3.13');
		await engine.commit(await engine.makeImage(), `dstack-tui-build:${tag}`, labels);
		const container = await engine.docker('create', `dstack-tui-build:${tag}`, 'true');
		const listed = objects<Line>((await world.cli(['builds', '--json'])).stdout).find(each => each.key === key);
		expect(listed).toMatchObject({store: 'engine', where: 'this machine', inUse: true, python: '3.13', replaced: false});
		const refused = await world.cli(['builds', 'delete', key, '-y']);
		expect(refused.code).toBe(1);
		expect(refused.stderr).toContain('is in use by');
		await engine.docker('rm', container);
		const {code, stdout} = await world.cli(['builds', 'delete', key, '-y']);
		expect([code, stdout]).toEqual([0, `dstack-tui-build:${tag} is deleted.\n`]);
		expect(objects<Line>((await world.cli(['builds', '--json'])).stdout).find(each => each.key === key)).toBeUndefined();
	});
});
