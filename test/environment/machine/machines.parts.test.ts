import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {containerName} from '../../../source/agents/container/paths.js';
import {cacheRestoreScript, cacheSaveScript} from '../../../source/environment/machine/cache.js';
import {commitScript} from '../../../source/environment/machine/commit.js';
import {containerScript} from '../../../source/environment/machine/container.js';
import {engineScript} from '../../../source/environment/machine/engine.js';
import {gpuCheckScript} from '../../../source/environment/machine/gpu-check.js';
import {imageScript} from '../../../source/environment/machine/image.js';
import {pushScript} from '../../../source/environment/machine/push.js';
import {containerStateScript, explainState, parseContainerState} from '../../../source/environment/machine/state.js';
import {quote} from '../../../source/system/shell.js';
import {findBench} from '../../support/engine.js';
import {eventually} from '../../support/program.js';
import {findMachines} from '../../support/machines/index.js';
import {login, startTestRegistry, type TestRegistry} from './registry.js';
import {bootHost, type WholeHost} from './whole.js';

const bench = await findBench('Engines of whole machines', ['docker-registry', 'ssh-keygen']);
const machines = bench && (await findMachines('Engines of whole machines'));
afterAll(async () => machines?.close());

const bootstrap = `trap 'exit 0' TERM
while [ -e /dstack-tui/hold ]; do sleep 0.2; done
mkdir -p /run/sshd
[ -f /dstack-tui/host_key ] || ssh-keygen -q -t ed25519 -N '' -f /dstack-tui/host_key
/usr/sbin/sshd -D -e -p 10022 -o ListenAddress=127.0.0.1 -o HostKey=/dstack-tui/host_key -o PidFile=none &
wait $!
`;

const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

describe.skipIf(!bench || !machines)('a whole machine (needs docker-registry)', {timeout: 400_000}, () => {
	let registry: TestRegistry;
	let host: WholeHost;
	let base: string;

	const prepare = async ({sh, outer}: WholeHost) => {
		await sh(`mkdir -p /dstack-tui/environment && printf %s ${quote(bootstrap)} > /dstack-tui/environment/bootstrap`);
		await sh(
			`printf %s ${quote(JSON.stringify({debug: false, 'insecure-registries': ['10.9.9.9:5000']}))} > /etc/docker/daemon.json`,
		);
		return `${outer}:${registry.port}`;
	};

	const engine = (name: string, gpus = false) => engineScript({gpus, insecureRegistries: [name]});

	const putLogin = async ({sh}: WholeHost): Promise<string> => {
		await sh(`umask 077; printf %s ${quote(JSON.stringify({...login, serveraddress: ''}))} > /run/dt-login`);
		return '/run/dt-login';
	};

	const done = async (each: WholeHost, script: string): Promise<string> => {
		const {code, log} = await each.perform(script);
		expect(code, log).toBe(0);
		return log;
	};

	const container = (image: string, gpus = false) =>
		containerScript({image, hostname: 'brave-cat-1', run: 'brave-cat-1', intent: 'intent-1', gpus, privileged: false});

	const greeting = async ({sh}: WholeHost) =>
		sh(`bash -c 'exec 3<>/dev/tcp/127.0.0.1/10022 && timeout 5 head -c 7 <&3' 2>/dev/null || true`);

	beforeAll(async () => {
		if (!bench || !machines) {
			return;
		}

		registry = await startTestRegistry({isOpen: true, hasLogin: true});
		const {docker} = bench.engine;
		const local = `127.0.0.1:${registry.port}/team/base:1`;
		await docker('tag', bench.image, local);
		const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
		await writeFile(path.join(registry.folder, 'config.json'), JSON.stringify({auths: {[`127.0.0.1:${registry.port}`]: {auth}}}));
		await docker('--config', registry.folder, 'push', '-q', local);
		await docker('rmi', local);
		host = await bootHost(machines, bench.engine);
		base = `${await prepare(host)}/team/base:1`;
	});

	afterAll(async () => {
		await host?.destroy();
		await registry?.stop();
	});

	test('its engine takes the registries of the settings without a restart, other settings kept', async () => {
		const name = base.split('/')[0] ?? '';
		const pid = await host.sh('systemctl show -p MainPID docker');
		const log = await done(host, engine(name));
		expect(log).toMatch(/^The Docker engine \S+ answers\nThe Docker engine knows the registries of the settings\n$/);
		expect(JSON.parse(await host.sh('cat /etc/docker/daemon.json'))).toEqual({
			debug: false,
			'insecure-registries': [name, '10.9.9.9:5000'],
		});
		expect(await host.sh('systemctl show -p MainPID docker')).toBe(pid);
		expect(await done(host, engine(name))).toMatch(/^The Docker engine \S+ answers\n$/);

		await host.sh('systemctl stop docker.socket docker');
		expect(await done(host, engine(name))).toMatch(/^The Docker engine \S+ answers\n$/);

		await host.sh('cp /etc/docker/daemon.json /root/kept; echo "{broken" > /etc/docker/daemon.json');
		const broken = await host.perform(engine(name));
		expect(broken.code).toBe(1);
		expect(broken.log).toContain('/etc/docker/daemon.json is no JSON');
		await host.sh('mv /root/kept /etc/docker/daemon.json');
	});

	test('an image, its container, sshd in it, a build that another machine takes, and what was cached', async () => {
		await done(host, engine(base.split('/')[0] ?? ''));
		expect(await done(host, imageScript({reference: base, architecture, authFile: await putLogin(host)}))).toContain(
			'Pull complete',
		);
		expect(await host.sh('ls /run/dt-login')).toContain('No such file');
		await host.sh('touch /dstack-tui/environment/hold; echo code > /workflow/code.txt');
		await done(host, container(base));
		const inside = async (each: WholeHost, command: string) => each.sh(`docker exec ${containerName} sh -c ${quote(command)}`);
		expect(
			await inside(
				host,
				'cat /workflow/code.txt; hostname; mkdir -p /opt/built && date > /opt/built/when; mkdir -p /root/.cache/tool; echo kept > /root/.cache/tool/file',
			),
		).toBe('code\nbrave-cat-1');

		const reference = base.replace('/team/base:1', '/built/app:key');
		await done(host, commitScript({container: containerName, reference, labels: {'dstack-tui.build': 'key'}, baseImage: base}));
		await host.sh('rm /dstack-tui/environment/hold');
		await eventually(
			async () => greeting(host),
			text => text === 'SSH-2.0',
			60_000,
		);
		await done(host, pushScript({reference, authFile: await putLogin(host)}));
		const cache = base.replace('/team/base:1', '/cache/app:1');
		const paths = ['/root/.cache/tool'];
		await done(host, cacheSaveScript({container: containerName, paths, reference: cache, authFile: await putLogin(host)}));

		const second = await bootHost(machines!, bench!.engine);
		try {
			await done(second, engine(await prepare(second)));
			await done(second, imageScript({reference, architecture, authFile: await putLogin(second)}));
			await done(second, container(reference));
			expect(await inside(second, 'cat /opt/built/when')).toBe(await inside(host, 'cat /opt/built/when'));
			expect(await inside(second, 'ls -A /workflow')).toBe('');
			await inside(second, 'rm -rf /root/.cache');
			await done(
				second,
				cacheRestoreScript({container: containerName, paths, reference: cache, authFile: await putLogin(second)}),
			);
			expect(await inside(second, 'cat /root/.cache/tool/file')).toBe('kept');
		} finally {
			await second.destroy();
		}
	});

	test('after a reboot the container is up again', async () => {
		await host.reboot();
		await eventually(
			async () => greeting(host),
			text => text === 'SSH-2.0',
			60_000,
		);
		const {lastLines} = await host.perform(containerStateScript(containerName));
		const state = parseContainerState(lastLines.at(-1) ?? '');
		expect(state?.container).toMatchObject({running: true});
		expect(state && explainState(state)).toEqual([]);
		expect(await done(host, container(base))).toBe(`The container ${containerName} runs\n`);
	});

	/** These are programs that only say what NVIDIA's would: there is no GPU here. */
	const fakes = (gpus: readonly string[]) => `
		cat > /usr/local/bin/nvidia-smi <<'EOF'
#!/bin/sh
case "$1" in *memory.total*) columns=1,2,3 ;; *) columns=1,2 ;; esac
printf '%s\\n' ${gpus.map(each => `"${each}"`).join(' ')} | cut -d , -f "$columns"
EOF
		printf '#!/bin/sh\\nexit 0\\n' > /usr/bin/nvidia-container-runtime-hook
		printf '#!/bin/sh\\nexec runc "$@"\\n' > /usr/bin/nvidia-container-runtime
		cat > /usr/local/bin/nvidia-ctk <<'EOF'
#!/usr/bin/python3
import json
place = '/etc/docker/daemon.json'
found = json.load(open(place))
found['runtimes'] = {'nvidia': {'path': 'nvidia-container-runtime', 'runtimeArgs': []}}
json.dump(found, open(place, 'w'))
EOF
		chmod 755 /usr/local/bin/nvidia-* /usr/bin/nvidia-*`;

	test('GPUs, by programs that stand in for NVIDIA’s', async () => {
		const name = base.split('/')[0] ?? '';
		const none = await host.perform(engine(name, true));
		expect([none.code, none.reason]).toEqual([1, 'the machine has no NVIDIA driver (there is no nvidia-smi)']);
		expect(none.next).toContain('machine image with the driver');
		await host.sh(
			`printf '#!/bin/sh\\necho "NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver."; exit 9\\n' > /usr/local/bin/nvidia-smi; chmod 755 /usr/local/bin/nvidia-smi`,
		);
		expect((await host.perform(engine(name, true))).reason).toMatch(
			/^the machine's NVIDIA driver does not work: NVIDIA-SMI has failed/,
		);

		await host.sh(fakes(['NVIDIA A10G, 550.54.15, 23028 MiB', 'NVIDIA A10G, 550.54.15, 23028 MiB']));
		const log = await done(host, engine(name, true));
		expect(log).toContain('GPU 1: NVIDIA A10G, 23028 MiB\n2 GPUs, NVIDIA driver 550.54.15\n');
		expect(log).toContain('Containers can have the GPUs\n');
		expect(JSON.parse(await host.sh('cat /etc/docker/daemon.json'))).toMatchObject({
			'insecure-registries': [name, '10.9.9.9:5000'],
			runtimes: {nvidia: {}},
		});
		const pid = await host.sh('systemctl show -p MainPID docker');
		await done(host, engine(name, true));
		expect(await host.sh('systemctl show -p MainPID docker')).toBe(pid);

		await host.sh(`docker rm -f ${containerName}`);
		await done(host, container(base, true));
		const check = async (expected: {name: string; count: number}) =>
			host.perform(gpuCheckScript({container: containerName, expected}));
		const without = await check({name: 'A10G', count: 2});
		expect(without.reason).toMatch(
			/^there is no nvidia-smi in the container though the machine has GPUs: NVIDIA's container toolkit/,
		);

		const inside = async (script: string) =>
			host.sh(
				`printf %s ${quote(`#!/bin/sh\n${script}\n`)} > /dstack-tui/environment/smi; docker exec ${containerName} sh -c 'cp /dstack-tui/smi /usr/bin/nvidia-smi; chmod 755 /usr/bin/nvidia-smi'`,
			);
		const line = 'echo "NVIDIA A10G, 550.54.15"';
		await inside('echo "Failed to initialize NVML: Unknown Error"; exit 255');
		const lost = await check({name: 'A10G', count: 2});
		expect(lost.reason).toMatch(/^the GPUs are lost in the container \(Failed to initialize NVML: Unknown Error\): systemd/);
		expect(lost.next).toBe(`Run \`docker restart ${containerName}\` on the machine.`);
		await inside(line);
		expect((await check({name: 'A10G', count: 2})).reason).toBe("the container has 1 of the machine's 2 GPUs");
		await inside('echo "NVIDIA A10G, 535.1"; echo "NVIDIA A10G, 535.1"');
		expect((await check({name: 'A10G', count: 2})).reason).toMatch(/^the container has driver 535\.1, the machine 550\.54\.15/);
		await inside(`${line}; ${line}`);
		expect((await check({name: 'A10G', count: 4})).reason).toBe('the machine has 2 GPUs, the offer said 4');
		const right = await check({name: 'A10G', count: 2});
		expect([right.code, right.log]).toEqual([0, 'GPU 0: NVIDIA A10G, driver 550.54.15\nGPU 1: NVIDIA A10G, driver 550.54.15\n']);
		const other = await check({name: 'A10', count: 0.5});
		expect([other.code, other.reason]).toEqual([0, 'Warning: the offer said A10, the GPU calls itself NVIDIA A10G']);
	});

	test('a disk that is full says so, with what there was', async () => {
		await host.sh(
			'systemctl stop docker.socket docker && mount -t tmpfs -o size=150m tmpfs /var/lib/docker && systemctl start docker',
		);
		try {
			const {code, reason, next} = await host.perform(
				imageScript({reference: base, architecture, authFile: await putLogin(host)}),
			);
			expect(code).toBe(1);
			expect(reason).toMatch(
				/^the disk is full: 1\d\dMB were free in \/var\/lib\/docker before; its layers are \d+(\.\d)?MB packed, and more than that unpacked$/,
			);
			expect(next).toContain('`disk:`');
			expect(await host.sh('docker images -q')).toBe('');
		} finally {
			await host.sh('systemctl stop docker.socket docker; umount /var/lib/docker; systemctl start docker');
		}
	});

	test('one without an engine gets one from its distribution, as soon as nobody else installs', async () => {
		const reachable = await host.sh('apt-get -qq update >/dev/null 2>&1 && echo yes');
		if (reachable !== 'yes') {
			console.warn(
				"Engines of whole machines: installing one is skipped, missing: a way from the machine to its distribution's packages",
			);
			return;
		}

		await host.sh(
			'systemctl stop docker.socket docker; DEBIAN_FRONTEND=noninteractive apt-get -qq purge -y docker.io >/dev/null 2>&1; rm -rf /var/lib/apt/lists/*',
		);
		expect(await host.sh('command -v dockerd || echo none')).toBe('none');
		// As unattended-upgrades of a fresh machine holds them.
		await host.sh(
			`mkdir -p /var/lib/apt/lists; setsid python3 -c 'import fcntl, time; files = [open(each, "a") for each in ("/var/lib/apt/lists/lock", "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")]; [fcntl.lockf(each, fcntl.LOCK_EX) for each in files]; time.sleep(15)' >/dev/null 2>&1 &`,
		);
		const log = await done(host, engineScript({gpus: false, insecureRegistries: []}));
		expect(log).toContain('has no Docker engine; installing it\n');
		expect(log).toContain('Another installation is under way on the machine; waiting for it\n');
		expect(log).toMatch(/The Docker engine \S+ answers\n$/);
		expect(await host.sh('systemctl is-enabled docker')).toBe('enabled');
	});
});
