import {randomBytes} from 'node:crypto';
import {existsSync} from 'node:fs';
import {networkInterfaces} from 'node:os';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {imageScript, type ImageOptions} from '../../../source/environment/machine/image.js';
import {makeGate} from '../../docker/registry.js';
import {type Bench, findBench} from '../../support/engine.js';
import {eventually} from '../../support/program.js';
import {freePort} from '../../support/sshd.js';
import {login, putImage, putList, startRefusingRegistry, startTestRegistry, type TestRegistry} from './registry.js';
import {filesWith, type Host, localHost, writeLogin} from './support.js';

const found = await findBench('Images on a machine', ['docker-registry', 'python3', 'openssl', 'curl']);
const bench = found as Bench;

const megabytes = 12;
const here = process.arch === 'arm64' ? 'arm64' : 'x86_64';
const engineName = process.arch === 'arm64' ? 'arm64' : 'amd64';
const other = process.arch === 'arm64' ? 'amd64' : 'arm64';
const otherCommon = process.arch === 'arm64' ? 'x86_64' : 'arm64';

const farAddress = (): string => {
	const own = Object.values(networkInterfaces())
		.flatMap(each => each ?? [])
		.find(({internal, family}) => !internal && family === 'IPv4');
	if (!own) {
		throw new Error('this machine has no address but its own');
	}

	return own.address;
};

describe.skipIf(!found)('an image for a machine (needs docker-registry)', {timeout: 180_000}, () => {
	let registry: TestRegistry;
	let gate: ReturnType<typeof makeGate>;
	let image: string;

	beforeAll(async () => {
		registry = await startTestRegistry({hasLogin: true});
		gate = makeGate(registry.port);
		image = `127.0.0.1:${await gate.listen()}/team/app:1`;
		const {docker} = bench.engine;
		const template = await docker('create', bench.image, 'true');
		const {folder} = registry;
		for (const name of ['one', 'two']) {
			await writeFile(path.join(folder, name), randomBytes(megabytes * 512 * 1024));
			await docker('cp', path.join(folder, name), `${template}:/${name}`);
		}

		await docker('commit', template, image);
		await docker('rm', template);
		const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
		await writeFile(path.join(folder, 'config.json'), JSON.stringify({auths: {[image.split('/')[0] ?? '']: {auth}}}));
		await docker('--config', folder, 'push', '--quiet', image);
		await docker('rmi', image);
	});

	afterAll(async () => {
		gate?.close();
		await registry?.stop();
		await bench.engine.docker('rmi', '-f', image).catch(() => '');
	});

	const isHere = async (name = image) =>
		bench.engine.docker('image', 'inspect', name).then(
			() => true,
			() => false,
		);

	async function start(): Promise<Host> {
		await bench.engine.docker('rmi', image).catch(() => '');
		expect(await isHere()).toBe(false);
		onTestFinished(() => gate.release());
		return localHost(bench);
	}

	const script = (options: Partial<ImageOptions> = {}) => imageScript({reference: image, architecture: here, ...options});

	async function untilHalfway(host: Host): Promise<string> {
		return eventually(
			async () => host.progress(),
			line => {
				const [done, total] = line.split(' ').map(Number);
				return (done ?? 0) > 0 && (done ?? 0) < (total ?? 0);
			},
		);
	}

	test('is pulled with its bytes and layers told, and its login leaves no trace', async () => {
		const host = await start();
		const authFile = await writeLogin(login);
		gate.hold(4 * 1024 * 1024);
		const running = host.perform(script({authFile}));
		const line = await untilHalfway(host);
		expect(existsSync(authFile)).toBe(false);
		expect(line).toMatch(/^\d+ \d+ \d+ of \d+ layers$/);
		expect(Number(line.split(' ')[1]) / 1024 / 1024).toBeCloseTo(megabytes, 0);
		gate.release();
		const {code, log, next} = await running;
		expect(code, log).toBe(0);
		expect(next).toBeUndefined();
		expect(log).toContain(`Pulling ${image}\n`);
		expect(log).toMatch(/[0-9a-f]{12}: Downloading 12\.\d+MB\n/);
		expect(log).toContain(': Pull complete\n');
		expect(log.split('\n').filter(each => each.includes('Downloading')).length).toBeLessThan(4);
		expect(log).toMatch(new RegExp(`${image}: \\d+MB on the disk\n$`));
		const [done, total] = (await host.progress()).split(' ').map(Number);
		expect(done).toBe(total);
		expect(await isHere()).toBe(true);
		for (const secret of [login.password, Buffer.from(login.password).toString('base64').slice(0, 12)]) {
			expect(await filesWith(host, host.context.stateFolder, secret)).toEqual([]);
		}

		// What is here is not asked for again, and a login is taken away all the same.
		gate.hold(0);
		const second = await writeLogin(login);
		const again = await host.perform(script({authFile: second}));
		expect(again.code).toBe(0);
		expect(again.log).toContain(`${image} is here already\n`);
		expect(existsSync(second)).toBe(false);
	});

	test('is asked for anew after its runner and its program were killed in the middle, or goes on where only the runner was', async () => {
		const host = await start();
		for (const victims of ['runner', 'all'] as const) {
			await bench.engine.docker('rmi', image).catch(() => '');
			const authFile = await writeLogin(login);
			gate.hold(4 * 1024 * 1024);
			const first = host.perform(script({authFile})).catch((error: unknown) => error);
			await untilHalfway(host);
			expect(await host.kill(victims)).toBe(true);
			expect(String(await first)).toContain('it was killed');
			if (victims === 'all') {
				gate.release();
			}

			const waits = 'An earlier try is still at work; waiting for it';
			const {code, log} = await host.perform(script({authFile: await writeLogin(login)}), text => {
				if (text.includes(waits)) {
					gate.release();
				}
			});
			expect(code, log).toBe(0);
			expect(log.includes(waits)).toBe(victims === 'runner');
			expect(await isHere()).toBe(true);
		}
	});

	test('whose registry breaks off in the middle is asked for again', async () => {
		const host = await start();
		gate.hold(4 * 1024 * 1024);
		const running = host.perform(script({authFile: await writeLogin(login)}));
		await untilHalfway(host);
		gate.cut();
		gate.release();
		const {code, log} = await running;
		expect(code, log).toBe(0);
	});

	test('that needs a login says so, and whether one was given', async () => {
		const host = await start();
		const without = await host.perform(script());
		expect(without.code).toBe(1);
		expect(without.reason).toMatch(
			/^the registry 127\.0\.0\.1:\d+ asks for a login to pull team\/app, or there is no such image$/,
		);
		expect(without.next).toBe('Give the login in `registry_auth`, and check the name of the image.');
		const wrong = await host.perform(script({authFile: await writeLogin({...login, password: 'wrong-77'})}));
		expect(wrong.code).toBe(1);
		expect(wrong.reason).toMatch(/^the registry 127\.0\.0\.1:\d+ does not let this login pull team\/app$/);
		expect(wrong.next).toBe('Check the login (`registry_auth`), and the name of the image.');
		expect(wrong.log).not.toContain('wrong-77');
		const gone = await host.perform(script({authFile: '/dev/shm/dt-no-such-login'}));
		expect(gone.reason).toBe('the login for the registry is not on the machine any more');
		// A next step is not left for a try that succeeds.
		expect((await host.perform(script({authFile: await writeLogin(login)}))).next).toBeUndefined();
	});

	test('that does not exist says what is missing', async () => {
		const host = await start();
		const tag = await host.perform(script({reference: image.replace(/:1$/, ':2'), authFile: await writeLogin(login)}));
		expect(tag.reason).toMatch(/^the registry 127\.0\.0\.1:\d+ has no tag 2 of team\/app$/);
		expect(tag.next).toBe('Check the name and the tag in `image:`.');
		const name = await host.perform(script({reference: 'Not/An:Image', authFile: await writeLogin(login)}));
		expect(name.reason).toMatch(/^Not\/An:Image is no name of an image: /);
	});

	test('for another processor is refused, with what it is for', async () => {
		const host = await start();
		const list = `127.0.0.1:${registry.port}/team/list`;
		await putList(registry, 'team/list', '1', [other, 's390x']);
		const authFile = async () => writeLogin(login);
		const listed = await host.perform(script({reference: `${list}:1`, authFile: await authFile()}));
		const machine = here;
		expect(listed.reason).toBe(
			`the image ${list}:1 is for ${[otherCommon, 's390x'].sort().join(' and ')}, the machine is ${machine}`,
		);
		expect(listed.next).toBe(`Choose an image that is built for ${machine} too, or an offer whose processor fits.`);

		await putImage(registry, 'team/list', 'single', other);
		onTestFinished(async () => void (await bench.engine.docker('rmi', '-f', `${list}:single`).catch(() => '')));
		const single = await host.perform(script({reference: `${list}:single`, authFile: await authFile()}));
		expect(single.reason).toBe(`the image ${list}:single is for ${otherCommon}, the machine is ${machine}`);

		await putList(registry, 'team/list', 'both', [other, engineName]);
		onTestFinished(async () => void (await bench.engine.docker('rmi', '-f', `${list}:both`).catch(() => '')));
		const both = await host.perform(
			script({reference: `${list}:both`, architecture: otherCommon as 'arm64', authFile: await authFile()}),
		);
		expect(both.code, both.log).toBe(0);
		expect(both.log).toContain(`The offer said ${otherCommon}, the machine is ${machine}\n`);
	});

	test('whose registry is not there is tried again, and then said to be unreachable', async () => {
		const host = await start();
		const reference = `127.0.0.1:${await freePort()}/team/app:1`;
		const {code, reason, log} = await host.perform(script({reference}));
		expect(code).toBe(1);
		expect(log.match(/trying again in \d+ s/g)).toHaveLength(3);
		expect(reason).toMatch(/^the registry 127\.0\.0\.1:\d+ cannot be reached: .*connection refused/);
	});

	test('of a registry with plain http, or a certificate that nobody trusts, says which', async () => {
		const host = await start();
		// Everything on 127.0.0.0/8 is taken as insecure, other addresses are not.
		const address = farAddress();
		for (const [hasTls, words] of [
			[false, 'speaks plain http, and https is asked for'],
			[true, 'is not trusted here: '],
		] as const) {
			const far = await startTestRegistry({address, hasTls});
			onTestFinished(async () => far.stop());
			const {reason, next} = await host.perform(script({reference: `${far.host}/team/app:1`}));
			expect(reason).toContain(words);
			expect(next).toContain(`list ${far.host} as an insecure registry in the settings`);
		}
	});

	test.each([
		[
			{status: 429, code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit.'},
			/has had too many requests .*\(rate limit\)$/,
			/registry_auth/,
		],
		[
			{status: 404, code: 'NAME_UNKNOWN', message: 'repository name not known to registry'},
			/has no image team\/app$/,
			/name in `image:`/,
		],
		[
			{status: 403, code: 'DENIED', message: 'Your authorization token has expired. Reauthenticate and try again.'},
			/login to the registry .* has expired$/,
			/anew/,
		],
	] as const)('of a registry that answers %j says so', async (refusal, reason, next) => {
		const host = await start();
		const server = await startRefusingRegistry(refusal);
		onTestFinished(() => server.stop());
		const outcome = await host.perform(script({reference: `${server.host}/team/app:1`}));
		expect(outcome.code).toBe(1);
		expect(outcome.reason).toMatch(reason);
		expect(outcome.next).toMatch(next);
	});

	test('of a registry that is busy for a moment is asked for again', async () => {
		const host = await start();
		const server = await startRefusingRegistry({status: 503, code: 'UNAVAILABLE', message: 'service unavailable', times: 2});
		onTestFinished(() => server.stop());
		const {reason, log} = await host.perform(script({reference: `${server.host}/team/app:1`}));
		expect(log).toContain('trying again in 2 s');
		expect(reason).toMatch(/has no tag 1 of team\/app$/);
	});

	test('larger than the disk is not even begun, where its layers are known', async () => {
		const host = await start();
		const layers = [{digest: `sha256:${'a'.repeat(64)}`, size: 1e15}];
		const {reason, next} = await host.perform(script({layers, authFile: await writeLogin(login)}));
		expect(reason).toMatch(
			/^the disk is too small: [\d.]+GB are free, the layers of .* are 1000000GB packed, and more than that unpacked$/,
		);
		expect(next).toContain('`disk:`');
	});
});
