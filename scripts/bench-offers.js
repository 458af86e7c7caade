// Times the data under the offers grid, over the snapshot and over half a million rows, and the command `offers` as a whole process, and
// prints the figures; asserts nothing.
// usage: node scripts/bench-offers.js
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {bundle} from './bundle.js';
import {root} from './session.js';

const starts = 9;
const ms = value => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const mb = bytes => `${(bytes / 1024 / 1024).toFixed(0)} MB`;
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
const say = (what, text) => process.stdout.write(`${what.padEnd(42)} ${text}\n`);

/** How busy the machine is: a fixed piece of work, so that figures of two runs can be compared. */
const calibrate = () => {
	const started = performance.now();
	let value = 0;
	for (let round = 0; round < 1e8; round++) {
		value = (value * 31 + round) | 0;
	}

	return {value, time: performance.now() - started};
};

/** `offers` as a person without credentials starts it, from the start of the process to its end; milliseconds of several starts. */
const commandTimes = (folder, variables) => {
	const [home, project] = ['home', 'project'].map(name => path.join(folder, name));
	[home, project].forEach(each => mkdirSync(each, {recursive: true}));
	const start = () => {
		const started = performance.now();
		const {status, stderr} = spawnSync(
			process.execPath,
			[path.join(root, 'launcher/dstack-tui.js'), 'offers', '--gpu', '24GB', '--spot-auto', '--max-price', '1.5'],
			{
				cwd: project,
				env: {PATH: process.env.PATH, HOME: home, DSTACK_TUI_HOME: path.join(home, 'dt'), ...variables},
				encoding: 'utf8',
			},
		);
		if (status !== 0) {
			throw new Error(stderr);
		}

		return performance.now() - started;
	};

	start();
	return Array.from({length: starts}, start);
};

// Beside dist/, where the packages that stay outside of the bundle are found.
const folder = mkdtempSync(path.join(root, 'dist', 'bench-offers-'));
try {
	const outfile = path.join(folder, 'offers.mjs');
	await bundle(outfile, {entryPoints: [path.join(root, 'test/bench/offers.ts')], minify: true, keepNames: true});
	say('a fixed piece of work, to compare by', ms(calibrate().time));
	for (const [what, variables] of [
		['`offers`, the whole process', {}],
		['the same, nothing compiled before', {NODE_DISABLE_COMPILE_CACHE: '1'}],
	]) {
		const times = commandTimes(folder, variables);
		say(what, `p50 ${ms(median(times))}, max ${ms(Math.max(...times))}, ${starts} starts`);
	}

	const snapshot = path.join(root, 'catalogue/snapshot.bin');
	const run = mode =>
		execFileSync(process.execPath, ['--expose-gc', outfile, mode, snapshot], {encoding: 'utf8', maxBuffer: 1e8})
			.trim()
			.split('\n')
			.map(line => JSON.parse(line));
	const loads = Array.from({length: starts}, () => run('load')[0]);
	const of = name => median(loads.map(point => point[name]));
	say(`catalogue, ${loads[0].rows} offers`, `p50 ${ms(of('time'))} (${ms(of('processor'))} of processor), ${starts} starts`);
	say('longest wait of others meanwhile', `p50 ${ms(of('longest'))}`);
	say('resident with the catalogue', `${mb(of('rss'))}, ${mb(of('more'))} of it the catalogue's`);
	for (const {what, rows, median: middle, most, rss, heapUsed, arrayBuffers} of run('work')) {
		say(
			`${what}, ${rows} rows`,
			rss === undefined ? `p50 ${ms(middle)}, max ${ms(most)}` : `${mb(rss)}, heap ${mb(heapUsed)}, columns ${mb(arrayBuffers)}`,
		);
	}
} finally {
	rmSync(folder, {recursive: true, force: true});
}
