import type {Consent} from '../../runs/model/consent.js';
import type {UnsavedWork} from '../../runs/model/run-handle.js';

/** How an environment is ended after a question. */
export type Ending = {
	readonly name: string;
	/** The folder that its code came from. */
	readonly source: string;
	readonly title: string;
	/** What would be lost; undefined where that cannot be found out. */
	readonly ask: () => Promise<UnsavedWork | undefined>;
	/** Its machine is stopped in its cloud: it can be started again, so that it can be asked. */
	readonly isHalted?: boolean;
	readonly end: (consent: Consent) => Promise<void>;
	/** The person has said yes before: only what would be lost is still worth a question. */
	readonly isAgreed?: boolean;
};
