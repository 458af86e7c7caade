import type {HostRecord, Layout} from './layout.js';
import type {Pty} from './terminal.js';

/** What one host process serves. */
export type ServerOptions = {
	readonly record: HostRecord;
	readonly places: Layout;
	readonly hostKey: string;
	/** Undefined where no pseudo-terminals can be made. */
	readonly pty: Pty | undefined;
};
