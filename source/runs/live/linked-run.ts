import {unsavedWork} from '../../environment/work.js';
import type {ConnectionError} from '../../tunnel/connection/connection.js';
import type {Load} from '../../tunnel/observe/machine-load.js';
import {AccessWatch} from './ssh-access.js';
import type {RunContext} from '../context.js';
import type {NewEvent, RunEvent} from '../model/events.js';
import {listenToGuest} from './guest-watch.js';
import type {LogSnapshot} from '../model/log-snapshot.js';
import type {GuestView, LinkHealth, UnsavedWork} from '../model/run-handle.js';
import {Monitor} from './monitor/monitor.js';
import type {RunRecord} from '../journal/record.js';
import {SilenceWatch} from './silence-watch.js';
import {stepContext} from '../steps/step.js';
import type {RunState} from '../model/state.js';
import {makeTunnels, type Tunnels} from '../link/tunnels.js';

/** What is known of a run, and what leads to it, whoever drives it. */
export abstract class LinkedRun {
	readonly name: string;
	protected readonly context: RunContext;
	protected readonly record: RunRecord;
	protected readonly tunnels: Tunnels;
	protected readonly monitor: Monitor;
	/** Aborted when this program lets go of the run, or it is over. */
	protected readonly leave = new AbortController();
	readonly #silence: SilenceWatch;
	readonly #access: AccessWatch;
	#guest: GuestView | undefined;

	protected constructor(context: RunContext, record: RunRecord) {
		this.name = record.name;
		this.context = context;
		this.record = record;
		this.tunnels = makeTunnels(context, record, {
			onUp: () => {
				this.#note({type: 'tunnel-up'});
				this.onUp();
			},
			onDown: reason => this.#note({type: 'tunnel-down', reason}),
			onMachineUp: machine => void listenToGuest(context, record, machine, view => (this.#guest = view)),
			onFailed: error => {
				this.#note({type: 'tunnel-down', reason: error.message});
				this.onUnreachable(error);
			},
		});
		this.#access = new AccessWatch(context, record, this.tunnels, {signal: this.leave.signal});
		this.monitor = new Monitor(context, record, this.tunnels, this.#access);
		this.#silence = new SilenceWatch(context, record, this.tunnels);
	}

	/** Told of each new connection into the environment. */
	protected abstract onUp(): void;

	/** Told when no further try to reach it can succeed; of a machine and what is inside it, each may tell. */
	protected abstract onUnreachable(error: ConnectionError): void;

	/** About once a second. Never rejects. */
	protected async look(): Promise<void> {
		await this.monitor.tend();
		await this.#silence.look();
	}

	state(): RunState {
		return this.record.known;
	}

	logs(): LogSnapshot {
		return this.record.logs.snapshot();
	}

	health(): LinkHealth {
		const health = this.monitor.health();
		return {...health, reason: this.#silence.reason ?? health.reason};
	}

	guest(): GuestView | undefined {
		return this.#guest;
	}

	subscribe(listener: () => void): () => void {
		return this.record.subscribe(listener);
	}

	onEvent(listener: (event: RunEvent) => void): () => void {
		return this.record.onEvent(listener);
	}

	async forward(remote: number, local?: number): Promise<number> {
		return this.monitor.forward(remote, local);
	}

	async unforward(local: number): Promise<void> {
		return this.monitor.unforward(local);
	}

	async reverse(remote: number, local: number): Promise<void> {
		return this.monitor.reverse(remote, local);
	}

	async unreverse(remote: number): Promise<void> {
		return this.monitor.unreverse(remote);
	}

	dismiss(remote: number): void {
		this.monitor.dismiss(remote);
	}

	watchLoad(onLoad: (load: Load | undefined) => void): () => void {
		return this.monitor.watchLoad(onLoad);
	}

	checkAccess(): void {
		this.#access.check();
	}

	async unsavedWork(): Promise<UnsavedWork> {
		const link = await this.tunnels.environment.link(AbortSignal.any([this.leave.signal, AbortSignal.timeout(30_000)]));
		return unsavedWork(link, stepContext(this.state()));
	}

	#note(event: NewEvent): void {
		if (!this.leave.signal.aborted) {
			this.record.jot(event);
		}
	}
}
