import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {expect, test} from 'vitest';
import {freePort} from '../support/sshd.js';
import {cliFile, objects, type World, withoutWaits} from '../support/program.js';
import {findWholeMachines, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/environment');
const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y', '--build'];
const steps = [
	...(['instance', 'ssh', 'guard', 'engine', 'image', 'container', 'code', 'python', 'build', 'commit', 'upload'] as const),
	...(['sshd', 'setup', 'ide', 'init'] as const),
];

const configuration = (port: number) => `type: dev-environment
python: "3.11"
ide: vscode
env:
  GREETING: "it's me, $HOME"
  TOKEN: very-secret-4711
ports:
  - ${port}:8000
build:
  - echo built >> /opt/built
  - sleep 1
  - cp requirements.txt /opt/
setup:
  - echo set up >> /root/count
  - printf '%s' "$GREETING" > /root/greeting
  - sleep 1
init:
  - echo begun >> /root/begun
  - nohup "$VIRTUAL_ENV/bin/python" -m http.server 8000 --bind 127.0.0.1 > /dev/null 2>&1 &
`;

/** A repository with every kind of change. */
async function makeRepository(world: World, port: number): Promise<void> {
	await world.write({'.dstack.yml': configuration(port), 'requirements.txt': 'one\n', 'a.txt': 'a\n', 'gone.txt': 'x\n'});
	world.git('init', '-q');
	world.git('add', '.');
	world.git('commit', '-qm', 'one');
	await world.write({'a.txt': 'changed\n', 'staged.txt': 's\n', 'new file.txt': 'n\n'});
	world.git('add', 'staged.txt');
	world.git('rm', '-q', 'gone.txt');
}

const journalOf = ({home}: World, name: string) => path.join(home, 'dt/runs', name, 'journal.jsonl');

/** Starts `run` and kills it as soon as a step has begun; tells whether it came so far. */
async function killIn(world: World, name: string, step: string): Promise<boolean> {
	const journal = journalOf(world, name);
	const sign = new RegExp(`"type":"step-started"[^\\n]*"step":"${step}"|"step":"${step}"[^\\n]*"type":"step-started"`);
	const child = spawn(process.execPath, [cliFile, 'run', '.', '-n', name, '--plain', ...asked], {
		cwd: world.project,
		env: world.env,
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let said = '';
	child.stdout.on('data', text => (said += String(text)));
	child.stderr.on('data', text => (said += String(text)));
	const ended = new Promise(resolve => {
		child.once('exit', resolve);
	});
	const isThere = async () => existsSync(journal) && sign.test(await readFile(journal, 'utf8'));
	while (child.exitCode === null && !(await isThere())) {
		await new Promise(resolve => setTimeout(resolve, 5));
	}

	const isKilled = child.kill('SIGKILL');
	await ended;
	expect(`${step} ${isKilled || said}`).toBe(`${step} true`);
	return isKilled;
}

test.skipIf(!whole)(
	'killed and started again in every step, it becomes an environment as it was asked for; the next run takes its image',
	async () => {
		const {world, ec2} = await makeAccount({machines: whole?.machines}, whole?.registry);
		const port = await freePort();
		await makeRepository(world, port);
		const here = world.git('status', '--porcelain=v2', '--branch');
		for (const step of steps) {
			await killIn(world, 'brave-ant-1', step);
		}

		const first = world.start(['run', '.', '-n', 'brave-ant-1', '--plain', ...asked]);
		await first.until(/^Shell: /m);
		expect(ec2.alive()).toHaveLength(1);
		const ssh = async (name: string, command: string) => {
			const {code, stdout, stderr} = await world.run('ssh', [...world.sshOptions, name, command]);
			return code === 0 ? stdout : `${code} ${stderr}`;
		};

		expect(await ssh('brave-ant-1', 'cd /workflow && git status --porcelain=v2 --branch')).toBe(here);
		expect(await ssh('brave-ant-1', 'cat /opt/built /opt/requirements.txt /root/count')).toBe('built\none\nset up\n');
		expect(await ssh('brave-ant-1', 'cat /root/greeting; echo; echo "$GREETING"')).toBe(`it's me, $HOME\nit's me, $HOME\n`);
		expect(await ssh('brave-ant-1', 'python -c "import sys; print(sys.version_info[:2], sys.prefix)"')).toBe(
			'(3, 11) /opt/dstack-tui/venv\n',
		);
		const served = await fetch(`http://127.0.0.1:${port}/a.txt`);
		expect(await served.text()).toBe('changed\n');
		// The machine itself is another place, and has none of it.
		expect(await ssh('brave-ant-1-host', 'ls /opt/built 2>&1; test -d /dstack-tui/environment && echo machine')).toContain(
			'machine',
		);
		const events = objects<{type: string; step?: string}>(await readFile(journalOf(world, 'brave-ant-1'), 'utf8'));
		expect(events.filter(({type, step}) => type === 'step-done' && step === 'build')).toHaveLength(1);
		first.child.kill('SIGTERM');
		await first.ended;

		const second = await world.cli(['run', '.', '-d', '-n', 'brave-ant-2', ...asked]);
		expect(`${second.code} ${withoutWaits(second.stderr)}`).toBe('0 ');
		expect(await ssh('brave-ant-2', 'cat /opt/built /opt/requirements.txt /root/count')).toBe('built\none\nset up\n');
		expect(await ssh('brave-ant-2', 'cd /workflow && git status --porcelain=v2 --branch')).toBe(here);
		const again = await readFile(journalOf(world, 'brave-ant-2'), 'utf8');
		expect(again).not.toContain('"step":"build"');
		// What was kept as an image and brought to a registry holds nothing of the run.
		const kept = await ssh('brave-ant-2-host', 'docker image ls --format "{{.Repository}}" | grep builds | head -n 1');
		expect(kept).toContain('builds/env');
		for (const name of ['brave-ant-1', 'brave-ant-2']) {
			expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});
		}

		expect(ec2.alive()).toEqual([]);
	},
	600_000,
);
