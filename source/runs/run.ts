import {BackendError} from '../backends/backend.js';
import {unsavedWork} from '../environment/work.js';
import {Problem} from '../system/problem.js';
import {ConnectionError, type Destination} from '../tunnel/connection.js';
import {Tunnel} from '../tunnel/tunnel.js';
import type {RunContext} from './context.js';
import {Deferred} from './deferred.js';
import {findEnd, isStopRequested, tidy} from './end.js';
import type {RunEvent} from './events.js';
import type {LinkHealth, LogBook, RunHandle, UnsavedWork} from './handle.js';
import {endedProblem, provisioningProblem, stepProblem} from './problems.js';
import {type BoundPort, bindPorts, portTable} from './ports.js';
import {prepare} from './prepare.js';
import {RunRecord} from './record.js';
import {readKeys, readSecrets} from './run-folder.js';
import {stopRecord} from './stop.js';
import {type NewEvent, RunOver, type Stage, stepContext, StepFailed} from './stage.js';
import type {RunState} from './state.js';

const followInterval = 500;
const watchInterval = 1000;

/** A run that this program looks after: the one owner drives it, others follow its journal and take over when the owner dies. */
export class Run implements RunHandle {
	readonly name: string;
	readonly #context: RunContext;
	readonly #record: RunRecord;
	readonly #tunnel: Tunnel;
	/** Aborted when this program lets go of the run, or it is over. */
	readonly #leave = new AbortController();
	readonly #over = new Deferred<void>();
	#ready = new Deferred<void>();
	#again = new Deferred<void>();
	#ports: readonly BoundPort[] = [];
	#driving: Promise<void> = Promise.resolve();
	#checking = false;

	private constructor(context: RunContext, record: RunRecord) {
		this.name = record.name;
		this.#context = context;
		this.#record = record;
		this.#tunnel = new Tunnel({
			clock: context.clock,
			random: context.random,
			destination: async () => this.#destination(),
			onUp: () => this.#note({type: 'tunnel-up'}),
			onDown: reason => this.#note({type: 'tunnel-down', reason}),
			onChange: () => record.changed(),
		});
	}

	/** Takes up the run called `name` wherever it is. Throws a `Problem` when there is none or it is over. */
	static async take(context: RunContext, name: string): Promise<Run> {
		const record = new RunRecord(context, name);
		await record.load();
		return Run.from(context, record);
	}

	/** The same for a record that is read already, or that this program has just begun. */
	static async from(context: RunContext, record: RunRecord): Promise<Run> {
		const {state, name} = record;
		if (!state) {
			throw new Problem('usage', `There is no environment called ${name}`, {next: '`dstack-tui ps` lists those that there are.'});
		}

		if (state.phase === 'gone' || state.phase === 'ended') {
			throw endedProblem(state);
		}

		const run = new Run(context, record);
		run.#driving = (await record.own()) ? run.#drive() : run.#follow();
		run.#watch();
		return run;
	}

	state(): RunState {
		const {state} = this.#record;
		if (!state) {
			throw new Error(`${this.name} has no intent`);
		}

		return state;
	}

	logs(): LogBook {
		return this.#record.logs;
	}

	health(): LinkHealth {
		const {latencies, ...rest} = this.#tunnel.health;
		return {...rest, latencies, latency: latencies.at(-1), ports: portTable(this.#ports, this.#tunnel.forwards.stats())};
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
		const signal = AbortSignal.any([this.#leave.signal, AbortSignal.timeout(30_000)]);
		return unsavedWork(await this.#tunnel.link(signal), stepContext(this.state()));
	}

	async extend(seconds: number): Promise<void> {
		const {extendDeadline} = await import('./deadline.js');
		await extendDeadline(await this.#stage(), seconds);
	}

	async stop(reason: string): Promise<void> {
		await this.#letGo();
		await stopRecord(this.#context, this.#record, reason);
		this.#over.resolve();
	}

	async detach(): Promise<void> {
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

	/** Ends everything that this program does for the run, and waits until it has ended. */
	async #letGo(): Promise<void> {
		this.#leave.abort(new Problem('interrupted', `${this.name} was let go`));
		this.#tunnel.close();
		await this.#driving;
	}

	async #drive(): Promise<void> {
		try {
			this.#ports = await bindPorts(this.#tunnel.forwards, this.state().ports);
			if (this.state().phase === 'ready') {
				this.#tunnel.start();
				this.#ready.resolve();
				await this.#check();
				return;
			}

			const stage = await this.#stage();
			while (!(await this.#attempt(stage))) {
				await this.#untilRetry();
			}
		} catch (error) {
			this.#ready.reject(error);
		}
	}

	/** One attempt at getting ready; false when a step failed, which may be tried again. */
	async #attempt(stage: Stage): Promise<boolean> {
		try {
			await prepare(stage);
			this.#ready.resolve();
			return true;
		} catch (error) {
			this.#leave.signal.throwIfAborted();
			if (error instanceof RunOver) {
				await this.#end(error);
				throw endedProblem(this.state());
			}

			if (error instanceof BackendError) {
				const {class: errorClass, message, next} = error;
				await this.#record.append({type: 'attempt-failed', errorClass, message, next});
				await this.#end(new RunOver(`could not be provisioned: ${message}`, false));
				throw provisioningProblem(error, this.state().offer.backend);
			}

			await this.#fail(StepFailed.from('instance', error));
			return false;
		}
	}

	async #fail({step, message, details}: StepFailed): Promise<void> {
		await this.#record.append({type: 'step-failed', step, message, ...details, lastLines: [...details.lastLines]});
		this.#ready.reject(stepProblem(step, message, details.lastLines, details.next));
	}

	async #untilRetry(): Promise<void> {
		const {signal} = this.#leave;
		const left = new Promise<never>((_resolve, reject) => {
			signal.addEventListener('abort', () => reject(signal.reason as Error), {once: true});
		});
		await Promise.race([this.#again.promise, left]);
		this.#again = new Deferred();
		this.#ready = new Deferred();
	}

	async #follow(): Promise<void> {
		const {signal} = this.#leave;
		try {
			for (;;) {
				await this.#record.catchUp();
				const {phase, failure, address} = this.state();
				if (phase === 'gone' || phase === 'ended') {
					throw endedProblem(this.state());
				}

				if (address) {
					this.#tunnel.start();
				}

				if (phase === 'ready') {
					this.#ready.resolve();
				} else if (failure) {
					this.#ready.reject(stepProblem(failure.step, failure.message, failure.lastLines, failure.next));
				}

				await this.#context.clock.sleep(followInterval, signal);
				if (await this.#record.own()) {
					await this.#drive();
					return;
				}
			}
		} catch (error) {
			this.#ready.reject(error);
			if (!signal.aborted) {
				this.#finish();
			}
		}
	}

	/** Looks for two things that nobody tells: that another program asked for the end, and that the instance has ended by itself. */
	#watch(): void {
		const stop = this.#context.clock.every(watchInterval, () => {
			void this.#check();
		});
		this.#leave.signal.addEventListener('abort', stop, {once: true});
	}

	async #check(): Promise<void> {
		if (!this.#record.owned || this.#checking || this.#leave.signal.aborted) {
			return;
		}

		this.#checking = true;
		try {
			if (await isStopRequested(this.#record.folder)) {
				await this.stop('stopped from another terminal');
			} else if (this.state().phase === 'ready' && this.#tunnel.health.status !== 'up') {
				const end = await findEnd(await this.#context.backend(this.state().offer.backend), this.state());
				if (end && !this.#leave.signal.aborted) {
					await this.#end(end);
				}
			}
		} catch (error) {
			// A backend that does not answer says nothing about the instance; it is asked again.
			this.#record.note(`could not be checked: ${String(error)}`);
		} finally {
			this.#checking = false;
		}
	}

	async #end({message, kept}: RunOver): Promise<void> {
		const {instanceId, offer} = this.state();
		if (!kept && instanceId !== undefined) {
			await (await this.#context.backend(offer.backend)).terminate(instanceId);
		}

		await this.#record.append({type: 'gone', reason: message, kept});
		await tidy(this.#context.paths, this.#record.folder);
		await this.#record.release();
		this.#finish();
	}

	#finish(): void {
		this.#leave.abort(endedProblem(this.state()));
		this.#tunnel.close();
		this.#over.resolve();
	}

	/** Events of the tunnel, which has no one to wait for the disk. */
	#note(event: NewEvent): void {
		if (this.#record.owned && !this.#leave.signal.aborted) {
			this.#record.append(event).catch((error: unknown) => this.#record.note(`journal: ${String(error)}`));
		}
	}

	async #destination(): Promise<Destination> {
		const {address} = this.state();
		if (!address) {
			throw new ConnectionError('it has no address yet', false);
		}

		const keys = await readKeys(this.#record.folder);
		return {...address, privateKey: keys.identity.private, hostKey: keys.hostKey.public};
	}

	async #stage(): Promise<Stage> {
		return {
			context: this.#context,
			folder: this.#record.folder,
			secrets: await readSecrets(this.#record.folder),
			tunnel: this.#tunnel,
			signal: this.#leave.signal,
			state: () => this.state(),
			append: async event => this.#record.append(event),
			report: (step, report) => this.#record.report(step, report),
		};
	}
}
