import {readFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {expect, test} from 'vitest';
import {makeWorld, type Result, type Started, type World} from '../support/program.js';

const isLong = process.env['LONG'] !== undefined;
/** Printed, so that what failed can be run again: `SEED=… COUNT=1`. */
const seed = Number(process.env['SEED'] ?? 20_261_129);
const count = Number(process.env['COUNT'] ?? (isLong ? 2000 : 2));
/** What is written in this time before an end may come after the last look at the work. Milliseconds. */
const lastMoment = 3000;

const kinds = ['stop', 'stop', 'bring-home', 'start', 'extend', 'ports', 'attach', 'kill', 'suspend', 'work', 'work'] as const;
type Act = {readonly kind: (typeof kinds)[number]; readonly name: string; readonly delay: number; readonly for: number};
type Event = {readonly type: string; readonly at: number};
type Written = {readonly name: string; readonly file: string; readonly at: number};
type Done = {readonly act: Act; readonly result: Result; readonly begun: number};

/** Mulberry32: the same numbers for the same seed. */
function numbersFrom(start: number): (below: number) => number {
	let state = start;
	return below => {
		state = (state + 0x6d_2b_79_f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
	};
}

const pause = async (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

/** Two to five programs over one or two environments. */
function schedule(below: (limit: number) => number): {readonly names: readonly string[]; readonly acts: readonly Act[]} {
	const names = ['one', 'two'].slice(0, 1 + below(2));
	const acts = Array.from({length: 2 + below(4)}, (): Act => ({
		kind: kinds[below(kinds.length)] ?? 'stop',
		name: names[below(names.length)] ?? 'one',
		delay: below(2000),
		for: 500 + below(3000),
	}));
	return {names, acts};
}

class Schedule {
	readonly written: Written[] = [];
	readonly done: Done[] = [];
	readonly #world: World;
	#files = 0;

	constructor(world: World) {
		this.#world = world;
	}

	async work(name: string): Promise<Result> {
		const file = `work-${this.#files++}.txt`;
		const result = await this.#world.run('ssh', [...this.#world.sshOptions, name, `echo mine > ${file} && sync ${file}`]);
		if (result.code === 0) {
			this.written.push({name, file, at: Date.now()});
		}

		return result;
	}

	async act(act: Act): Promise<void> {
		await pause(act.delay);
		const begun = Date.now();
		this.done.push({act, begun, result: await this.#run(act)});
	}

	async #run({kind, name, for: length}: Act): Promise<Result> {
		const world = this.#world;
		switch (kind) {
			case 'stop': {
				return world.cli(['stop', name, '-y']);
			}

			case 'bring-home': {
				return world.cli(['bring-home', name]);
			}

			case 'start': {
				return world.cli(['run', '.', '-n', name, '-y', '-d']);
			}

			case 'extend': {
				return world.cli(['extend', name, '1h']);
			}

			case 'ports': {
				return world.cli(['ports', name]);
			}

			case 'attach': {
				return world.cli(['attach', name, '--plain', '-d']);
			}

			case 'kill': {
				return hold(world, name, async ({child}) => {
					await pause(length);
					child.kill('SIGKILL');
				});
			}

			case 'suspend': {
				return hold(world, name, async ({child}) => {
					await pause(length);
					child.kill('SIGSTOP');
					await pause(length);
					child.kill('SIGCONT');
					await pause(length);
					child.kill('SIGHUP');
				});
			}

			case 'work': {
				return this.work(name);
			}
		}
	}
}

async function hold(world: World, name: string, act: (program: Started) => Promise<void>): Promise<Result> {
	const program = world.start(['attach', name, '--plain']);
	await act(program);
	return program.ended;
}

async function journal(world: World, name: string): Promise<Event[]> {
	const text = await readFile(path.join(world.home, 'dt/runs', name, 'journal.jsonl'), 'utf8').catch(() => '');
	return text
		.split('\n')
		.filter(Boolean)
		.map(line => JSON.parse(line) as Event);
}

/** Names of all files that came home, in any branch. */
const atHome = (world: World): Set<string> =>
	new Set(
		world
			.git('for-each-ref', '--format=%(refname)', 'refs/heads/dstack-tui')
			.split('\n')
			.filter(Boolean)
			.flatMap(ref => world.git('ls-tree', '-r', '--name-only', ref).split('\n')),
	);

async function check(world: World, {written, done}: Schedule): Promise<void> {
	const home = atHome(world);
	const alive = await world.runs();
	expect(new Set(alive.map(({name}) => name)).size).toBe(alive.length);
	for (const {name, file, at} of written) {
		const events = await journal(world, name);
		const end = events.findLast(({type}) => type === 'stopping')?.at ?? Number.POSITIVE_INFINITY;
		const isThere =
			alive.some(each => each.name === name) &&
			(await world.run('ssh', [...world.sshOptions, name, `cat ${file}`])).stdout === 'mine\n';
		// Whether the end of an environment that had the name before was that close cannot be told any more.
		const isAnother = (events[0]?.at ?? 0) > at;
		expect(home.has(file) || isThere || (!isAnother && at > end - lastMoment), `${file} of ${name} is lost`).toBe(true);
	}

	for (const name of new Set(done.map(({act}) => act.name))) {
		const events = await journal(world, name);
		expect(events.filter(({type}) => type === 'intended')).toHaveLength(1);
		const begunAt = events[0]?.at ?? 0;
		for (const {act, result, begun} of done.filter(each => each.act.name === name && each.result.code === 0)) {
			if (act.kind === 'stop') {
				// Gone, or another one has the name by now.
				const isGone = events.some(({type}) => type === 'gone');
				expect(isGone || begunAt > begun, `${name} is not gone: ${result.stdout}`).toBe(true);
			} else if (act.kind === 'extend' && begunAt < begun) {
				expect(events.some(({type, at}) => type === 'deadline-set' && at >= begun - 1000)).toBe(true);
			} else if (act.kind === 'start') {
				expect(events.some(({type}) => type === 'ready')).toBe(true);
			}
		}
	}
}

test.each(Array.from({length: count}, (_, index) => seed + index))(
	'several programs at once, in the order of seed %i: work is home or still there, one has a name, what succeeds is true',
	async each => {
		const {names, acts} = schedule(numbersFrom(each));
		const world = await makeWorld();
		await world.write({'.dstack.yml': 'type: dev-environment\n', 'a.txt': 'a\n'});
		world.git('init', '-q');
		world.git('add', '-A');
		world.git('commit', '-qm', 'All');
		const run = new Schedule(world);
		for (const name of names) {
			expect(await world.cli(['run', '.', '-n', name, '-y', '-d'])).toMatchObject({code: 0});
			expect(await run.work(name)).toMatchObject({code: 0});
		}

		await pause(lastMoment);
		await Promise.all(acts.map(async act => run.act(act)));
		try {
			await check(world, run);
		} catch (error) {
			const told = run.done.map(({act, result}) => `${JSON.stringify(act)} ${result.code}\n${result.stdout}${result.stderr}`);
			throw new Error(`seed ${each}:\n${told.join('\n')}`, {cause: error});
		}
	},
	240_000,
);
