import type {Clock} from '../../../source/system/clock.js';
import {Agenda} from './agenda.js';
import {spotPrice, types, usualQuotas, usualRegions} from './catalogue.js';
import type {GuestHook, Machines} from './guests.js';
import {addDefaultVpc} from './network.js';
import type {Instance, Region} from './records.js';

/** Milliseconds by the stand-in's clock. */
export type Delays = {
	/** After a launch, until it can be described. */
	visible: number;
	/** `pending` */
	boot: number;
	/** `shutting-down` and `stopping` */
	end: number;
};

export type Account = {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken?: string;
	/** Twelve digits. */
	readonly account: string;
};

export type WorldOptions = {
	readonly clock: Clock;
	/** With their `OptInStatus`. */
	readonly regions?: Readonly<Record<string, string>>;
	readonly accounts?: readonly Account[];
	/** vCPUs by quota code, over the usual 256 each. */
	readonly quotas?: Readonly<Record<string, number>>;
	readonly delays?: Partial<Delays>;
	readonly defaultVpc?: boolean;
	/** Instances are these, whole; without them they are simulated. */
	readonly machines?: Machines;
	/** What a simulated guest does when it boots. */
	readonly guest?: GuestHook;
};

export const usualAccount: Account = {
	accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
	secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
	account: '123456789012',
};

/** All that the cloud holds. A test may look at everything and change what is not `readonly`. */
export class World {
	readonly clock: Clock;
	readonly agenda: Agenda;
	readonly regionStates: Record<string, string>;
	readonly accounts: readonly Account[];
	readonly quotas: Record<string, number>;
	readonly delays: Delays;
	readonly machines: Machines | undefined;
	/** A test may set it at any time: it counts for boots from then on. */
	guest: GuestHook | undefined;
	/** Keeps volumes and network interfaces of instances that end, whatever their launch said. */
	leaveOrphans = false;
	/** Whether new regions have a default VPC. */
	readonly defaultVpc: boolean;
	/** What went wrong with real machines. */
	readonly troubles: Error[] = [];
	readonly #regions = new Map<string, Region>();
	readonly #work = new Set<Promise<void>>();
	#ids = 0;

	constructor(options: WorldOptions) {
		this.clock = options.clock;
		this.agenda = new Agenda(options.clock);
		this.regionStates = {...(options.regions ?? usualRegions)};
		this.accounts = options.accounts ?? [usualAccount];
		this.quotas = {...usualQuotas, ...options.quotas};
		this.delays = {visible: 0, boot: 1000, end: 1000, ...options.delays};
		this.machines = options.machines;
		this.guest = options.guest;
		this.defaultVpc = options.defaultVpc ?? true;
	}

	now(): number {
		return this.clock.now();
	}

	/** `vpc-0000000000000002a`: counted, so that a history that is repeated has the same ids. */
	readonly newId = (prefix: string): string => `${prefix}-${(++this.#ids).toString(16).padStart(17, '0')}`;

	/** Lets everything happen that is due. Looking at the state does that too; so does every call, and a turn of the event loop. */
	settle(): void {
		this.agenda.settle();
	}

	/** What the account has there; made when it is first looked at. */
	region(account: string, name: string): Region {
		const key = `${account} ${name}`;
		const known = this.#regions.get(key);
		if (known) {
			return known;
		}

		const region: Region = {
			name,
			account,
			zones: ['a', 'b', 'c'].map(letter => name + letter),
			...{instances: new Map(), volumes: new Map(), interfaces: new Map(), spotRequests: new Map()},
			...{vpcs: new Map(), subnets: new Map(), groups: new Map(), keyPairs: new Map(), tokens: new Map()},
		};
		this.#regions.set(key, region);
		if (this.defaultVpc) {
			addDefaultVpc(region, this.newId);
		}

		return region;
	}

	get regions(): readonly Region[] {
		this.agenda.settle();
		return [...this.#regions.values()];
	}

	/** Every instance that there ever was. */
	get instances(): readonly Instance[] {
		return this.regions.flatMap(({instances}) => [...instances.values()]);
	}

	/** An instance by its id. Throws where there is none. */
	instance(id: string): Instance {
		const found = this.instances.find(each => each.id === id);
		if (!found) {
			throw new Error(`no instance ${id}`);
		}

		return found;
	}

	/** Those that cost money by the hour at a time (milliseconds since the epoch, now by default): pending or running. */
	alive(at = this.now()): Instance[] {
		return this.instances.filter(({history}) => {
			const then = history.findLast(each => each.at <= at)?.state;
			return then === 'pending' || then === 'running';
		});
	}

	spotPrice(type: string, zone: string): number {
		return spotPrice(type, zone.charCodeAt(zone.length - 1) - 97);
	}

	zonesOf(type: string, region: Region): readonly string[] {
		// The largest are not everywhere, as in life.
		return types[type] ? region.zones.filter((_, index) => index < (type.startsWith('p') ? 2 : 3)) : [];
	}

	/** Work that nobody waits for, but that an end of the test has to. */
	track(work: Promise<void>): void {
		const noted = work
			.catch((error: unknown) => {
				this.troubles.push(error as Error);
			})
			.finally(() => this.#work.delete(noted));
		this.#work.add(noted);
	}

	async close(): Promise<void> {
		this.agenda.close();
		await Promise.all(this.#work);
		await this.machines?.close();
	}
}
