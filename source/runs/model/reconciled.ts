import type {Instance} from '../../backends/backend.js';
import type {RunState} from './state.js';

/** An instance with this installation's tag that no journal tells of, or of which one tells that it is gone. */
export type Orphan = {
	readonly backend: string;
	readonly instance: Instance;
	/** The journal of its run says that it has ended: somebody was let in once, so it may hold work. */
	readonly saidGone?: boolean;
	/** What the other machine is called that asked for it, with the same installation: it may well be in use there. */
	readonly elsewhere?: string | undefined;
};

export type Reconciled = {
	/** Newest first, `gone` ones too. */
	readonly runs: readonly RunState[];
	readonly orphans: readonly Orphan[];
	/** What could not be checked, and why: a backend that does not answer. And what was ended or removed. */
	readonly notes: readonly string[];
	/** Where instances that no journal tells of were looked for. */
	readonly looked: readonly Looked[];
};

/** Where a backend was asked for instances; `unasked` says where not, and why, one line each. */
export type Looked = {
	readonly backend: string;
	readonly regions: readonly string[];
	readonly unasked: readonly string[];
};

/** Whether a note is of what is still to be seen to, and no news of what was done. */
export const isTrouble = (note: string): boolean => note.includes('could not be');
