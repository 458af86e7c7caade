import {
	type Backend,
	BackendError,
	type BackendErrorClass,
	type Instance,
	type LaunchIntent,
} from '../../../source/backends/backend.js';
import type {Offer} from '../../../source/offers/offer.js';
import {testOffer} from '../../support/events.js';

/** What happens to one call: the answer is lost before or after the work is done, or it is refused. */
export type Fault =
	| {readonly type: 'lost-before'}
	| {readonly type: 'lost-after'}
	| {readonly type: 'refused'; readonly class: BackendErrorClass; readonly zones?: readonly string[]};

export type Call = 'launch' | 'find' | 'describe' | 'terminate' | 'list' | 'start';

type Machine = {
	readonly id: string;
	readonly intent: LaunchIntent;
	readonly madeAt: number;
	readonly deadline: number;
	lease: number;
	endedAt: number | undefined;
	interrupted: boolean;
	/** Stopped in the cloud, and not terminated. */
	isStopped?: boolean;
	/** Started again, it runs from then on. */
	bootsUntil?: number;
};

/** How long a machine that was just made is not told of by `find` and `list`. Milliseconds. */
const silence = 20_000;
const leaseTime = 1_800_000;

export const cloudOffer = (changes: Partial<Offer> = {}): Offer => ({
	...testOffer,
	id: 'cloud/r1/small',
	backend: 'cloud',
	region: 'r1',
	instanceType: 'small',
	price: 1,
	...changes,
});

/**
A cloud in memory: idempotent by token as EC2 is, slow to tell of what it made, with machines that end themselves at their deadline or
lease. Time is the test's.
*/
export class Cloud {
	readonly machines: Machine[] = [];
	readonly calls: Array<{readonly call: Call; readonly token: string}> = [];
	/** Decides on each call; undefined for none. */
	fault: (call: Call, token: string) => Fault | undefined = () => undefined;
	/** Guests that do nothing: neither deadline nor lease ends them. */
	areGuestsDead = false;
	/** Whether instances are machines with a guard of their own. */
	areMachines = true;
	/** How far its clock is behind this machine's. Milliseconds. */
	behind = 0;
	readonly #now: () => number;

	constructor(now: () => number) {
		this.#now = now;
	}

	/** Machines that are billed at this moment. */
	alive(): Machine[] {
		return this.machines.filter(machine => this.#endOf(machine) === undefined);
	}

	/** Somebody else's, which nobody here may touch. */
	addForeign(installation: string): Machine {
		const intent = {
			id: `foreign-${this.machines.length}`,
			run: 'theirs',
			installation,
			offer: cloudOffer(),
		} as unknown as LaunchIntent;
		const machine = this.#make(intent);
		return machine;
	}

	interrupt(machine: Machine): void {
		machine.endedAt ??= this.#now();
		machine.interrupted = true;
	}

	backend(name = 'cloud'): Backend {
		return {
			name,
			deadline: 'guest',
			status: async () => ({backend: name, ready: true, notes: []}),
			async *offers() {
				yield [];
			},
			launch: async intent => this.#act('launch', intent.id, () => this.#launch(intent)),
			find: async id =>
				this.#act('find', id, () => {
					const machine = this.machines.find(each => each.intent.id === id && this.#isTold(each));
					return machine && this.#instance(machine);
				}),
			describe: async id => this.#act('describe', id, () => this.#byId(id) && this.#instance(this.#byId(id) as Machine)),
			terminate: async id =>
				this.#act('terminate', id, () => {
					const machine = this.#byId(id);
					if (machine) {
						machine.endedAt ??= this.#now();
					}
				}),
			list: async installation =>
				this.#act('list', installation, () =>
					this.machines
						.filter(machine => machine.intent.installation === installation && this.#isTold(machine))
						.filter(machine => this.#endOf(machine) === undefined)
						.map(machine => this.#instance(machine)),
				),
			start: async id =>
				this.#act('start', id, () => {
					const machine = this.#byId(id);
					if (!machine || this.#endOf(machine) !== undefined) {
						throw new BackendError('configuration', 'it has ended');
					}

					machine.isStopped = false;
					return this.#instance(machine);
				}),
			byHand: id => ({command: `cloud end ${id}`, console: undefined, start: `cloud start ${id}`}),
			quotaFamily: ({instanceType}) => instanceType.split('-')[0],
		};
	}

	async #act<T>(call: Call, token: string, work: () => T): Promise<T> {
		this.calls.push({call, token});
		const fault = this.fault(call, token);
		switch (fault?.type) {
			case 'lost-before': {
				throw new BackendError('transient', `${call}: no answer`);
			}

			case 'lost-after': {
				work();
				throw new BackendError('transient', `${call}: no answer`);
			}

			case 'refused': {
				throw new BackendError(fault.class, `${call}: ${fault.class}`, {zones: fault.zones});
			}

			default: {
				return work();
			}
		}
	}

	#launch(intent: LaunchIntent): Instance {
		const known = this.machines.find(each => each.intent.id === intent.id);
		if (known && known.intent.duration !== intent.duration) {
			throw new BackendError('configuration', 'IdempotentParameterMismatch');
		}

		return this.#instance(known ?? this.#make(intent));
	}

	#make(intent: LaunchIntent): Machine {
		const now = this.#now();
		const machine: Machine = {
			id: `m-${this.machines.length}`,
			intent,
			madeAt: now,
			deadline: intent.duration === undefined ? Number.POSITIVE_INFINITY : now + intent.duration * 1000,
			lease: now + leaseTime,
			endedAt: undefined,
			interrupted: false,
		};
		this.machines.push(machine);
		return machine;
	}

	#endOf({endedAt, deadline, lease}: Machine): number | undefined {
		const own = this.areGuestsDead ? Number.POSITIVE_INFINITY : Math.min(deadline, lease);
		const end = Math.min(endedAt ?? Number.POSITIVE_INFINITY, own);
		return end <= this.#now() ? end : undefined;
	}

	#isTold = (machine: Machine): boolean => this.#now() - machine.madeAt >= silence;
	#byId = (id: string): Machine | undefined => this.machines.find(machine => machine.id === id);

	#instance(machine: Machine): Instance {
		const isOver = this.#endOf(machine) !== undefined;
		return {
			id: machine.id,
			intentId: machine.intent.id,
			run: machine.intent.run,
			state: isOver
				? 'terminated'
				: machine.isStopped
					? 'stopped'
					: this.#now() < (machine.bootsUntil ?? 0)
						? 'pending'
						: 'running',
			endpoint: {host: '127.0.0.1', port: 1, user: 'root'},
			workspace: '/workflow',
			stateFolder: '/dstack-tui',
			sharesNetwork: false,
			launchedAt: machine.madeAt,
			interrupted: machine.interrupted,
			replaceHostKey: this.areMachines,
			toldAt: this.#now() - this.behind,
			offer: {region: 'r1', instanceType: 'small', spot: false},
		};
	}
}
