import type {Clock} from '../../../system/clock.js';
import {type Backend, BackendError, type Instance, type OfferSource} from '../../backend.js';
import type {InContainers} from '../../lazy.js';
import type {Listed, Operations} from './calls.js';
import {byHand, quotaFamily} from './ids.js';

/** How long EC2 may not tell of what it has just made. Milliseconds. */
const settled = 2 * 60_000;
const never = (): AbortSignal => new AbortController().signal;
const nobody = () => undefined;

/** AWS as a whole: its offers, and what is done with them. Wherever `operations` happen, what is remembered of instances is here. */
export function createAwsBackend<S extends OfferSource>(
	source: S,
	operations: Operations,
	clock: Clock,
): S & Required<Omit<Backend, InContainers>> {
	const memory = new Memory(clock);
	return {
		...source,
		check: async (offer, signal) => operations.check([offer], signal, nobody),
		async launch(intent, signal, onProgress) {
			const instance = await operations.launch([intent], signal, onProgress);
			memory.note(instance);
			return instance;
		},
		account: async ({region}, signal) => operations.account([region], signal, nobody),
		async find(intentId, offer, account, signal = never()) {
			const instance = await operations.find([intentId, offer, account], signal, nobody);
			if (instance) {
				memory.note(instance);
			}

			return instance;
		},
		async describe(id, account, signal = never()) {
			const instance = await operations.look([id, account], signal, nobody);
			if (instance) {
				memory.note(instance);
			} else if (!memory.isGone(id)) {
				throw new BackendError('transient', 'EC2 does not tell of it; it may have been made a moment ago', {
					next: 'It is asked for again; two minutes from now the answer is certain.',
				});
			}

			return instance;
		},
		terminate: async (id, account, signal = never()) => operations.terminate([id, account], signal, nobody),
		async start(id, account, signal, onProgress) {
			const instance = await operations.start([id, account], signal, onProgress);
			memory.note(instance);
			return instance;
		},
		async list(installation, regions, unanswered, signal = never()) {
			if (regions.length === 0) {
				return [];
			}

			const listed = await operations.list([installation, regions], signal, nobody);
			return everyRegion(listed, unanswered);
		},
		sweep: async (installation, regions) =>
			regions.length === 0 ? [] : operations.sweep([installation, regions], never(), nobody),
		async regions(signal) {
			// Nobody is asked, nor a process started, where there is nothing to ask with.
			const setup = await source.setup?.();
			if (setup?.configured === false) {
				return {named: [], names: [], unasked: ['it is not set up here']};
			}

			return operations.regions([], signal, nobody);
		},
		admit: async (id, signal) => operations.admit([id], signal, nobody),
		quotaFamily,
		byHand,
	};
}

/** No region that is silent may look like one that is empty. */
function everyRegion(
	{instances, unanswered}: Listed,
	onUnanswered: ((region: string, error: BackendError) => void) | undefined,
): Instance[] {
	const [first] = unanswered;
	if (first && !onUnanswered) {
		const others = unanswered.length - 1;
		throw new BackendError(
			first.class,
			`${first.region} cannot be asked${others > 0 ? `, nor ${others} more` : ''}: ${first.message}`,
			{next: first.next},
		);
	}

	for (const each of unanswered) {
		onUnanswered?.(each.region, new BackendError(each.class, each.message, {next: each.next}));
	}

	return [...instances];
}

/**
What tells an instance that is gone from one that EC2 does not tell of yet. By the time that has passed here alone: this machine's clock and
EC2's may differ by more than the two minutes that matter, and either may jump.
*/
class Memory {
	/** When each was first heard of. */
	readonly #since = new Map<string, number>();
	readonly #missed = new Map<string, number>();
	readonly #ended = new Set<string>();
	readonly #clock: Clock;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	note({id, state}: Instance): void {
		this.#missed.delete(id);
		if (!this.#since.has(id)) {
			this.#since.set(id, this.#clock.elapsed());
		}

		if (state === 'terminated') {
			this.#ended.add(id);
		}
	}

	/** Whether one that was just not told of is certainly gone: it was seen ended, or missed twice when it was old enough. */
	isGone(id: string): boolean {
		const now = this.#clock.elapsed();
		const before = this.#missed.get(id);
		if (before === undefined) {
			this.#missed.set(id, now);
		}

		const known = this.#since.get(id) ?? before;
		return this.#ended.has(id) || (before !== undefined && known !== undefined && now - known >= settled);
	}
}
