import type {Instance} from '../../backends/backend.js';
import type {RunState} from './state.js';

/** An instance with this installation's tag that no journal tells of. */
export type Orphan = {readonly backend: string; readonly instance: Instance};

export type Reconciled = {
	/** Newest first, `gone` ones too. */
	readonly runs: readonly RunState[];
	readonly orphans: readonly Orphan[];
	/** What could not be checked, and why: a backend that does not answer. And what was ended or removed. */
	readonly notes: readonly string[];
};
