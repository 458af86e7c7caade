import type {ChildProcess} from 'node:child_process';
import type {Backend} from '../backends/backend.js';
import type {Clock} from '../system/clock.js';
import type {Paths} from '../system/paths.js';
import {Waits, type WaitOptions} from '../system/waits.js';
import type {Random} from '../system/random.js';
import type {ForwardPolicy} from './model/preferences.js';
import type {ImageSource} from './model/image-choice.js';

/** What a run needs of the world around it; tests turn every part of it. */
export type RunContext = {
	readonly paths: Paths;
	readonly clock: Clock;
	readonly random: Random;
	/** The caller's own variables. */
	readonly variables: Readonly<Record<string, string | undefined>>;
	readonly backend: (name: string) => Promise<Backend>;
	/** Where images come from and builds go to. */
	readonly images: ImageSource;
	/** Gets what is waited for; without it nobody is, and each wait ends all the same. */
	readonly waits?: Waits;
	/** The setting that names another site to download the servers of editors from. */
	readonly ideOrigin: () => Promise<string | undefined>;
	/** The setting that says what happens with ports that start to listen inside. @default () => 'ask' */
	readonly forwardPorts?: () => ForwardPolicy;
	/** Starts another process of this program that goes on preparing the run, and outlives this one. */
	readonly continueInBackground: (name: string) => void;
	/** Starts another process of this program that refreshes the catalogue of these clouds and prints events; undefined where none is to. */
	readonly startUpdate?: (clouds: readonly string[]) => ChildProcess;
};

/** Does something that may take long, for at most its limit: its signal is aborted then. The listeners are called. Throws a `WaitOver`. */
export const waitFor = async <T>(
	{waits, clock}: Pick<RunContext, 'waits' | 'clock'>,
	wish: WaitOptions,
	act: (trouble: (words: string) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> => (waits ?? new Waits(clock)).during(wish, act);
