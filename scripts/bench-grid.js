// Measures the grid of offers in the built program, keys in and frames out, and prints the figures; asserts nothing.
// usage: node scripts/bench-grid.js [start] [grid] [stream] [many]    all without any
import {execFileSync} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {bundle} from './bundle.js';
import {mb, ms, pause, say, spread} from './figures.js';
import {makeSession, root} from './session.js';
import {startSlowCloud} from './slow-cloud.js';

const size = {columns: 120, rows: 40};
const files = {'.dstack.yml': 'type: dev-environment\nide: vscode\nresources: {cpu: 0.., memory: 1MB..}\nspot_policy: auto\n'};
const words = ['a100 price<4 spot', 'gpu:h100 region:us-*', 'standard mem>=64', 'xlarge -backend:azure'];

const folderFor = () => path.join(mkdtempSync(path.join(tmpdir(), 'bench-grid-')), 'session');

/** Presses a key; milliseconds until the frame that `shows` what it did has come whole. */
const timed = async (terminal, key, shows) => {
	const started = performance.now();
	return new Promise((resolve, reject) => {
		const late = setTimeout(() => reject(new Error(`nothing came of ${key}:\n${terminal.text()}`)), 10_000);
		const {dispose} = terminal.process.onData(() => {
			const arrived = performance.now();
			terminal.emulator.write('', () => {
				if (terminal.raw.lastIndexOf('\u001B[?2026h') <= terminal.raw.lastIndexOf('\u001B[?2026l') && shows()) {
					dispose();
					clearTimeout(late);
					resolve(arrived - started);
				}
			});
		});
		terminal.press(key);
	});
};

/** Where the cursor is and on what: rows may come in above it. */
const cursorLine = terminal => [...terminal.lines().entries()].find(([, line]) => line.startsWith('▶'))?.join(' ');
const offersOf = text => Number(/([\d,]+) offers/.exec(text)?.[1].replaceAll(',', '') ?? 0);
const titles = terminal => terminal.lines()[3];
const rest = 25;

/** Processor time of the program so far, milliseconds; unlike that on the clock, nobody else's work is in it. */
const processor = ({process: {pid}}) => {
	if (process.platform !== 'linux') {
		return 0;
	}

	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) * 10;
};

/** Does it, and tells the times of its keys and what one of them took of the processor. */
const keyWords = async (terminal, act) => {
	const before = processor(terminal);
	const times = await act(terminal);
	return `${spread(times)}; ${((processor(terminal) - before) / times.length).toFixed(1)} ms of processor`;
};

const moves = async (terminal, presses = 120) => {
	const times = [];
	for (let press = 0; press < presses; press++) {
		const from = cursorLine(terminal);
		times.push(await timed(terminal, press % 40 < 20 ? 'j' : 'k', () => cursorLine(terminal) !== from));
		await pause(rest);
	}

	return times;
};

const pages = async (terminal, presses = 60) => {
	const times = [];
	for (let press = 0; press < presses; press++) {
		const from = terminal.text();
		times.push(await timed(terminal, press % 20 < 10 ? 'pagedown' : '\u001B[5~', () => terminal.text() !== from));
		await pause(rest);
	}

	return times;
};

const sorts = async (terminal, presses = 60) => {
	const times = [];
	for (let press = 0; press < presses; press++) {
		const from = titles(terminal);
		times.push(await timed(terminal, press % 4 === 3 && /[▲▼]/.test(from) ? 'S' : 's', () => titles(terminal) !== from));
		await pause(rest);
	}

	return times;
};

const filters = async terminal => {
	const times = [];
	for (const text of words) {
		terminal.press('/');
		await terminal.until(() => terminal.lines().at(-2).startsWith(' / '));
		for (let count = 1; count <= text.length; count++) {
			const typed = ` / ${text.slice(0, count)}`.trimEnd();
			times.push(await timed(terminal, text[count - 1], () => terminal.lines().at(-2).trimEnd() === typed));
			await pause(rest);
		}

		terminal.press('esc');
		await terminal.until(() => !terminal.lines().at(-2).startsWith(' / '));
	}

	return times;
};

const resident = ({process: {pid}}, what = 'VmRSS') =>
	Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

const openGrid = async (session, least = 41_000) => {
	const terminal = session.open([], size);
	await terminal.until('configuration below');
	const started = performance.now();
	terminal.press('enter');
	await terminal.until(text => offersOf(text) >= least);
	return {terminal, time: performance.now() - started};
};

const close = async terminal => {
	terminal.press('q');
	await terminal.ended;
};

const measure = async (session, least) => {
	const {terminal, time} = await openGrid(session, least);
	const what = `${offersOf(terminal.text()).toLocaleString('en-US')} offers`;
	say(`${what}: enter to all offers on the screen`, ms(time));
	await pause(500);
	const before = terminal.bytes;
	say(`${what}: cursor`, await keyWords(terminal, moves));
	say(`${what}: bytes of a move`, Math.round((terminal.bytes - before) / 120));
	say(`${what}: page`, await keyWords(terminal, pages));
	say(`${what}: filter, a key`, await keyWords(terminal, filters));
	say(`${what}: sort`, await keyWords(terminal, sorts));
	if (process.platform === 'linux') {
		say(`${what}: resident`, `${mb(resident(terminal))}, at most ${mb(resident(terminal, 'VmHWM'))}`);
	}

	await close(terminal);
};

const withSession = async (act, given = makeSession(folderFor(), files)) => {
	try {
		return await act(given);
	} finally {
		given.remove();
	}
};

/** All answers come within the measurement: two hundred data centers, four at a time. */
const streaming = async () => {
	const cloud = await startSlowCloud({centers: 190, delay: 250});
	const session = makeSession(folderFor(), files);
	try {
		const config = path.join(session.home, '.config/dstack-tui');
		mkdirSync(config, {recursive: true});
		writeFileSync(path.join(config, 'backends.yml'), cloud.file, {mode: 0o600});
		const isAsking = terminal => /runpod \S [\d,]+…/.test(terminal.text());
		for (const [what, act] of [
			['cursor', moves],
			['filter, a key', filters],
			['sort', sorts],
		]) {
			const {terminal} = await openGrid(session);
			await terminal.until(/runpod \S [\d,]{3,}…/);
			const told = await keyWords(terminal, act);
			say(`offers stream in: ${what}`, `${told}${isAsking(terminal) ? '' : ' (the stream ended before)'}`);
			await close(terminal);
		}
	} finally {
		session.remove();
		cloud.close();
	}
};

/** Both by turns: the machine is not equally fast all the time. */
const firstFrames = async sessions => {
	const times = sessions.map(() => []);
	for (let round = 0; round < 31; round++) {
		const index = round % sessions.length;
		const started = performance.now();
		const terminal = sessions[index].open([], size);
		await terminal.until('configuration below');
		times[index].push(performance.now() - started);
		await close(terminal);
	}

	return times.map(own => `${spread(own.slice(1))}, least ${ms(Math.min(...own))}`);
};

/** The program without its catalogue: a copy of what it needs to start. */
const bare = folder => {
	for (const part of ['launcher', 'dist', 'package.json']) {
		cpSync(path.join(root, part), path.join(folder, part), {recursive: true, filter: file => !file.includes('.compile-cache')});
	}

	return path.join(folder, 'launcher/dstack-tui.js');
};

/** Half a million offers as refreshed catalogues, written by the program's own writer. */
const writeMany = async folder => {
	const outfile = path.join(root, 'dist', `bench-many-${process.pid}.mjs`);
	try {
		await bundle(outfile, {entryPoints: [path.join(root, 'test/bench/offers.ts')]});
		execFileSync(process.execPath, [outfile, 'write', path.join(root, 'catalogue/snapshot.bin'), '500000', folder]);
	} finally {
		rmSync(outfile, {force: true});
	}
};

const starts = async () => {
	const without = mkdtempSync(path.join(tmpdir(), 'bench-bare-'));
	try {
		await withSession(async session => {
			await withSession(
				async other => {
					const [there, absent] = await firstFrames([session, other]);
					say('first frame, with the catalogue', there);
					say('first frame, without one', absent);
				},
				makeSession(folderFor(), files, {}, bare(without)),
			);
		});
	} finally {
		rmSync(without, {recursive: true, force: true});
	}
};

const parts = {
	start: starts,
	grid: async () => withSession(async session => measure(session, 41_000)),
	stream: streaming,
	many: async () =>
		withSession(async session => {
			await writeMany(path.join(session.home, '.local/share/dstack-tui/catalog'));
			await measure(session, 500_000);
		}),
};
const wanted = process.argv.slice(2);
for (const part of wanted.length > 0 ? wanted : Object.keys(parts)) {
	await parts[part]();
}
