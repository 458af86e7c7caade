import {execFileSync} from 'node:child_process';
import {randomBytes, randomInt} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {cacheRestoreScript, cacheSaveScript} from '../../../source/environment/machine/cache.js';
import {pushScript} from '../../../source/environment/machine/push.js';
import {makeGate} from '../../docker/registry.js';
import {type Bench, findBench} from '../../support/engine.js';
import {eventually} from '../../support/program.js';
import {freePort} from '../../support/sshd.js';
import {login, startRefusingRegistry, startTestRegistry, type TestRegistry} from './registry.js';
import {filesWith, localHost, writeLogin} from './support.js';

const found = await findBench('Pushing from a machine', ['docker-registry', 'python3']);
const bench = found as Bench;

const docker = async (...args: readonly string[]) => bench.engine.docker(...args);
let count = 0;

describe.skipIf(!found)('a registry that a machine pushes to (needs docker-registry)', {timeout: 180_000}, () => {
	let registry: TestRegistry;
	beforeAll(async () => {
		registry = await startTestRegistry({hasLogin: true});
	});
	afterAll(async () => registry?.stop());

	/** A container of the bench's image, that runs. */
	async function runContainer(): Promise<string> {
		const name = `dt-engine-push-${process.pid}-${count++}`;
		await docker('run', '-d', '--name', name, bench.image, 'sleep', '600');
		onTestFinished(async () => {
			await docker('rm', '-fv', name);
		});
		return name;
	}

	/** An image of so many random bytes alone, in a registry at `host`. */
	async function makeImage(host: string, megabytes = 8): Promise<string> {
		const image = `${host}/built/app-${count++}:key`;
		const folder = await mkdtemp(path.join(registry.folder, 'image-'));
		await writeFile(path.join(folder, 'random'), randomBytes(megabytes * 1024 * 1024));
		execFileSync('tar', ['-C', folder, '-cf', `${folder}.tar`, 'random']);
		await docker('import', `${folder}.tar`, image);
		await rm(folder, {recursive: true});
		await rm(`${folder}.tar`);
		onTestFinished(async () => {
			await docker('rmi', '-f', image).catch(() => '');
		});
		return image;
	}

	test('has the image afterwards, with the bytes told, and the login leaves no trace', async () => {
		const host = await localHost(bench);
		const gate = makeGate(registry.port);
		onTestFinished(() => gate.close());
		const image = await makeImage(`127.0.0.1:${await gate.listen()}`);
		const authFile = await writeLogin(login);
		const lines = new Set<string>();
		const timer = setInterval(() => void host.progress().then(line => lines.add(line)), 200);
		const {code, log, reason} = await host.perform(pushScript({reference: image, authFile})).finally(() => clearInterval(timer));
		expect(code, log).toBe(0);
		expect(existsSync(authFile)).toBe(false);
		expect(reason).toMatch(new RegExp(`^Pushed ${image} as sha256:[0-9a-f]{64}$`));
		expect(log).toMatch(/[0-9a-f]{12}: Pushing \d+(\.\d)?MB\n/);
		const [done, total] = (await host.progress()).split(' ').map(Number);
		expect(done).toBe(total);
		expect(total).toBeGreaterThan(8 * 1000 * 1000);
		expect(await filesWith(host, host.context.stateFolder, login.password)).toEqual([]);

		const again = await host.perform(pushScript({reference: image, authFile: await writeLogin(login)}));
		expect(again.log).toContain(': Layer already exists\n');
		expect(again.reason).toBe(reason);
		await docker('rmi', image);
		const folder = registry.folder;
		const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
		await writeFile(path.join(folder, 'config.json'), JSON.stringify({auths: {[image.split('/')[0] ?? '']: {auth}}}));
		await docker('--config', folder, 'pull', '-q', image);
	});

	test('gets it also after the program was killed in the middle', async () => {
		const host = await localHost(bench);
		const image = await makeImage(`127.0.0.1:${registry.port}`, 192);
		let killed = 0;
		for (let turn = 0; turn < 3; turn++) {
			const running = host.perform(pushScript({reference: image, authFile: await writeLogin(login)})).catch(() => undefined);
			await eventually(
				async () => host.progress(),
				line => / 0 of 1 layers$/.test(line),
			);
			await new Promise(resolve => setTimeout(resolve, randomInt(500)));
			killed += Number(await host.kill('all'));
			await running;
		}

		expect(killed).toBe(3);
		const {code, log} = await host.perform(pushScript({reference: image, authFile: await writeLogin(login)}));
		expect(code, log).toBe(0);
	});

	test('that refuses says so, and whether it was given a login', async () => {
		const host = await localHost(bench);
		const image = await makeImage(`127.0.0.1:${registry.port}`);
		const without = await host.perform(pushScript({reference: image}));
		expect(without.reason).toMatch(/^the registry 127\.0\.0\.1:\d+ asks for a login to push built\/app-\d+$/);
		expect(without.next).toBe(`Log in to it with \`docker login 127.0.0.1:${registry.port}\`.`);
		const wrong = await host.perform(
			pushScript({reference: image, authFile: await writeLogin({...login, password: 'wrong-78'})}),
		);
		expect(wrong.reason).toMatch(/does not let this login push to built\/app-\d+$/);
		expect(wrong.log).not.toContain('wrong-78');
		const missing = await host.perform(pushScript({reference: `127.0.0.1:${registry.port}/nothing:1`}));
		expect(missing.reason).toMatch(/^there is no image .*\/nothing:1 to push$/);
	});

	test('that is not there is tried again, and then said to be unreachable', async () => {
		const host = await localHost(bench);
		const {reason, log} = await host.perform(pushScript({reference: await makeImage(`127.0.0.1:${await freePort()}`)}));
		expect(log.match(/trying again in \d+ s/g)).toHaveLength(3);
		expect(reason).toMatch(/cannot be reached: .*connection refused/);
	});

	test.each([
		[
			{
				status: 404,
				code: 'NAME_UNKNOWN',
				message: "The repository with name 'built/app' does not exist in the registry with id '123456789012'",
			},
			/has no repository built\/app-\d+$/,
			/^Create the repository/,
		],
		[{status: 403, code: 'DENIED', message: 'permission_denied: write_package'}, /asks for a login to push|does not let/, /./],
	] as const)('that answers %j says so', async (refusal, reason, next) => {
		const host = await localHost(bench);
		const server = await startRefusingRegistry(refusal);
		onTestFinished(() => server.stop());
		const outcome = await host.perform(pushScript({reference: await makeImage(server.host)}));
		expect(outcome.code).toBe(1);
		expect(outcome.reason).toMatch(reason);
		expect(outcome.next).toMatch(next);
	});

	test('keeps paths of a container for the next one: files, links, owners, modes and times', async () => {
		const host = await localHost(bench);
		const first = await runContainer();
		const long = `deep/${'folder-with-a-long-name/'.repeat(8)}file-ä`;
		await docker(
			...['exec', first, 'sh', '-c'],
			[
				'mkdir -p /root/.cache/pip /opt/data/sub',
				`mkdir -p "/root/.cache/pip/$(dirname '${long}')" && echo deep > '/root/.cache/pip/${long}'`,
				'echo one > /root/.cache/pip/one && chmod 640 /root/.cache/pip/one && chown 12:34 /root/.cache/pip/one',
				'touch -d "2020-01-02 03:04:05 UTC" /root/.cache/pip/one',
				'ln /root/.cache/pip/one /root/.cache/pip/hard && ln -s one /root/.cache/pip/soft',
				'chown 33:33 /opt/data && chmod 711 /opt/data && head -c 2000000 /dev/urandom > /opt/data/sub/bytes',
				'echo other > /root/.cache/not-kept',
			].join(' && '),
		);
		// The engine keeps times to the second.
		const sum = String.raw`cd / && find root/.cache/pip opt/data -printf '%p %y %m %U:%G %T@ %n %l\n' | sed 's/\.[0-9]* / /' | sort; cat opt/data/sub/bytes | sha256sum; cat root/.cache/pip/hard`;
		const options = {
			paths: ['/root/.cache/pip/', '/opt/data', '/opt/absent'],
			reference: `127.0.0.1:${registry.port}/cache/kept:1`,
		};
		const nothing = await host.perform(cacheRestoreScript({...options, container: first, authFile: await writeLogin(login)}));
		expect([nothing.code, nothing.reason]).toEqual([0, 'Nothing kept yet']);

		const saved = await host.perform(cacheSaveScript({...options, container: first, authFile: await writeLogin(login)}));
		expect(saved.code, saved.log).toBe(0);
		expect(saved.log).toContain('/opt/absent is not there\n');
		expect(saved.log).toMatch(/Packed 2\.\dMB\n/);
		expect(await docker('images', '-q', options.reference)).toBe('');

		const second = await runContainer();
		const restored = await host.perform(cacheRestoreScript({...options, container: second, authFile: await writeLogin(login)}));
		expect(restored.code, restored.log).toBe(0);
		expect(restored.log).toContain('/opt/absent was not kept\n');
		expect(await docker('exec', second, 'sh', '-c', sum)).toBe(await docker('exec', first, 'sh', '-c', sum));
		expect(await docker('exec', second, 'sh', '-c', 'ls -A /root/.cache')).toBe('pip');
		expect(await docker('images', '-q', options.reference)).toBe('');
		expect(await docker('ps', '-aq', '--filter', `name=${second}-cache`)).toBe('');

		// Once more, as after a kill in its middle.
		const again = await host.perform(cacheRestoreScript({...options, container: second, authFile: await writeLogin(login)}));
		expect(again.code, again.log).toBe(0);
		expect(await docker('exec', second, 'sh', '-c', sum)).toBe(await docker('exec', first, 'sh', '-c', sum));
	});

	test('is not asked to keep what is not there, and a refusal is told', async () => {
		const host = await localHost(bench);
		const container = await runContainer();
		const options = {container, reference: `127.0.0.1:${registry.port}/cache/none:1`};
		const none = await host.perform(cacheSaveScript({...options, paths: ['/opt/absent']}));
		expect([none.code, none.reason]).toEqual([0, 'Nothing to keep']);
		const refused = await host.perform(cacheSaveScript({...options, paths: ['/etc']}));
		expect(refused.reason).toMatch(/asks for a login to push cache\/none$/);
		await docker('rmi', '-f', options.reference);
		const restored = await host.perform(
			cacheRestoreScript({...options, paths: ['/etc'], authFile: await writeLogin({...login, password: 'wrong'})}),
		);
		expect([restored.code, restored.reason]).toEqual([1, expect.stringContaining('does not let this login pull')]);
		const nobody = await host.perform(cacheRestoreScript({...options, container: 'dt-engine-nobody', paths: ['/etc']}));
		expect(nobody.reason).toBe('there is no container dt-engine-nobody');
	});

	test('tells how much it has packed while it does', async () => {
		const host = await localHost(bench);
		const container = await runContainer();
		await docker(
			'exec',
			container,
			'sh',
			'-c',
			'mkdir /big && for i in 1 2 3 4 5 6 7 8; do head -c 20000000 /dev/zero > /big/$i; done',
		);
		const running = host.perform(
			cacheSaveScript({
				container,
				paths: ['/big'],
				reference: `127.0.0.1:${registry.port}/cache/big:1`,
				authFile: await writeLogin(login),
			}),
		);
		await eventually(
			async () => host.progress(),
			line => / 0 packing \/big$/.test(line),
		);
		const {code, log} = await running;
		expect(code, log).toBe(0);
	});
});
