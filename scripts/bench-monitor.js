// Measures the whole program with the monitor of a ready environment on its screen, in a pseudo-terminal, and prints the figures; asserts
// nothing. The environment is of the local process backend, over the program's own connection to it.
// usage: node scripts/bench-monitor.js    SECONDS says how long each rest is watched (60)
import {mkdtempSync, readdirSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {mb, pause, say, spread} from './figures.js';
import {makeSession} from './session.js';

const seconds = Number(process.env['SECONDS'] ?? 60);
const name = 'bench-monitor';
const focusOut = '\u001B[O';
const focusIn = '\u001B[I';
const frameStart = '\u001B[?2026h';

const read = file => {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		// A process or thread that ended since it was listed.
		return '';
	}
};

const childrenOf = pid => {
	const own = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
	return own.flatMap(child => [child, ...childrenOf(child)]);
};

/** Nanoseconds on a core and times that it went to sleep by itself, all threads together. */
const spent = pid => {
	const threads = readdirSync(`/proc/${pid}/task`);
	const sum = values => values.reduce((total, value) => total + value, 0);
	return {
		cpu: sum(threads.map(thread => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]))),
		wakes: Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0),
	};
};

const memory = (pid, key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

/** What the program spends and draws while nobody touches it. */
const rest = async (terminal, what) => {
	let frames = 0;
	const counting = terminal.process.onData(data => {
		frames += data.split(frameStart).length - 1;
	});
	const {pid} = terminal.process;
	const [before, bytes] = [spent(pid), terminal.bytes];
	const helpers = new Map(childrenOf(pid).map(child => [child, spent(child).cpu]));
	await pause(seconds * 1000);
	const after = spent(pid);
	counting.dispose();
	const share = cpu => `${(cpu / (seconds * 1e7)).toFixed(2)} %`;
	const drawn = terminal.bytes - bytes;
	const apart = [...helpers].map(([child, cpu]) => share(Math.max(0, spent(child).cpu - cpu)));
	say(
		`monitor: share of a core, ${what}`,
		[
			`${share(after.cpu - before.cpu)} over ${seconds} s`,
			`${frames} frames of ${frames > 0 ? Math.round(drawn / frames) : 0} bytes`,
			`${((after.wakes - before.wakes) / seconds).toFixed(1)} wakes of its main thread a second`,
			...(apart.length > 0 ? [`its children ${apart.join(', ')}`] : []),
		].join('; '),
	);
};

const keys = async terminal => {
	const times = [];
	for (let press = 0; press < 100; press++) {
		const seen = terminal.bytes;
		const started = performance.now();
		terminal.press('l');
		await terminal.until(() => terminal.bytes > seen);
		times.push(performance.now() - started);
		await pause(40);
	}

	say('monitor: key to frame', `${spread(times)} (100 turns between the monitor and the logs, 120×40)`);
};

const residents = (terminal, when) => {
	const {pid} = terminal.process;
	const children = childrenOf(pid).map(child => mb(memory(child, 'VmRSS')));
	say(
		`monitor: resident ${when}`,
		`${mb(memory(pid, 'VmRSS'))} (most ${mb(memory(pid, 'VmHWM'))}), ${children.length > 0 ? `its children ${children.join(', ')}` : 'no children'}`,
	);
};

if (process.platform !== 'linux') {
	say('monitor', 'not measured: only Linux tells what a process spends');
	process.exit();
}

const session = makeSession(path.join(mkdtempSync(path.join(tmpdir(), 'bench-monitor-')), 'session'), {
	'.dstack.yml': 'type: dev-environment\nide: vscode\nports: [18123]\n',
});
try {
	// Such a process is started without a question only where it is named.
	session.cli('run', '.', '-n', name, '-y', '-d', '--json', '--backend', 'local', '--instance-type', 'process');
	const terminal = session.open(['attach', name], {columns: 120, rows: 40});
	await terminal.until(/PORTS/);
	// What is loaded and compiled for the first screen is no rest.
	await pause(10_000);
	residents(terminal, 'after 10 s');
	await rest(terminal, 'with the focus');
	terminal.press(focusOut);
	await pause(1500);
	await rest(terminal, 'without the focus');
	terminal.press(focusIn);
	await pause(500);
	await keys(terminal);
	residents(terminal, 'at the end');
	terminal.press('\u0003');
	await pause(300);
	terminal.press('\u0003');
	terminal.kill('SIGTERM');
	await terminal.ended;
} finally {
	session.remove();
}
