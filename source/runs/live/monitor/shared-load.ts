import {watchLoad, type Load} from '../../../tunnel/observe/machine-load.js';
import type {RunRecord} from '../../journal/record.js';
import {RepeatedNote} from '../../journal/repeated-note.js';
import type {Tunnels} from '../../link/tunnels.js';

/** Seconds between two looks at how busy the environment is. */
const interval = 3;

/** One look at how busy the environment is for all who watch; none while nobody does. */
export class SharedLoad {
	readonly #record: RunRecord;
	readonly #tunnels: Tunnels;
	readonly #watchers = new Set<{readonly onLoad: (load: Load | undefined) => void}>();
	readonly #trouble: RepeatedNote;
	#last: Load | undefined;
	#stop: (() => void) | undefined;

	constructor(record: RunRecord, tunnels: Tunnels) {
		this.#record = record;
		this.#tunnels = tunnels;
		this.#trouble = new RepeatedNote(record);
	}

	/** Returns the way to stop. Whoever comes later is told the last sample at once. Undefined says that it is not known any more. */
	watch(onLoad: (load: Load | undefined) => void): () => void {
		const watcher = {onLoad};
		this.#watchers.add(watcher);
		if (this.#last) {
			onLoad(this.#last);
		}

		this.#stop ??= this.#tunnels.environment.whileUp(connection =>
			watchLoad(connection, interval, load => this.#tell(load), {
				workspace: this.#record.known.workspace,
				onTrouble: message => {
					this.#trouble.say(`how busy it is cannot be seen: ${message}`);
					this.#tell(undefined);
				},
			}),
		);
		return () => {
			this.#watchers.delete(watcher);
			if (this.#watchers.size === 0) {
				this.#stop?.();
				this.#stop = undefined;
				this.#last = undefined;
			}
		};
	}

	#tell(load: Load | undefined): void {
		if (load) {
			this.#trouble.forget();
		}

		this.#last = load;
		for (const {onLoad} of this.#watchers) {
			onLoad(load);
		}
	}
}
