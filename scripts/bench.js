// Measures the built program and prints the figures; asserts nothing, since machines differ.
// usage: npm run bench
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync} from 'node:fs';
import {cpus, tmpdir, totalmem} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {mb, ms, pause, quantile, say} from './figures.js';
import {soakMonitor} from '../test/bench/soak-monitor.ts';
import {makeSession} from './session.js';

const configuration = 'type: dev-environment\nide: vscode\n';
const many = 40;

const withSession = async (act, more = {}, files = {'.dstack.yml': configuration}) => {
	const session = makeSession(path.join(mkdtempSync(path.join(tmpdir(), 'bench-')), 'session'), files, more);
	try {
		return await act(session);
	} finally {
		session.remove();
	}
};

const firstFrames = async session => {
	const times = [];
	for (let round = 0; round < 15; round++) {
		const started = performance.now();
		const terminal = session.open([], {columns: 120, rows: 40});
		await terminal.until(/configurations? below/);
		times.push(performance.now() - started);
		terminal.press('q');
		await terminal.ended;
	}

	say('spawn to first frame', `p50 ${ms(quantile(times, 0.5))}, p95 ${ms(quantile(times, 0.95))} (15 starts, 120×40)`);
};

const keys = async session => {
	const terminal = session.open([], {columns: 120, rows: 40});
	await terminal.until(new RegExp(`${many} configurations below`));
	const times = [];
	const before = terminal.bytes;
	for (let press = 0; press < 200; press++) {
		const down = press % (2 * (many - 1)) < many - 1;
		const seen = terminal.bytes;
		const started = performance.now();
		terminal.press(down ? 'j' : 'k');
		await terminal.until(() => terminal.bytes > seen);
		times.push(performance.now() - started);
		await pause(30);
	}

	say('key to frame', `p50 ${ms(quantile(times, 0.5))}, p95 ${ms(quantile(times, 0.95))} (200 moves, 120×40)`);
	say('bytes of a move', `${Math.round((terminal.bytes - before) / 200)}`);
	const ticks = () => {
		const fields = readFileSync(`/proc/${terminal.process.pid}/stat`, 'utf8').split(') ')[1].split(' ');
		return Number(fields[11]) + Number(fields[12]);
	};

	if (process.platform === 'linux') {
		const from = ticks();
		await pause(5000);
		say('share of a core at rest', `${((ticks() - from) / 5).toFixed(1)} %`);
	}

	terminal.press('q');
	await terminal.ended;
};

const runs = async (session, what) => {
	const times = [];
	for (let round = 0; round < 5; round++) {
		const started = performance.now();
		// Such a process is started without a question only where it is named.
		session.cli('run', '.', '-n', `bench-${round}`, '-y', '-d', '--json', '--backend', 'local', '--instance-type', 'process');
		times.push(performance.now() - started);
		session.cli('stop', `bench-${round}`, '-y');
	}

	say(`run to connected, ${what}`, `p50 ${ms(quantile(times, 0.5))}, max ${ms(Math.max(...times))} (5 runs)`);
};

/** An image with an SSH server that is there already: nothing is pulled for a measurement. */
const dockerImage = () => {
	const candidates = [process.env['DSTACK_TUI_IMAGE'], 'devbase', 'dstack-tui-test:1'].filter(Boolean);
	return candidates.find(name => spawnSync('docker', ['image', 'inspect', name], {stdio: 'ignore'}).status === 0);
};

const soak = async () => {
	const {points, unfocused} = await soakMonitor(3600);
	const [first, last] = [points[1], points.at(-1)];
	say(
		'memory after an hour of ticking',
		`${mb(last.rss)} resident, heap ${mb(first.heapUsed)} after 6 min, ${mb(last.heapUsed)} after 60`,
	);
	say('bytes of a tick', `${Math.round(last.bytes / 3600)}; ${unfocused} in ten minutes without the focus`);
};

say('machine', `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${mb(totalmem())}, Node ${process.versions.node}`);
const manyFiles = Object.fromEntries(Array.from({length: many}, (_, index) => [`part-${index}/.dstack.yml`, configuration]));
await withSession(firstFrames);
await withSession(keys, {}, manyFiles);
await withSession(async session => runs(session, 'process'));
const image = dockerImage();
if (image === undefined) {
	say('run to connected, docker', 'not measured: no engine with the image answers (DSTACK_TUI_IMAGE names another)');
} else {
	const engine = {DOCKER_HOST: process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock'};
	await withSession(async session => runs(session, 'docker'), engine, {
		'.dstack.yml': `${configuration.replace('ide: vscode\n', '')}image: ${image}\n`,
	});
}

await soak();
