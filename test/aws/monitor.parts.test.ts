import {spawn} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {expect, onTestFinished, test} from 'vitest';
import {cliFile, eventually, objects, type World, withoutWaits} from '../support/program.js';
import {freePort} from '../support/sshd.js';
import {Terminal} from '../support/terminal.js';
import {findWholeMachines, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/monitor');
const name = 'brave-ant-1';
/** How long a new connection waits for its link, seconds. */
const hold = 20;

type Answer = {readonly at: number; readonly took: number; readonly said: string; readonly code: number | null};

/** What `curl` ends with where no program has the port. */
const refused = 7;

/** Asks once, with `curl`. */
async function askOnce(url: string): Promise<Answer> {
	const at = Date.now();
	const child = spawn('curl', ['-sS', '--max-time', '60', url], {stdio: ['ignore', 'pipe', 'pipe']});
	let said = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.on('data', piece => (said += String(piece)));
	}

	const code = await new Promise<number | null>(resolve => child.once('close', resolve));
	return {at, took: Date.now() - at, said: said.trim(), code};
}

/** `curl` again and again: with the moment it was begun, how long it took, and what came of it. */
function curlLoop(url: string) {
	const answers: Answer[] = [];
	let isOver = false;
	const ask = async (): Promise<void> => {
		while (!isOver) {
			answers.push(await askOnce(url));
			await new Promise(resolve => setTimeout(resolve, 100));
		}
	};

	let loop = ask();
	return {
		answers,
		/** Goes on after `stop`. */
		start(): void {
			isOver = false;
			loop = ask();
		},
		/** Waits for an answer to a question that is asked from now on. */
		async next(): Promise<Answer> {
			const count = answers.length;
			while (answers.length < count + 2) {
				await new Promise(resolve => setTimeout(resolve, 50));
			}

			return answers[count + 1] as Answer;
		},
		async stop(): Promise<void> {
			isOver = true;
			await loop;
		},
	};
}

/** When the link was away, by the journal. */
async function outages({home}: World): Promise<Array<{readonly from: number; readonly to: number}>> {
	const events = objects<{type: string; at: number}>(await readFile(path.join(home, 'dt/runs', name, 'journal.jsonl'), 'utf8'));
	const found = [];
	let down = 0;
	for (const {type, at} of events) {
		if (type === 'tunnel-down') {
			down ||= at;
		} else if (type === 'tunnel-up' && down > 0) {
			found.push({from: down, to: at});
			down = 0;
		}
	}

	return found;
}

/** The title of the screen where the link answers, and where it does not. */
const up = /›.*connected.* ● /;
const away = /› (?!connected).* ◌ /;

test.skipIf(!whole)(
	'left running while its link is frozen and cut, its machine rebooted, its terminal resized and suspended: it is right about what works, and curl never fails',
	async () => {
		const machines = whole?.machines;
		const {world, ec2} = await makeAccount({machines}, whole?.registry);
		const port = await freePort();
		const script =
			'type: dev-environment\nports:\n' +
			`  - ${port}:8000\n` +
			'init:\n  - date +%s.%N >> /workflow/begun\n  - cd /workflow && nohup python3 -m http.server 8000 --bind 127.0.0.1 > /dev/null 2>&1 &\n';
		await world.write({'.dstack.yml': script, 'answer.txt': 'forty-two\n'});
		const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '2h', '-y'];
		const started = await world.cli(['run', '.', '-n', name, '-d', ...asked]);
		expect(`${started.code} ${withoutWaits(started.stderr)}`).toBe('0 ');
		const instance = ec2.alive()[0]?.id ?? '';
		const there = async (...command: readonly string[]) => machines?.execute(instance, ...command);

		// A shell with jobs, so that ctrl-z has somewhere to go.
		const terminal = new Terminal('bash', ['--norc', '-i'], {
			columns: 120,
			rows: 30,
			cwd: world.project,
			env: {...world.env, PS1: 'shell> '},
		});
		onTestFinished(async () => {
			terminal.kill('SIGKILL');
			await terminal.ended;
		});
		await terminal.until('shell> ');
		terminal.press(`${process.execPath} ${cliFile} attach ${name}`, 'enter');
		await terminal.until(up, 60_000);
		const url = `http://127.0.0.1:${port}/answer.txt`;
		const curl = curlLoop(url);
		onTestFinished(async () => curl.stop());
		expect(await curl.next()).toMatchObject({said: 'forty-two', code: 0});

		// Frozen: nothing answers and nothing is closed.
		await machines?.pause(instance);
		await terminal.until(away);
		await machines?.unpause(instance);
		await terminal.until(up);
		expect(await curl.next()).toMatchObject({code: 0});

		// Cut: the server's side of every session is killed.
		await there('pkill', '-KILL', '-f', '^sshd: .*@notty');
		await terminal.until(/1 reconnect|2 reconnects/);
		await terminal.until(up);
		expect(await curl.next()).toMatchObject({code: 0});

		// Resized, while it is away too.
		await machines?.pause(instance);
		terminal.resize(80, 24);
		await terminal.until(away);
		terminal.resize(200, 50);
		await terminal.until(away);
		await machines?.unpause(instance);
		await terminal.until(up);
		terminal.resize(120, 30);
		await terminal.until(up);

		// Suspended: its port is closed, so that nobody waits for what sleeps, and is there again after.
		await curl.stop();
		terminal.press('ctrl-z');
		await terminal.until(text => text.includes('Stopped') && !terminal.isAlternate());
		expect(await askOnce(url)).toMatchObject({code: refused});
		terminal.press('fg', 'enter');
		await terminal.until(text => up.test(text) && terminal.isAlternate());
		await eventually(
			async () => askOnce(url),
			({code}) => code === 0,
		);
		curl.start();
		expect(await curl.next()).toMatchObject({said: 'forty-two', code: 0});

		// Rebooted: the machine, its engine, the container, its SSH server and what `init` had started come again.
		const boots = async () => (await there('cat', '/proc/1/stat'))?.split(' ')[21];
		const before = await boots();
		await there('systemctl', 'reboot');
		await terminal.until(away);
		await terminal.until(up, 120_000);
		expect(await boots()).not.toBe(before);
		await curl.stop();
		const late = curl.answers.at(-1);
		expect(late).toMatchObject({said: 'forty-two', code: 0});
		const begun = await world.run('ssh', [...world.sshOptions, name, 'wc -l < /workflow/begun']);
		expect(begun.stdout.trim()).toBe('2');

		// On a machine too slow to come back while a connection may wait, one that was refused for that is no failure of the monitor's.
		const lost = await outages(world);
		const outage = Math.max(...lost.map(({from, to}) => to - from)) / 1000;
		// A question that was on its way when the server was killed ends with an error, and can with no half of an answer.
		const wasCut = ({at, said, code}: Answer) =>
			code !== 0 && said.startsWith('curl: ') && lost.some(({from}) => at <= from && from - at < 2000);
		const failed = curl.answers.filter(answer => (answer.code !== 0 || answer.said !== 'forty-two') && !wasCut(answer));
		console.info(
			`curl: ${curl.answers.length} answers, the longest after ${Math.max(...curl.answers.map(({took}) => took)) / 1000} s, link away for ${outage} s at most`,
		);
		if (outage < hold - 5) {
			expect(failed).toEqual([]);
		}

		// Leaving it is instant, and it goes on.
		terminal.press('d');
		await terminal.until(text => text.includes('shell> ') && text.includes(name) && !terminal.isAlternate());
		expect(await world.runs()).toMatchObject([{name, phase: 'ready'}]);
		expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});
		expect(ec2.alive()).toEqual([]);
	},
	600_000,
);
