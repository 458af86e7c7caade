import {randomBytes} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {spawn} from 'node:child_process';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {type Bench, findBench} from '../support/engine.js';
import {eventually} from '../support/program.js';
import {freePort} from '../support/sshd.js';
import {configuration, lines, linesOf, makeDockerWorld, objects} from './support.js';

const found = await findBench('Environments in Docker', ['ssh', 'git']);
const bench = found as Bench;

const fetchText = async (url: string): Promise<string> =>
	fetch(url, {signal: AbortSignal.timeout(5000)}).then(
		async response => response.text(),
		error => `no answer: ${String(error)}`,
	);

describe.skipIf(!found)('an environment in a container of a real engine', {timeout: 120_000}, () => {
	test('the offer has what the engine has, and the plan chooses it', async () => {
		const {cli} = await makeDockerWorld(bench);
		const {code, stdout, stderr} = await cli(['offers', '--backend', 'local', '--json']);
		expect(code, stderr).toBe(0);
		const [cpu, memory] = lines(await bench.engine.docker('info', '--format', '{{.NCPU}}\n{{.MemTotal}}')).map(Number);
		const [first] = objects(stdout);
		expect(first).toMatchObject({
			id: 'local/here/docker',
			cpu,
			memory: Math.floor((memory ?? 0) / 1024 / 1024),
			price: 0,
			availability: 'available',
			deadline: 'guest',
			usable: true,
		});
		expect(cpu).toBeGreaterThan(0);
	});

	test('from a configuration to ready: variables, setup and init, and the code exactly as it stands', async () => {
		const yaml = [
			'type: dev-environment',
			'env:',
			'  GREETING: "hello $USER \'there\'"',
			'setup:',
			'  - echo "$GREETING" > /root/setup',
			'  - cd /tmp && export CARRIED=over',
			'  - pwd >> /root/setup; echo "$CARRIED" >> /root/setup',
			'init:',
			'  - echo "$GREETING" > /root/init',
			'ide: vscode',
			'',
		].join('\n');
		const {ready, ssh, git, containers, ps, cli} = await makeDockerWorld(bench, yaml);
		const {name, lines: events} = await ready();
		expect(events.filter(({type}) => type === 'step-done').map(({step}) => step)).toEqual([
			'instance',
			'ssh',
			'guard',
			'code',
			'setup',
			'ide',
			'init',
		]);
		expect((await ssh(name, 'cat /root/setup /root/init; echo "$GREETING"')).stdout).toBe(
			"hello $USER 'there'\n/tmp\nover\nhello $USER 'there'\nhello $USER 'there'\n",
		);
		expect((await ssh(name, 'pwd; git status --porcelain')).stdout).toBe(`/workflow\n${git('status', '--porcelain')}`);
		expect(git('status', '--porcelain').split('\n').length).toBeGreaterThan(6);
		expect((await ssh(name, 'git diff HEAD; git log --format=%H%s')).stdout).toBe(
			git('diff', 'HEAD') + git('log', '--format=%H%s'),
		);
		expect((await ssh(name, 'readlink link; ./script.sh; test -e ignored || echo left out')).stdout).toBe(
			'kept.txt\nrun\nleft out\n',
		);
		expect((await ssh(name, 'sh -c "exit 7"')).code).toBe(7);
		expect(await ps()).toMatchObject([{name, phase: 'ready', workspace: '/workflow', offer: {instanceType: 'docker'}}]);
		expect(await containers()).toHaveLength(1);
		const logs = await cli(['logs', name]);
		expect(logs.stdout).toContain('[setup] + pwd >> /root/setup');
	});

	test('login shells and commands both start where the code is, with the configuration’s variables', async () => {
		const {ready, run, sshOptions} = await makeDockerWorld(bench, `${configuration}env:\n  WORD: spoken\n`);
		const {name} = await ready();
		const {stdout} = await run('ssh', [...sshOptions, '-T', name], {input: 'pwd; echo "$WORD"; echo "$0"; echo "$SHELL"\n'});
		expect(lines(stdout).slice(-4, -2)).toEqual(['/workflow', 'spoken']);
		expect(lines(stdout).slice(-2).join(' ')).toMatch(/bash.*\/bash$/);
	});

	test('scp, rsync, git clone and port forwards of the real clients, while the program is not running', async context => {
		const {ready, run, ssh, sshOptions, home, project, git} = await makeDockerWorld(
			bench,
			`${configuration}init:\n  - (cd /workflow && exec python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 </dev/null &)\n`,
		);
		const {name} = await ready();
		const config = path.join(home, '.ssh/config');

		const bytes = randomBytes(2_000_000);
		await writeFile(path.join(home, 'blob'), bytes);
		expect(await run('scp', ['-q', ...sshOptions, path.join(home, 'blob'), `${name}:/root/blob`])).toMatchObject({code: 0});
		expect(await run('scp', ['-q', ...sshOptions, `${name}:/root/blob`, path.join(home, 'back')])).toMatchObject({code: 0});
		expect((await readFile(path.join(home, 'back'))).equals(bytes)).toBe(true);

		const env = {GIT_SSH_COMMAND: `ssh -F ${config}`};
		const cloned = await run('git', ['clone', '-q', `${name}:/workflow`, path.join(home, 'clone')], {env});
		expect(cloned.code, cloned.stderr).toBe(0);
		expect((await run('git', ['-C', path.join(home, 'clone'), 'log', '--format=%H'])).stdout).toBe(git('log', '--format=%H'));

		const port = await freePort();
		const forward = spawn('ssh', [...sshOptions, '-N', '-L', `${port}:127.0.0.1:8123`, name], {stdio: 'ignore'});
		onTestFinished(() => {
			forward.kill();
		});
		expect(
			await eventually(
				async () => fetchText(`http://127.0.0.1:${port}/kept.txt`),
				text => text === 'kept\n',
			),
		).toBe('kept\n');

		if ((await run('sh', ['-c', 'command -v rsync'])).code !== 0) {
			context.skip('rsync is missing');
		}

		const shell = ['-e', `ssh -F ${config}`];
		expect(await run('rsync', ['-a', ...shell, `${project}/`, `${name}:/root/copy/`])).toMatchObject({code: 0});
		expect((await ssh(name, 'cat /root/copy/changed.txt; readlink /root/copy/link')).stdout).toBe('after\nkept.txt\n');
		expect(await run('rsync', ['-a', ...shell, `${name}:/root/copy/`, path.join(home, 'copy')])).toMatchObject({code: 0});
		expect((await run('diff', ['-r', '--no-dereference', project, path.join(home, 'copy')])).stdout).toBe('');
	});

	test('a port of the configuration answers here as long as the program runs, and the environment outlives it', async () => {
		const {start, ssh, containers} = await makeDockerWorld(
			bench,
			`${configuration}ports:\n  - "*:8124"\ninit:\n  - (cd /workflow && exec python3 -m http.server 8124 >/dev/null 2>&1 </dev/null &)\n`,
		);
		const program = start(['run', '.', '-y', '--json']);
		await program.until('"type":"connected"');
		const connected = linesOf(program).find(({type}) => type === 'connected');
		const [port] = connected?.['ports'] as Array<{local: number; remote: number}>;
		expect(port).toMatchObject({remote: 8124});
		const url = `http://127.0.0.1:${port?.local}/kept.txt`;
		expect(
			await eventually(
				async () => fetchText(url),
				text => text === 'kept\n',
			),
		).toBe('kept\n');
		program.child.kill('SIGTERM');
		expect((await program.ended).code).not.toBe(0);
		expect(await fetchText(url)).toContain('no answer');
		expect((await ssh(String(connected?.['name']), 'curl -s http://127.0.0.1:8124/kept.txt')).stdout).toBe('kept\n');
		expect(await containers()).toHaveLength(1);
	});

	test('shm_size is what /dev/shm has', async () => {
		const {ready, ssh, write} = await makeDockerWorld(bench);
		await write({'.dstack/profiles.yml': 'profiles:\n  - name: large\n    resources:\n      shm_size: 200MB\n'});
		const [small, large] = [(await ready()).name, (await ready(['--profile', 'large'])).name];
		const size = async (name: string) => (await ssh(name, 'df -B1M --output=size /dev/shm | tail -n 1')).stdout.trim();
		expect([await size(small), await size(large)]).toEqual(['64', '200']);
	});

	test('python is the asked version in every session, also without an image in the configuration', async () => {
		const version = await bench.engine.docker(
			...['run', '--rm', '--entrypoint', 'python3', bench.image, '-c'],
			'import sys; print("%d.%d" % sys.version_info[:2])',
		);
		const {ready, ssh, containers} = await makeDockerWorld(
			bench,
			`${configuration}python: "${version}"\nsetup:\n  - python -c "import sys; print(sys.prefix)" > /root/prefix\n`,
		);
		const {name} = await ready();
		expect((await ssh(name, 'python -c "import sys; print(sys.version_info[:2], sys.prefix)"; cat /root/prefix')).stdout).toBe(
			`(${version.replace('.', ', ')}) /opt/dstack-tui/venv\n/opt/dstack-tui/venv\n`,
		);
		expect(await bench.engine.docker('inspect', '--format', '{{.Config.Image}}', ...(await containers()))).toBe(bench.image);
	});

	test('a Python that is not to be had is said with the versions that are', async () => {
		const {cli} = await makeDockerWorld(bench, `${configuration}python: "3.6"\n`);
		const {code, stderr, stdout} = await cli(['run', '.', '-y', '-d']);
		expect(code).toBe(1);
		expect(stderr + stdout).toMatch(/no Python 3\.6 here; found: 3\.\d+/);
	});

	test('what setup makes in the code is nobody’s work, and logins are counted', async () => {
		const {ready, ssh} = await makeDockerWorld(bench, `${configuration}setup:\n  - touch made\n`);
		const {name} = await ready();
		const asked = await ssh(name, 'ls made; sh /dstack-tui/work-check; grep -c ^Accepted /dstack-tui/logins');
		// The program's own, and this one.
		expect(asked).toMatchObject({stdout: 'made\n2\n'});
	});

	test('a setup that fails leaves the environment reachable, and attach tries it again', async () => {
		const {cli, ssh, ps, containers} = await makeDockerWorld(
			bench,
			`${configuration}setup:\n  - echo begun >> /root/begun\n  - test -e /root/mended\ninit:\n  - echo begun >> /root/init\n`,
		);
		const failed = await cli(['run', '.', '-y', '-d', '-n', 'broken']);
		expect(failed.code).toBe(1);
		expect(failed.stderr).toContain('`test -e /root/mended` ended with exit code 1');
		expect(await ps()).toMatchObject([{name: 'broken', phase: 'failed', failure: {step: 'setup', code: 1}}]);
		const before = await containers();

		const again = await cli(['attach', 'broken', '-d', '--plain']);
		expect(again.code, again.stdout).toBe(1);
		expect((await ssh('broken', 'cat /root/begun; ls /root/init')).stdout).toBe('begun\nbegun\n');

		expect(await ssh('broken', 'touch /root/mended')).toMatchObject({code: 0});
		const mended = await cli(['attach', 'broken', '-d', '--plain']);
		expect(mended.code, mended.stderr).toBe(0);
		expect(await ps()).toMatchObject([{name: 'broken', phase: 'ready', failure: null}]);
		expect((await ssh('broken', 'cat /root/init')).stdout).toBe('begun\n');
		expect(await containers()).toEqual(before);
	});
});
