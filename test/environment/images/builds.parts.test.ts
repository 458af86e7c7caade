import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import type {DevEnvironment} from '../../../source/configuration/model.js';
import {findEngine} from '../../../source/backends/local/docker/engine.js';
import {engineStore, registryStore} from '../../../source/environment/images/builds.js';
import {createRegistry} from '../../../source/environment/images/registry.js';
import {readImageSettings} from '../../../source/environment/images/settings.js';
import type {Offer} from '../../../source/offers/offer.js';
import {type ImageMeans, loginForImage} from '../../../source/runs/plan/base-image.js';
import {type BuildDecision, buildVariables, type BuildWish, decideBuild} from '../../../source/runs/plan/decide-build.js';
import {Problem} from '../../../source/system/problem.js';
import {type EngineBench, environmentOf, findEngineBench, makeProject, offerOf} from './builds-support.js';
import {hasRegistry, login, startRegistry, type TestRegistry} from './registry-support.js';

const bench = await findEngineBench('Builds in an engine');
const there = hasRegistry('Builds in a registry');

const wishOf = (root: string, environment: DevEnvironment, changes: Partial<BuildWish> = {}): BuildWish => ({
	policy: 'use',
	environment,
	declared: environment,
	configuration: '.dstack.yml',
	workspace: {root, subfolder: ''},
	now: Date.now(),
	...changes,
});

const meansOf = (settings: Readonly<Record<string, unknown>> = {}, more: Partial<ImageMeans> = {}): ImageMeans => ({
	settings: readImageSettings(key => settings[key]),
	secrets: {},
	variables: {PATH: process.env['PATH'], HOME: '/nonexistent'},
	...more,
});

const needed = ({build}: BuildDecision) => build ?? expect.fail('there is no build in it');

describe('without a build', () => {
	test('there is nothing to do, and nobody is asked', async () => {
		const decision = await decideBuild(wishOf('/nonexistent', environmentOf()), offerOf(), meansOf({mirror: 'mirror.invalid'}));
		expect(decision).toEqual({decision: 'none', base: 'mirror.invalid/dstackai/base:0.15-base-ubuntu24.04', why: []});
	});

	test('a process builds in place, and says so', async () => {
		const environment = environmentOf({build: ['make']});
		const offer = offerOf({backend: 'local', instanceType: 'process'});
		const decision = await decideBuild(wishOf('/nonexistent', environment, {policy: 'build'}), offer, meansOf());
		expect(decision).toMatchObject({decision: 'none', why: [expect.stringContaining('in place')]});
	});
});

describe.skipIf(!there)('builds in a registry', () => {
	let registry: TestRegistry;
	let means: ImageMeans;
	let environment: DevEnvironment;
	const decide = async (wish: BuildWish, offer: Offer = offerOf()) => decideBuild(wish, offer, means);
	beforeAll(async () => {
		registry = await startRegistry({auth: 'htpasswd'});
		await registry.push({repository: 'team/base', tag: '1'});
		environment = environmentOf({
			image: `${registry.host}/team/base:1`,
			registryAuth: login,
			python: '3.11',
			build: ['pip install -r requirements.txt'],
		});
		means = meansOf({registry: {repository: `${registry.host}/team/builds`, ...login}});
	});
	afterAll(async () => registry?.stop());

	/** As an engine commits and pushes it. */
	const keep = async (decision: BuildDecision, created = new Date().toISOString(), architecture = 'amd64') => {
		const {reference, labels} = needed(decision);
		const tag = reference.slice(reference.lastIndexOf(':') + 1);
		return registry.push({repository: 'team/builds', tag, labels, created, architecture});
	};

	test('one is missing, made, found again, and missed with the reason when something counts', async () => {
		const root = await makeProject({'requirements.txt': 'torch\n'});
		const wish = wishOf(root, environment);
		const missing = await decide(wish);
		expect(missing).toMatchObject({
			decision: 'missing',
			base: environment.image,
			why: ['never built', expect.any(String)],
		});
		expect(missing.why[1]).toContain('requirements.txt');

		const due = await decide({...wish, policy: 'build'});
		expect(due).toMatchObject({decision: 'build', build: missing.build});
		await keep(due);
		const found = await decide(wish);
		expect(found).toMatchObject({
			decision: 'reuse',
			build: due.build,
			hit: {key: needed(due).key, where: `${registry.host}/team/builds`},
		});
		expect(found.why[0]).toMatch(/^the build of \d+m ago, /);

		const forced = await decide({...wish, policy: 'force-build'});
		expect(forced).toMatchObject({decision: 'build', build: due.build});
		expect(forced.why[0]).toContain('--force-build');

		await writeFile(path.join(root, 'requirements.txt'), 'torch==2\n');
		expect((await decide(wish)).why[0]).toBe('requirements.txt changed');
		await writeFile(path.join(root, 'requirements.txt'), 'torch\n');
		const changed = {...environment, python: '3.12', build: [...environment.build, 'true']};
		expect((await decide({...wish, environment: changed, declared: changed})).why.slice(0, 2)).toEqual([
			'commands changed',
			'another Python: 3.12 instead of 3.11',
		]);
		expect(await decide(wish)).toMatchObject({decision: 'reuse'});
		await registry.push({repository: 'team/base', tag: '1'});
		expect((await decide(wish)).why[0]).toBe('base image is newer');
	});

	test('configurations and projects do not see each other’s', async () => {
		const root = await makeProject({'requirements.txt': 'x\n'});
		await keep(await decide({...wishOf(root, environment), policy: 'build'}));
		expect(await decide(wishOf(root, environment))).toMatchObject({decision: 'reuse'});
		expect((await decide(wishOf(root, environment, {configuration: 'other.dstack.yml'}))).why[0]).toBe('never built');
		const other = await makeProject({'requirements.txt': 'x\n'});
		expect((await decide(wishOf(other, environment))).why[0]).toBe('never built');
	});

	test("a run's name in a command is no reason to build, nor is a secret", async () => {
		const root = await makeProject({});
		const declared = {...environment, build: ['echo ${{ run.name }} $TOKEN'], env: {TOKEN: '${{ secrets.T }}'}};
		const settled = (name: string, token: string) => ({...declared, build: [`echo ${name} $TOKEN`], env: {TOKEN: token}});
		const one = await decide(wishOf(root, settled('fast-moth-1', 'hunter2'), {declared, policy: 'build'}));
		const two = await decide(wishOf(root, settled('slow-moth-2', 'hunter3'), {declared, policy: 'build'}));
		expect(needed(two)).toEqual(needed(one));
		expect(JSON.stringify(one)).not.toContain('hunter2');
	});

	test('what has taken its tag is not taken for it', async () => {
		const root = await makeProject({});
		const due = await decide({...wishOf(root, environment), policy: 'build'});
		const tag = needed(due).reference.split(':').at(-1) ?? '';
		await registry.push({repository: 'team/builds', tag, labels: {'dstack-tui.build.key': 'f'.repeat(64)}});
		expect(await decide(wishOf(root, environment))).toMatchObject({decision: 'missing'});
	});

	test('another architecture, a missing tag, a refused login: each is said before anything is spent', async () => {
		const root = await makeProject({});
		const fails = async (changes: Partial<DevEnvironment>, offer = offerOf()) => {
			const changed = {...environment, ...changes};
			const error = await decide(wishOf(root, changed), offer).catch((reason: unknown) => reason);
			expect(error).toBeInstanceOf(Problem);
			return (error as Problem).message;
		};

		expect(await fails({}, offerOf({architecture: 'arm64'}))).toContain('is for x86_64, and the offer is arm64');
		expect(await fails({image: `${registry.host}/team/base:2`})).toContain(`There is no image ${registry.host}/team/base:2`);
		expect(await fails({registryAuth: {username: 'someone', password: 'wrong'}})).toContain(
			'refused the login from `registry_auth`',
		);
	});

	test('`registry_auth` is for the host of `image`, and no business of a mirror', async () => {
		const auth = {username: 'me', password: 'for the hub'};
		const of = async (host: string, image: string | undefined) => loginForImage(host, {image, registryAuth: auth}, meansOf());
		expect(await of('docker.io', 'team/app')).toMatchObject(auth);
		expect(await of('ghcr.io', 'ghcr.io/team/app:1')).toMatchObject(auth);
		expect(await of('mirror.example', 'team/app')).toBeUndefined();
		expect(await of('docker.io', undefined)).toBeUndefined();
	});

	test('without a registry, or with one that is written wrongly or is not there, nothing is guessed', async () => {
		const root = await makeProject({});
		const own = wishOf(root, environment);
		await expect(decideBuild(own, offerOf(), meansOf())).rejects.toThrow('none is named');
		await expect(decideBuild(own, offerOf(), meansOf({registry: 7}))).rejects.toThrow('`registry` in the settings: expected');
		await expect(decideBuild(own, offerOf(), meansOf({registry: '127.0.0.1:1/x'}))).rejects.toThrow('cannot be asked');
	});

	test('are listed, the newest first, and deleted', async () => {
		const root = await makeProject({});
		const store = registryStore(createRegistry({login: async () => ({kind: 'password', origin: 'x', ...login})}), {
			registry: registry.host,
			repository: 'team/more',
		});
		expect(await store.list()).toEqual([]);
		for (const [index, created] of ['2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z', '2026-02-01T00:00:00Z'].entries()) {
			const due = await decide(wishOf(root, {...environment, python: `3.${index + 10}`}, {policy: 'build'}));
			const {labels, reference} = needed(due);
			await registry.push({repository: 'team/more', tag: reference.split(':').at(-1) ?? '', labels, created});
		}

		await registry.push({repository: 'team/more', tag: 'latest'});
		const builds = await store.list();
		expect(builds.map(({parts}) => parts?.python)).toEqual(['3.11', '3.12', '3.10']);
		expect(builds[0]).toMatchObject({
			project: path.basename(root),
			configuration: '.dstack.yml',
			store: 'registry',
			replaced: false,
		});
		const [first] = builds;
		await store.remove(first ?? expect.fail());
		expect(await store.list()).toHaveLength(2);
		await expect(store.remove(first ?? expect.fail())).rejects.toThrow('not there any more');
	});
});

describe.skipIf(!bench)('builds in the engine of this machine', () => {
	const engine = bench as EngineBench;
	const offer = offerOf({backend: 'local', instanceType: 'docker'});
	let host: string | undefined;
	beforeAll(() => {
		host = process.env['DOCKER_HOST'];
		process.env['DOCKER_HOST'] = engine.host;
	});
	afterAll(async () => {
		if (host === undefined) {
			delete process.env['DOCKER_HOST'];
		} else {
			process.env['DOCKER_HOST'] = host;
		}

		await engine.clean();
	});
	const store = async () => engineStore((await findEngine()).docker ?? expect.fail('no engine'));

	test('one is missing, made, found again, replaced, in use, and deleted', async () => {
		const image = await engine.makeImage();
		const root = await makeProject({'setup.sh': '#!/bin/sh\n'});
		const wish = wishOf(root, environmentOf({image, build: ['./setup.sh']}));
		const due = await decideBuild({...wish, policy: 'build'}, offer, meansOf());
		expect(due).toMatchObject({
			decision: 'build',
			base: image,
			why: ['never built', expect.stringContaining('setup.sh')],
		});
		expect(needed(due).reference).toMatch(/^dstack-tui-build:b-[0-9a-f]{8}-[0-9a-f]{24}$/);
		await engine.commit(image, needed(due).reference, needed(due).labels);
		const found = await decideBuild(wish, offer, meansOf());
		expect(found).toMatchObject({
			decision: 'reuse',
			hit: {reference: needed(due).reference, where: 'this machine', inUse: false},
		});

		// A mirror changes nothing for an image that is here under its own name.
		expect(await decideBuild(wish, offer, meansOf({mirror: 'mirror.invalid'}))).toMatchObject({decision: 'reuse', base: image});

		await engine.commit(image, needed(due).reference, needed(due).labels);
		const all = await (await store()).list();
		const own = all.filter(({key}) => key === needed(due).key);
		expect(own.map(({replaced}) => replaced).toSorted()).toEqual([false, true]);

		const container = await engine.docker('create', needed(due).reference, 'true');
		onTestFinished(async () => void (await engine.docker('rm', '-f', container).catch(() => '')));
		const used = (await (await store()).list()).find(({key, replaced}) => key === needed(due).key && !replaced) ?? expect.fail();
		expect(used).toMatchObject({inUse: true, size: expect.any(Number), project: path.basename(root)});
		await expect((await store()).remove(used)).rejects.toThrow('is in use by');
		await engine.docker('rm', container);
		for (const build of own) {
			await (await store()).remove(build);
		}

		expect((await (await store()).list()).filter(({key}) => key === needed(due).key)).toEqual([]);
		await expect((await store()).remove(used)).rejects.toThrow('not there any more');
		expect(await decideBuild(wish, offer, meansOf())).toMatchObject({decision: 'missing'});
	});

	test('what is made from a build is none', async () => {
		const image = await engine.makeImage();
		const root = await makeProject({});
		const due = await decideBuild(wishOf(root, environmentOf({image, build: ['true']}), {policy: 'build'}), offer, meansOf());
		await engine.commit(image, needed(due).reference, needed(due).labels);
		await engine.commit(needed(due).reference, 'dt-images-test-derived:1', {});
		const builds = (await (await store()).list()).filter(({key}) => key === needed(due).key);
		expect(builds.map(({reference}) => reference)).toEqual([needed(due).reference]);
	});

	test('an image that is neither here nor anywhere', async () => {
		const environment = environmentOf({image: '127.0.0.1:1/none:1', build: ['true']});
		await expect(decideBuild(wishOf(await makeProject({}), environment), offer, meansOf())).rejects.toThrow('cannot be asked');
	});

	test('for another architecture is refused', async () => {
		const image = await engine.makeImage();
		const architecture = offer.architecture === 'x86_64' ? 'arm64' : 'x86_64';
		const wish = wishOf(await makeProject({}), environmentOf({image, build: ['true']}));
		await expect(decideBuild(wish, {...offer, architecture}, meansOf())).rejects.toThrow(`and the offer is ${architecture}`);
	});

	test.skipIf(!there)('one that was pulled is known by the digest that its registry has', async () => {
		const registry = await startRegistry();
		try {
			const name = `${registry.host}/team/base:1`;
			const image = await engine.makeImage();
			await engine.docker('tag', image, name);
			await engine.docker('push', '--quiet', name);
			const wish = wishOf(await makeProject({}), environmentOf({image: name, build: ['true']}), {policy: 'build'});
			const here = await decideBuild(wish, offer, meansOf());
			await engine.docker('rmi', name);
			const away = await decideBuild(wish, offer, meansOf());
			expect(needed(away)).toEqual(needed(here));
		} finally {
			await registry.stop();
		}
	});
});

test('variables count where the commands or their tools read them, and hold no secret', () => {
	const env = {
		TORCH: '2.9',
		TORCHES: '1',
		PIP_INDEX_URL: 'https://x.example',
		OTHER: '1',
		KEY: '${{ secrets.KEY }}',
		BROKEN: '${{ secrets',
	};
	expect(buildVariables({env, build: ['pip install torch==$TORCH', 'echo ${KEY} $BROKEN']})).toEqual({
		TORCH: '2.9',
		PIP_INDEX_URL: 'https://x.example',
	});
});
