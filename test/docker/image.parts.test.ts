import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {type Bench, findBench} from '../support/engine.js';
import {eventually, hasCommand, type Started} from '../support/program.js';
import {freePort} from '../support/sshd.js';
import {login, type Registry, startRegistry} from './registry.js';
import {configuration, type DockerWorld, type Line, lines, linesOf, makeDockerWorld, objects, readyOf} from './support.js';

const found = await findBench('Images in Docker', ['ssh', 'git']);
const bench = found as Bench;

const withImage = (image: string, more = ''): string => `${configuration}image: ${image}\n${more}`;

/** An image of the base one's files after `script`, with `changes` to its configuration, for one test. */
async function derive(script: string, ...changes: readonly string[]): Promise<string> {
	const {docker} = bench.engine;
	const container = await docker('create', '--entrypoint', '/bin/sh', bench.image, '-c', script);
	await docker('start', '-a', container);
	const options = changes.flatMap(change => ['--change', change]);
	const id = await docker('commit', ...options, container);
	await docker('rm', container);
	const name = `dstack-tui-test-derived:${id.slice(-12)}`;
	await docker('tag', id, name);
	onTestFinished(async () => {
		await docker('rmi', '-f', name);
	});
	return name;
}

/** What `offers` lists; it ends with 3 when none of them can be had. */
const offersOf = async ({cli}: DockerWorld, expected: 0 | 3): Promise<readonly Line[]> => {
	const {code, stdout, stderr} = await cli(['offers', '--backend', 'local', '--json']);
	expect(code, stderr + stdout).toBe(expected);
	return objects(stdout).filter(({id}) => id !== undefined);
};

/** `run` that is to fail before there is an environment: what it said, with nothing left behind. */
async function refused(world: DockerWorld, code: number): Promise<string> {
	const result = await world.cli(['run', '.', '-y', '-d', '-n', 'refused']);
	expect(result.code, result.stderr + result.stdout).toBe(code);
	expect(await world.containers()).toEqual([]);
	return result.stderr;
}

describe.skipIf(!found)('images of a real engine', {timeout: 120_000}, () => {
	test('one that is neither here nor can be pulled makes the offer unavailable, with the reason', async () => {
		const image = `localhost:${await freePort()}/nothing:1`;
		const world = await makeDockerWorld(bench, withImage(image));
		const offers = await offersOf(world, 3);
		const docker = offers.find(({id}) => id === 'local/here/docker');
		expect(docker).toMatchObject({availability: 'unavailable', usable: false});
		expect(String(docker?.['notes'])).toContain(`The image ${image} is neither here nor can it be pulled`);
		expect(String(docker?.['notes'])).toContain('connection refused');
		expect(offers.find(({id}) => id === 'local/here/process')).toMatchObject({usable: false});
		expect(await refused(world, 3)).toContain(`The image ${image} is neither here nor can it be pulled`);
		expect(await world.ps('-a')).toEqual([]);
	});

	test('where the default one cannot be had, -y alone runs nothing as the person on this machine itself', async () => {
		const world = await makeDockerWorld(bench, `${configuration}setup:\n  - touch "$HOME/ran"\n`);
		Object.assign(world.env, {DSTACK_TUI_IMAGE: `localhost:${await freePort()}/nothing:1`, DSTACK_TUI_PROCESS: 'ask'});
		const told = await refused(world, 3);
		expect(told).toContain('-y alone starts no process of this machine');
		expect(told).toContain('neither here nor can it be pulled');
		expect(told).toContain('--backend local --instance-type process');
		const alsoOfTheFile = `${configuration}setup:\n  - touch "$HOME/ran"\nbackends: [local]\ninstance_types: [process]\n`;
		await world.write({'.dstack.yml': alsoOfTheFile});
		expect(await refused(world, 3)).toContain('-y alone starts no process of this machine');
		expect(await readdir(world.home)).not.toContain('ran');
		expect(await world.strays()).toEqual([]);
		expect(await world.ps('-a')).toEqual([]);
		const {lines} = await world.ready(['--backend', 'local', '--instance-type', 'process']);
		expect(lines.find(({type}) => type === 'plan')).toMatchObject({offer: {kind: 'process'}, isolation: 'process'});
		expect(await readdir(world.home)).toContain('ran');
	});

	test.each(['Not An:Image', 'UPPER/Case:1'])(
		'a name that is none (%s) makes the offer unavailable and hides no other',
		async image => {
			const offers = await offersOf(await makeDockerWorld(bench, withImage(`"${image}"`)), 3);
			expect(offers.map(({id}) => id).sort()).toEqual(['local/here/docker', 'local/here/process']);
			const docker = offers.find(({id}) => id === 'local/here/docker');
			expect(docker).toMatchObject({availability: 'unavailable'});
			expect(String(docker?.['notes'])).toMatch(/is no name of an image|invalid reference format/);
		},
	);

	test('its own variables, user, folder and entry point: the first hold in sessions, the others do not get in the way', async () => {
		const image = await derive(
			'mkdir -p /opt/tool && printf "#!/bin/sh\\necho tool\\n" > /opt/tool/tool && chmod 755 /opt/tool/tool',
			'ENV OF_IMAGE="two words"',
			'ENV PATH=/opt/tool:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
			'USER nobody',
			'WORKDIR /opt',
			'ENTRYPOINT ["/bin/false"]',
			'CMD ["nothing"]',
		);
		const world = await makeDockerWorld(bench, withImage(image, 'setup:\n  - tool > /root/setup\n'));
		const {name} = await world.ready();
		expect((await world.ssh(name, 'id -un; pwd; echo "$OF_IMAGE"; tool; cat /root/setup')).stdout).toBe(
			'root\n/workflow\ntwo words\ntool\ntool\n',
		);
	});

	test('one without an SSH server is refused with the lines that it lacks', async () => {
		const image = await derive('rm -f /usr/sbin/sshd');
		const words = await refused(await makeDockerWorld(bench, withImage(image)), 4);
		expect(words).toContain('The image has no SSH server (sshd)');
		expect(words).toContain(
			[
				'build:',
				'  - apt-get update',
				'  - DEBIAN_FRONTEND=noninteractive apt-get install -y openssh-server',
				'  - rm -rf /var/lib/apt/lists/*',
				'',
			].join('\n'),
		);
	});

	test('one without a package manager either is refused with what it takes', async () => {
		const image = await derive('rm -f /usr/sbin/sshd /usr/bin/apt-get');
		const words = await refused(await makeDockerWorld(bench, withImage(image)), 4);
		expect(words).toContain('choose an image that has it, or one with a package manager');
	});

	test('one without a shell is refused with the engine’s words', async () => {
		const image = await derive('rm -f /bin/sh /usr/bin/sh');
		const words = await refused(await makeDockerWorld(bench, withImage(image)), 4);
		expect(words).toMatch(/\/bin\/sh.*no such file/);
	});
});

const hasRegistry = hasCommand('docker-registry');
if (found && !hasRegistry) {
	console.warn('Pulling images in Docker: skipped, missing: docker-registry');
}

describe.skipIf(!found || !hasRegistry)(
	'pulling from a registry with a login (needs docker-registry)',
	{timeout: 120_000},
	() => {
		let registry: Registry;
		beforeAll(async () => {
			registry = await startRegistry(bench);
		});
		afterAll(async () => registry?.stop());

		const isHere = async () =>
			bench.engine.docker('image', 'inspect', '--format', '{{.Id}}', registry.image).then(
				() => true,
				() => false,
			);

		async function makePuller(password = login.password, image = registry.image): Promise<DockerWorld> {
			await bench.engine.docker('rmi', image).catch(() => '');
			expect(await isHere()).toBe(false);
			const auth = `registry_auth:\n  username: ${login.username}\n  password: ${password}\n`;
			const world = await makeDockerWorld(bench, withImage(image, auth));
			onTestFinished(() => registry.release());
			return world;
		}

		/** Until the pull tells of some, but not all of the bytes. */
		const untilHalfway = async (program: Started): Promise<string> => {
			const texts = () =>
				linesOf(program)
					.filter(({type, step}) => type === 'step-progress' && step === 'image')
					.map(({text}) => String(text));
			const halfway = /\b([1-9]|[1-9]\d) %.* of \d+(\.\d+)?MB/;
			const all = await eventually(texts, each => each.some(text => halfway.test(text)));
			return all.find(text => halfway.test(text)) ?? '';
		};

		test('the bytes of what is missing here are told while they come, and the password is kept out of everything', async () => {
			const world = await makePuller();
			expect((await offersOf(world, 0))[0]).toMatchObject({
				id: 'local/here/docker',
				availability: 'unknown',
				usable: true,
				notes: [expect.stringContaining('needs a login')],
			});
			registry.hold(8 * 1024 * 1024);
			const program = world.start(['run', '.', '-y', '-d', '--json']);
			const text = await untilHalfway(program);
			expect(Number(/ of (\d+(?:\.\d+)?)MB/.exec(text)?.[1])).toBeCloseTo(registry.megabytes, -1);
			expect(linesOf(program).some(({type, step}) => type === 'step-done' && step === 'image')).toBe(false);
			registry.release();
			const {code, stdout, stderr} = await program.ended;
			expect(code, stderr + stdout).toBe(0);
			expect(await isHere()).toBe(true);
			const {name} = readyOf(stdout);
			expect((await world.ssh(name, 'wc -c < /layer')).stdout.trim()).toBe(String(registry.megabytes * 1024 * 1024));

			const logs = await world.cli(['logs', name]);
			expect(logs.stdout).toContain(`Pulling ${registry.image}`);
			expect(logs.stdout).toContain('Pull complete');
			const folder = path.join(world.home, 'dt/runs', name);
			const entries = await readdir(folder, {recursive: true, withFileTypes: true});
			const holders = [];
			for (const entry of entries.filter(each => each.isFile())) {
				const text = await readFile(path.join(entry.parentPath, entry.name), 'utf8');
				if (text.includes(login.password)) {
					holders.push(entry.name);
				}
			}

			expect(holders).toEqual(['secrets.json']);
			expect(stdout + stderr + logs.stdout).not.toContain(login.password);
			expect(await bench.engine.docker('inspect', ...(await world.containers()))).not.toContain(login.password);

			// What is here is not pulled again.
			registry.hold(0);
			const again = await world.ready(['-n', 'again']);
			expect(again.lines.some(({step}) => step === 'image')).toBe(false);
		});

		test('a wrong password is a refusal that says so', async () => {
			const world = await makePuller('wrong');
			const result = await world.cli(['run', '.', '-y', '-d', '--json', '-n', 'refused']);
			expect(result.code, result.stdout).toBe(4);
			const all = objects(result.stdout);
			expect(all.find(({type}) => type === 'attempt-failed')).toMatchObject({errorClass: 'permission'});
			expect(all.at(-1)).toMatchObject({type: 'error', kind: 'not-provisioned', next: expect.stringContaining('registry_auth')});
			expect(await world.containers()).toEqual([]);
			expect(await world.ps()).toEqual([]);
		});

		test('a tag that the registry does not have is a matter of the configuration', async () => {
			const image = registry.image.replace(/:1$/, ':2');
			const world = await makePuller(login.password, image);
			const result = await world.cli(['run', '.', '-y', '-d', '--json', '-n', 'refused']);
			expect(result.code, result.stdout).toBe(4);
			const all = objects(result.stdout);
			expect(all.find(({type}) => type === 'attempt-failed')).toMatchObject({errorClass: 'configuration'});
			expect(all.at(-1)).toMatchObject({type: 'error', next: expect.stringContaining('the tag of `image`')});
			expect(await world.ps()).toEqual([]);
		});

		test('an interrupt in the middle ends it, with nothing left', async () => {
			const world = await makePuller();
			registry.hold(8 * 1024 * 1024);
			const program = world.start(['run', '.', '-y', '--json']);
			await untilHalfway(program);
			program.child.kill('SIGINT');
			expect((await program.ended).code).toBe(130);
			expect(await world.containers()).toEqual([]);
			expect(await world.ps()).toEqual([]);
			expect(await isHere()).toBe(false);
		});

		test('after kill -9 in the middle, run again pulls and becomes ready with one container', async () => {
			const world = await makePuller();
			registry.hold(8 * 1024 * 1024);
			const program = world.start(['run', '.', '-y', '--json', '-n', 'once']);
			await untilHalfway(program);
			program.child.kill('SIGKILL');
			await program.ended;
			registry.release();
			const {code, stdout, stderr} = await world.cli(['run', '.', '-y', '-d', '--json']);
			expect(code, stderr + stdout).toBe(0);
			expect(readyOf(stdout).name).toBe('once');
			expect(await world.containers()).toHaveLength(1);
			expect(lines((await world.ssh('once', 'pwd')).stdout)).toEqual(['/workflow']);
		});
	},
);
