import {mkdtempSync, rmSync} from 'node:fs';
import {appendFile, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {Backend} from '../../../source/backends/backend.js';
import type {Offer} from '../../../source/offers/offer.js';
import {attempt} from '../../../source/runs/live/attempt.js';
import type {RunContext} from '../../../source/runs/context.js';
import {closeRun, finishStopping, goOnAfter} from '../../../source/runs/end/end-run.js';
import type {RunSpecification} from '../../../source/runs/model/events.js';
import {readState} from '../../../source/runs/journal/journal.js';
import {obtainInstance} from '../../../source/runs/launch/obtain-instance.js';
import {reconcile} from '../../../source/runs/end/reconcile.js';
import {type Reconciled} from '../../../source/runs/model/reconciled.js';
import {openRecord, RunRecord} from '../../../source/runs/journal/record.js';
import {claimFolder, runFolder, writeRunFiles} from '../../../source/runs/journal/run-folder.js';
import {isOver, type RunState} from '../../../source/runs/model/state.js';
import {makeStage} from '../../../source/runs/steps/step.js';
import {startAgain} from '../../../source/runs/end/start-again.js';
import {stopRecord} from '../../../source/runs/end/stop-run.js';
import {resolvePaths} from '../../../source/system/paths.js';
import type {Tunnels} from '../../../source/runs/link/tunnels.js';
import {testSpecification} from '../../support/events.js';
import {type Call, Cloud, cloudOffer, type Fault} from './cloud.js';

export const runName = 'fast-moth-1';

/** An instance that is billed. */
export type Living = {
	readonly id: string;
	/** The token that it was made with; undefined for one that this program did not make. */
	readonly intentId: string | undefined;
	/** When it ends itself at the latest, milliseconds since the epoch; this and the next where the cloud's books tell. */
	readonly ends?: number;
	/** Its deadline, and the one that it was launched with. */
	readonly deadline?: number;
	readonly promised?: number;
};

/** What programs live in: time, files, and a cloud. */
export abstract class AnyWorld {
	/** True time: what machines and the cloud live by. Set ahead, it passes. Milliseconds since the epoch. */
	abstract now: number;
	/** What is asked for first, and what is tried after it. */
	abstract readonly offers: readonly [Offer, ...Offer[]];
	/** How far this machine's clock is ahead of it. */
	ahead = 0;
	/** How far it is set ahead or back while something is waited for, once. */
	jumpInWait = 0;
	/** Marks what is ours. */
	installation = 'ours';
	/** What containers are made from. */
	image = 'base:1';
	/** The home of the programs. */
	readonly folder: string;
	tokens = 0;

	constructor(folder = mkdtempSync(path.join(tmpdir(), 'life-'))) {
		this.folder = folder;
	}

	/** The cloud as a program that has just started sees it; by another name, where there can be more than one. */
	abstract backend(name?: string): Backend;

	/** From now on each call of the cloud meets what this says. */
	abstract meet(fault: (call: Call) => Fault | undefined): void;
	/** What is billed at this moment, by the cloud's own books. */
	abstract alive(): Promise<readonly Living[]>;
	/** Something of another installation's, which nobody here may touch; returns what it is in those books. */
	abstract addForeign(): Promise<string>;
	/** What programs asked the cloud to end, as the backend calls it. */
	abstract terminated(): readonly string[];
	/** The capacity of one of them is taken back; undefined where the cloud has no such thing. */
	abstract readonly interrupt: ((id: string) => Promise<void>) | undefined;

	newToken(): string {
		return `token-${++this.tokens}`;
	}

	get paths() {
		const paths = resolvePaths({DSTACK_TUI_HOME: this.folder});
		return {...paths, home: this.folder, userSshConfig: path.join(this.folder, '.ssh', 'config')};
	}

	async state(name = runName): Promise<RunState | undefined> {
		return readState(runFolder(this.paths, name));
	}

	remove(): void {
		rmSync(this.folder, {recursive: true, force: true});
	}
}

/** A world around the cloud in memory, where time is the test's: to sleep is to let it pass. */
export class World extends AnyWorld {
	now = 1_700_000_000_000;
	readonly offers: readonly [Offer] = [cloudOffer()];
	readonly cloud = new Cloud(() => this.now);

	backend(name?: string): Backend {
		return this.cloud.backend(name);
	}

	meet(fault: (call: Call) => Fault | undefined): void {
		this.cloud.fault = fault;
	}

	async alive(): Promise<readonly Living[]> {
		return this.cloud.alive().map(({id, intent, madeAt, deadline, lease}) => ({
			...{id, intentId: intent.id, ends: Math.min(deadline, lease), deadline},
			promised: madeAt + (intent.duration ?? Number.POSITIVE_INFINITY) * 1000,
		}));
	}

	async addForeign(): Promise<string> {
		return this.cloud.addForeign('somebody else').id;
	}

	terminated(): readonly string[] {
		return this.cloud.calls.filter(({call}) => call === 'terminate').map(({token}) => token);
	}

	readonly interrupt = async (id: string): Promise<void> => {
		const machine = this.cloud.alive().find(each => each.id === id);
		if (machine) {
			this.cloud.interrupt(machine);
		}
	};
}

/** The way to say that a program is killed: nothing it waits for ever comes. */
const never = async (): Promise<never> => new Promise(() => undefined);

/**
One process of the program, as far as a run's life goes: the real journal, lock, attempts, end and reconciliation, on a clock and a cloud of
the test's. It can be killed before or after any of its acts.
*/
export class Program {
	/** Acts so far: calls of the cloud, before and after, and waits. */
	acts = 0;
	isDead = false;
	readonly #world: AnyWorld;
	readonly #killAt: number;
	readonly #died: Promise<void>;
	#die!: () => void;
	readonly #leave = new AbortController();

	constructor(world: AnyWorld, killAt = Number.POSITIVE_INFINITY) {
		this.#world = world;
		this.#killAt = killAt;
		this.#died = new Promise(resolve => {
			this.#die = resolve;
		});
	}

	get context(): RunContext {
		const world = this.#world;
		return {
			paths: world.paths,
			clock: {
				now: () => world.now + world.ahead,
				elapsed: () => world.now,
				sleep: async (milliseconds, signal) => {
					await this.#pass();
					signal?.throwIfAborted();
					world.now += milliseconds;
					world.ahead += world.jumpInWait;
					world.jumpInWait = 0;
				},
				every: () => () => undefined,
			},
			random: {
				uuid: () => world.newToken(),
				hex: bytes => (++world.tokens).toString(16).padStart(bytes * 2, '0'),
				integerBelow: limit => Math.floor(limit / 2),
			} as RunContext['random'],
			variables: {},
			backend: async name => this.#watched(world.backend(name)),
			images: {
				choose: async () => ({image: world.image, decision: 'none', build: undefined, why: []}),
				login: async () => undefined,
				cache: async () => undefined,
				engine: async () => ({insecureRegistries: []}),
			},
			ideOrigin: async () => undefined,
			continueInBackground: () => undefined,
		};
	}

	/** What was asked for is on disk, then as far as it comes. Resolves early when the program is killed. */
	async start(specification: Partial<RunSpecification> = {}, name = runName): Promise<unknown> {
		return this.#unlessKilled(async () => {
			const {paths} = this.#world;
			const folder = await claimFolder(paths, name, async each => (await readState(each))?.phase === 'gone');
			const record = new RunRecord(this.context, name);
			await record.own();
			await writeRunFiles(folder, name, {env: {}, registryAuth: undefined});
			await this.#pass();
			await record.append({type: 'intended', specification: this.specification(specification)});
			await this.#drive(record);
		});
	}

	specification(changes: Partial<RunSpecification> = {}): RunSpecification {
		return testSpecification({
			intentId: this.#world.newToken(),
			installation: this.#world.installation,
			offer: {...this.#world.offers[0]} as Record<string, unknown>,
			duration: 3600,
			...changes,
		});
	}

	/** Takes it up again where it is. */
	async attach(name = runName): Promise<unknown> {
		return this.#unlessKilled(async () => {
			const record = await openRecord(this.context, name);
			if (!isOver(record.known) && (await record.own())) {
				await finishStopping(this.context, record);
				if (isOver(record.known)) {
					await record.release();
				} else {
					await this.#drive(record);
				}
			}
		});
	}

	/** Starts its machine where that is stopped in the cloud. */
	async startAgain(name = runName): Promise<unknown> {
		return this.#unlessKilled(async () => startAgain(this.context, await openRecord(this.context, name)));
	}

	async stop(name = runName): Promise<unknown> {
		return this.#unlessKilled(async () => stopRecord(this.context, await openRecord(this.context, name), 'stopped'));
	}

	/**
	With `rest`, an end that failed so short a time ago is left alone, as a list does. Milliseconds. With `everywhere`, what no journal tells of
	is looked for in all regions.
	*/
	async reconcile(rest?: number, everywhere?: boolean): Promise<Reconciled | undefined> {
		const backends = [this.#watched(this.#world.backend())];
		let found: Reconciled | undefined;
		await this.#unlessKilled(async () => {
			const {installation} = this.#world;
			found = await reconcile(this.context, {installation, backends, sweep: true, rest, everywhere});
		});
		return found;
	}

	/** Lets go of what is under way, as ctrl-c does. */
	cancel(): void {
		this.#leave.abort(new Error('cancelled'));
	}

	async #drive(record: RunRecord): Promise<void> {
		const stage = await makeStage(this.context, record, {} as Tunnels, this.#leave.signal);
		try {
			const problem = await attempt(
				stage,
				record,
				async over => {
					if (await goOnAfter(this.context, record, over)) {
						return true;
					}

					await closeRun(this.context, record, over);
					return false;
				},
				obtainInstance,
			);
			if (problem) {
				throw problem;
			}
		} finally {
			if (!this.isDead) {
				await record.release();
			}
		}
	}

	/** An act is about to happen, or has just happened. */
	async #pass(): Promise<void> {
		if (this.isDead || ++this.acts > this.#killAt) {
			this.#kill();
			await never();
		}
	}

	#kill(): void {
		this.isDead = true;
		this.#die();
	}

	/** Resolves with what was thrown, or when it was killed. A killed one's lock is that of a dead process. */
	async #unlessKilled(act: () => Promise<unknown>): Promise<unknown> {
		const outcome = await Promise.race([
			act().then(
				() => undefined,
				(error: unknown) => error,
			),
			this.#died,
		]);
		if (this.isDead) {
			await forgetLocks(runFolder(this.#world.paths, runName));
		}

		return outcome;
	}

	/** Half a line, as a crash leaves it. */
	static async tear(world: AnyWorld, name = runName): Promise<void> {
		await appendFile(path.join(runFolder(world.paths, name), 'journal.jsonl'), '{"type":"requ');
	}

	#watched(backend: Backend): Backend {
		const watch = <A extends readonly unknown[], T>(act: (...given: A) => Promise<T>) => {
			return async (...given: A): Promise<T> => {
				await this.#pass();
				try {
					return await act(...given);
				} finally {
					await this.#pass();
				}
			};
		};

		return {
			...backend,
			launch: watch(backend.launch.bind(backend)),
			find: watch(backend.find.bind(backend)),
			describe: watch(backend.describe.bind(backend)),
			terminate: watch(backend.terminate.bind(backend)),
			list: watch(backend.list.bind(backend)),
			...(backend.start && {start: watch(backend.start.bind(backend))}),
		};
	}
}

/** As if the process that has them were dead. */
async function forgetLocks(folder: string): Promise<void> {
	for (const file of (await readdir(folder).catch(() => [])).filter(name => /^(?:owner|ending)\.json/.test(name))) {
		await rm(path.join(folder, file), {force: true});
	}
}

export const offersOf = (...changes: Array<Partial<Offer>>): Array<Record<string, unknown>> =>
	changes.map(each => ({...cloudOffer(each)}) as Record<string, unknown>);
