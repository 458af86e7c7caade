import {unsavedWork} from '../environment/work.js';
import {Problem} from '../system/problem.js';
import type {RunContext} from './context.js';
import {aborted, Deferred} from './deferred.js';
import {closeRun, finishStopping} from './end.js';
import type {NewEvent, RunEvent} from './events.js';
import {listenToGuest} from './guest-watch.js';
import type {GuestView, LinkHealth, LogBook, RunHandle, UnsavedWork} from './handle.js';
import {endedProblem, unreachableProblem} from './problems.js';
import {Monitor} from './monitor.js';
import type {Load} from '../tunnel/load.js';
import {AccessWatch} from './access.js';
import {agree} from './agreement.js';
import {attempt} from './attempt.js';
import {followUntilOwned} from './follow.js';
import {goOnAfter} from './interruption.js';
import {extendDeadline} from './deadline.js';
import {Keeper} from './look-after.js';
import {closeTunnels, isAnyUp, makeTunnels, startTunnels, type Tunnels} from './tunnels.js';
import type {RunRecord} from './record.js';
import {stopRecord} from './stop.js';
import {SilenceWatch} from './silence.js';
import {makeStage, type RunOver, type Stage, stepContext} from './stage.js';
import {isOver, type RunState} from './state.js';

/** A run that this program looks after: the one owner drives it, others follow its journal and take over when the owner dies. */
export class Run implements RunHandle {
	readonly name: string;
	readonly #context: RunContext;
	readonly #record: RunRecord;
	readonly #tunnels: Tunnels;
	/** Aborted when this program lets go of the run, or it is over. */
	readonly #leave = new AbortController();
	readonly #over = new Deferred<void>();
	#ready = new Deferred<void>();
	#again = new Deferred<void>();
	readonly #monitor: Monitor;
	readonly #access: AccessWatch;
	#driving: Promise<void> = Promise.resolve();
	readonly #keeper: Keeper;
	readonly #silence: SilenceWatch;
	#guest: GuestView | undefined;
	#stopping: Promise<void> | undefined;

	private constructor(context: RunContext, record: RunRecord) {
		this.name = record.name;
		this.#context = context;
		this.#record = record;
		this.#tunnels = makeTunnels(context, record, {
			onUp: () => this.#note({type: 'tunnel-up'}),
			onDown: reason => this.#note({type: 'tunnel-down', reason}),
			onMachineUp: machine => void listenToGuest(context, record, machine, view => (this.#guest = view)),
			onFailed: error => this.#onFailed(error),
		});
		this.#access = new AccessWatch(context, record, this.#tunnels, {signal: this.#leave.signal});
		this.#monitor = new Monitor(record, this.#tunnels, this.#access);
		this.#silence = new SilenceWatch(context, record, this.#tunnels);
		this.#keeper = this.#keep();
	}

	/** Takes up a run wherever it is. Throws a `Problem` when it is over. */
	static async from(context: RunContext, record: RunRecord): Promise<Run> {
		const run = new Run(context, record);
		if (isOver(run.state())) {
			throw endedProblem(run.state());
		}

		run.#driving = (await record.own()) ? run.#drive() : run.#follow();
		run.#keeper.start();
		return run;
	}

	state(): RunState {
		return this.#record.known;
	}

	logs(): LogBook {
		return this.#record.logs;
	}

	health(): LinkHealth {
		const health = this.#monitor.health();
		return {...health, reason: this.#silence.reason ?? health.reason};
	}

	async forward(remote: number, local?: number): Promise<number> {
		return this.#monitor.forward(remote, local);
	}

	async unforward(local: number): Promise<void> {
		return this.#monitor.unforward(local);
	}

	async reverse(remote: number, local: number): Promise<void> {
		this.#tunnels.environment.reverse.add(remote, local);
	}

	async unreverse(remote: number): Promise<void> {
		this.#tunnels.environment.reverse.remove(remote);
	}

	dismiss(): void {}

	watchLoad(onLoad: (load: Load) => void): () => void {
		return this.#monitor.watchLoad(onLoad);
	}

	checkAccess(): void {
		this.#access.check();
	}

	subscribe(listener: () => void): () => void {
		return this.#record.subscribe(listener);
	}

	onEvent(listener: (event: RunEvent) => void): () => void {
		return this.#record.onEvent(listener);
	}

	async whenReady(): Promise<void> {
		return this.#ready.promise;
	}

	async whenOver(): Promise<void> {
		return this.#over.promise;
	}

	retry(): void {
		this.#again.resolve();
	}

	async unsavedWork(): Promise<UnsavedWork> {
		const link = await this.#tunnels.environment.link(AbortSignal.any([this.#leave.signal, AbortSignal.timeout(30_000)]));
		return unsavedWork(link, stepContext(this.state()));
	}

	async extend(seconds: number): Promise<void> {
		await extendDeadline(this.#context, this.#record, async () => this.#stage(), seconds);
	}

	async agree(): Promise<void> {
		await agree(this.#context, this.#record);
	}

	/** The first call stops it; others wait for that. */
	async stop(reason: string): Promise<void> {
		return (this.#stopping ??= this.#stop(reason).finally(() => (this.#stopping = undefined)));
	}

	async detach(): Promise<void> {
		if (this.#stopping) {
			// Let go of in the middle, it would be left half ended.
			return this.#stopping;
		}

		const unfinished = this.#record.owned && this.state().phase === 'starting';
		await this.#letGo();
		if (unfinished) {
			await this.#record.append({type: 'interrupted', reason: 'detached; preparation goes on in the background'});
		}

		await this.#record.release();
		if (unfinished) {
			this.#context.continueInBackground(this.name);
		}
	}

	async #stop(reason: string): Promise<void> {
		try {
			await this.#letGo();
			await stopRecord(this.#context, this.#record, reason);
			this.#ready.reject(endedProblem(this.state()));
			this.#over.resolve();
		} catch (error) {
			this.#ready.reject(error);
			throw error;
		}
	}

	/** Ends everything that this program does for the run, and waits until it has ended. */
	async #letGo(): Promise<void> {
		this.#leave.abort(new Problem('interrupted', `${this.name} was let go`));
		closeTunnels(this.#tunnels);
		await this.#driving;
	}

	async #drive(): Promise<void> {
		try {
			await this.#refuseOver();
			await this.#monitor.bind();
			if (this.state().phase === 'ready') {
				const end = await this.#keeper.look();
				if (!end) {
					startTunnels(this.#tunnels, this.#record);
					this.#ready.resolve();
					return;
				}

				if (!(await this.#end(end))) {
					throw endedProblem(this.state());
				}
			}

			await this.#prepare();
		} catch (error) {
			this.#fail(error);
		}
	}

	/** Until it is ready, however often the person tries again. */
	async #prepare(): Promise<void> {
		const stage = await this.#stage();
		for (;;) {
			const problem = await attempt(stage, this.#record, async end => this.#end(end));
			if (!problem) {
				this.#ready.resolve();
				return;
			}

			this.#ready.reject(problem);
			await this.#untilRetry();
		}
	}

	#fail(error: unknown): void {
		// A stop tells how it went when it is through.
		if (!this.#stopping) {
			this.#ready.reject(error);
		}
	}

	/** The owner before may have ended it in the moment in which it let go, or have died while it did. */
	async #refuseOver(): Promise<void> {
		await finishStopping(this.#context, this.#record);
		if (isOver(this.state())) {
			await this.#record.release();
			this.#finish();
			throw endedProblem(this.state());
		}
	}

	async #untilRetry(): Promise<void> {
		await Promise.race([this.#again.promise, aborted(this.#leave.signal)]);
		this.#again = new Deferred();
		this.#ready = new Deferred();
	}

	async #follow(): Promise<void> {
		const {signal} = this.#leave;
		try {
			await followUntilOwned(this.#context, this.#record, signal, {
				onAddress: () => startTunnels(this.#tunnels, this.#record),
				onReady: () => this.#ready.resolve(),
				onFailed: problem => this.#ready.reject(problem),
			});
		} catch (error) {
			this.#ready.reject(error);
			if (!signal.aborted) {
				this.#finish();
			}

			return;
		}

		await this.#drive();
	}

	guest(): GuestView | undefined {
		return this.#guest;
	}

	#keep(): Keeper {
		return new Keeper(this.#context, this.#record, this.#leave.signal, {
			stage: async () => this.#stage(),
			isLinked: () => isAnyUp(this.#tunnels),
			onLook: async () => this.#silence.look(),
			onStopRequested: async () => this.stop('stopped from another terminal'),
			onEnd: async end => {
				if (await this.#end(end)) {
					this.#ready = new Deferred();
					this.#driving = this.#prepare().catch((error: unknown) => this.#fail(error));
				}
			},
		});
	}

	/** True where the run goes on with another instance. */
	async #end(end: RunOver): Promise<boolean> {
		if (await goOnAfter(this.#context, this.#record, end)) {
			return true;
		}

		await closeRun(this.#context, this.#record, end);
		await this.#record.release();
		this.#finish();
		return false;
	}

	#finish(): void {
		this.#leave.abort(endedProblem(this.state()));
		closeTunnels(this.#tunnels);
		this.#over.resolve();
	}

	#onFailed({message}: Error): void {
		this.#note({type: 'tunnel-down', reason: message});
		const problem = unreachableProblem(this.name, message);
		this.#ready.reject(problem);
		this.#over.reject(problem);
	}

	#note(event: NewEvent): void {
		if (!this.#leave.signal.aborted) {
			this.#record.jot(event);
		}
	}

	async #stage(): Promise<Stage> {
		return makeStage(this.#context, this.#record, this.#tunnels, this.#leave.signal);
	}
}
