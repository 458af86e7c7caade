import type {Pane} from '../environment/step.js';
import type {RunEvent} from './events.js';
import type {RunState} from './state.js';

/** A log line as it is drawn: escape sequences neutralised, no newline. */
export type LogLine = {readonly at: number; readonly pane: Pane; readonly text: string};

/** Newest lines of a run's logs, bounded in lines and bytes. `version` grows with every line. */
export type LogBook = {
	readonly version: number;
	lines(pane: Pane | 'all'): readonly LogLine[];
};

/** What the tunnel's connection is doing, for a line on the screen. */
export type LinkHealth = {
	readonly status: 'connecting' | 'up' | 'waiting' | 'down';
	/** Round trip, milliseconds. */
	readonly latency: number | undefined;
	/** Newest last, at most 60. */
	readonly latencies: readonly number[];
	readonly upSince: number | undefined;
	readonly reconnects: number;
	/** What is being waited for, or why it is down. */
	readonly reason: string | undefined;
	readonly ports: readonly {
		readonly local: number;
		readonly remote: number;
		readonly open: number;
		readonly total: number;
		readonly direct: boolean;
		readonly wanted?: number;
	}[];
};

/** What the guard on the instance tells, by this machine's clock: who keeps it alive, and what will end it. */
export type GuestView = {
	/** The person's own connections. */
	readonly connections: ReadonlyArray<{readonly from: string; readonly since: number}>;
	readonly idleSince: number | undefined;
	readonly ends: {readonly at: number; readonly why: 'deadline' | 'lease' | 'inactivity'} | undefined;
};

/** Work in an environment that exists nowhere else: what would be lost by ending it. */
export type UnsavedWork = {readonly changed: boolean; readonly lines: readonly string[]};

/** A run that this program looks after: it drives its steps, or follows another program that does, and keeps its tunnel. */
export type RunHandle = {
	readonly name: string;
	state(): RunState;
	logs(): LogBook;
	health(): LinkHealth;
	/** Undefined while nothing was heard of a guard, or where there is none. */
	guest(): GuestView | undefined;
	/** Called, at most ten times a second, after anything above changed. */
	subscribe(listener: () => void): () => void;
	/** Called with each event as it becomes visible. Returns the way to stop. */
	onEvent(listener: (event: RunEvent) => void): () => void;
	/** Resolves at `ready`; rejects with a `Problem` when a step failed, nothing could be provisioned, or the run ended. */
	whenReady(): Promise<void>;
	/** Resolves when the run is over (`ended`, `gone`). */
	whenOver(): Promise<void>;
	/** Tries the failed step again. */
	retry(): void;
	/** Says yes to the dearer offer that the run asks about; `stop` is the way to say no. */
	agree(): Promise<void>;
	/** What ending it now would lose; asks the instance. */
	unsavedWork(): Promise<UnsavedWork>;
	/** Moves the deadline there by `seconds`. */
	extend(seconds: number): Promise<void>;
	/** Ends the instance and waits until that is confirmed. */
	stop(reason: string): Promise<void>;
	/** Lets go: the instance lives on, preparation that is under way goes on in the background. */
	detach(): Promise<void>;
};
