import type {Core} from '../../runs/core.js';
import type {Clock} from '../../system/clock.js';
import type {LogArea} from '../logs/log-lines.js';
import type {AppState} from './state.js';

/** How the app ended; what is still to be said is said after the screen is restored. */
export type AppEnd = {
	readonly kind: 'quit' | 'interrupted' | 'failed';
	readonly signal?: NodeJS.Signals;
	readonly problem?: unknown;
	readonly farewell?: string;
	/** The person does not wait for ends that are under way: they are tried again at the next start. */
	readonly leavesEnds?: boolean;
};

/** What the app needs of the world; tests give their own. */
export type AppOptions = {
	readonly core: Core;
	readonly clock: Clock;
	readonly size: {readonly columns: number; readonly rows: number};
	/** Where the screens show the log of the run that is open: what moving through it depends on. */
	readonly logArea: (state: AppState) => LogArea;
	/** Opens a link on the person's desktop, by a command of theirs that does it where there is one; rejects where that cannot be done. */
	readonly open: (url: string, command?: readonly string[]) => Promise<void>;
	/** Puts text on the person's clipboard. */
	readonly copy: (text: string) => void;
	/** Gives the terminal to a command and its arguments, takes it back, and tells the exit code. Rejects when it cannot be started. */
	readonly hand: (command: readonly string[]) => Promise<number>;
	/** Draws everything anew. */
	readonly redraw: () => Promise<void>;
	/** Puts the program to sleep as a shell's job. */
	readonly sleep: () => Promise<void>;
};
