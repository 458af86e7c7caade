import type {TunnelHealth} from '../../tunnel/health.js';
import type {ListeningPort} from '../../tunnel/observe/listening-ports.js';
import type {Load} from '../../tunnel/observe/machine-load.js';
import type {ReverseStats} from '../../tunnel/forward/reverse.js';
import type {Consent} from './consent.js';
import type {RunEvent} from './events.js';
import type {LogSnapshot} from './log-snapshot.js';
import type {RunState} from './state.js';

/** One port of the environment, and what it carries over this program. */
export type PortHealth = {
	readonly local: number;
	readonly remote: number;
	/** The local port that was asked for, where it was taken, and by whom, as far as that is known. */
	readonly wanted?: number | undefined;
	readonly holder?: string | undefined;
	/** The port inside that was asked for, where another program has it in the network that they share. */
	readonly moved?: {readonly from: number; readonly holder: string} | undefined;
	/** The environment shares this machine's network: nothing is carried. */
	readonly direct: boolean;
	/** It came while the environment ran, and can be taken away again. */
	readonly added: boolean;
	/** Connections that are open now. */
	readonly open: number;
	/** Bytes that came out of the environment, that went into it, and both together. */
	readonly received: number;
	readonly sent: number;
	readonly total: number;
	/** Bytes per second now, both ways, smoothed. */
	readonly rate: number;
	/** Why new connections cannot be taken. */
	readonly problem: string | undefined;
	/** `false` where another program carries it and has not told (yet) what is counted there: the figures above say nothing then. */
	readonly counted?: false;
};

/** One port of the environment that leads to one of this machine. */
export type ReverseHealth = ReverseStats & {
	/** As with `PortHealth`; `bound` says nothing then either. */
	readonly counted?: false;
};

/** Whether the person's own `ssh NAME`, which their editor uses too, works now. */
export type AccessHealth = {
	readonly status: 'unknown' | 'checking' | 'works' | 'fails';
	/** When that was found out, milliseconds since the epoch. */
	readonly at: number | undefined;
	/** With `fails`: the cause, and what to do about it. */
	readonly why: string | undefined;
	readonly next: string | undefined;
};

/** What the tunnel's connection is doing, and all that leads through it. */
export type LinkHealth = TunnelHealth & {
	/** Round trip, milliseconds. */
	readonly latency: number | undefined;
	readonly ports: readonly PortHealth[];
	/** Ports at which something started to listen inside, and that lead nowhere yet. */
	readonly offered: readonly ListeningPort[];
	/** Ports of the environment that lead to ports of this machine. */
	readonly reverse: readonly ReverseHealth[];
	readonly access: AccessHealth;
};

/** What the guard on the instance tells, by this machine's clock: who keeps it alive, and what will end it. */
export type GuestView = {
	/** The person's own connections. */
	readonly connections: ReadonlyArray<{readonly from: string; readonly since: number}>;
	readonly idleSince: number | undefined;
	readonly ends: {readonly at: number; readonly why: 'deadline' | 'lease' | 'inactivity'} | undefined;
};

/** Work in an environment that exists nowhere else: what would be lost by ending it. */
export type UnsavedWork = {
	readonly changed: boolean;
	readonly lines: readonly string[];
	/** By what it is known again; undefined where it could not be compared, so that `changed` only says that nobody knows. */
	readonly mark?: {readonly content: string} | undefined;
};

/** A run that this program looks after: it drives its steps, or follows another program that does, and keeps its tunnel. */
export type RunHandle = {
	readonly name: string;
	state(): RunState;
	/** The same object until there is another line. */
	logs(): LogSnapshot;
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
	/**
	Leads a port of this machine to one of the environment from now on, also after the next attach: the same number where that is free, else
	the next free one. Resolves with the local port. Throws a `Problem`, also where another program looks after the run.
	*/
	forward(remote: number, local?: number): Promise<number>;
	/** Takes back a port that was added. */
	unforward(local: number): Promise<void>;
	/** Leads a port of the environment to one of this machine from now on. Throws a `Problem` as `forward` does. */
	reverse(remote: number, local: number): Promise<void>;
	unreverse(remote: number): Promise<void>;
	/** Leaves an offered port alone until it starts to listen anew. */
	dismiss(remote: number): void;
	/** How busy the environment is, every few seconds for as long as somebody watches. Returns the way to stop. */
	watchLoad(onLoad: (load: Load | undefined) => void): () => void;
	/** Looks now whether `ssh NAME` works. */
	checkAccess(): void;
	/** Moves the deadline there by `seconds`. */
	extend(seconds: number): Promise<void>;
	/** Ends the instance and waits until that is confirmed; nothing where there is work that `consent` does not cover. */
	stop(reason: string, consent?: Consent): Promise<void>;
	/** Lets go for as long as this program is stopped, so that another can look after it. */
	suspend(): Promise<void>;
	/** Takes it up again after that, or follows who has it now. */
	resume(): void;
	/** Lets go: the instance lives on, preparation that is under way goes on in the background. */
	detach(): Promise<void>;
};
