export type Gpu = {
	readonly vendor: string;
	/** As the field writes it: `A100`, `L4`. */
	readonly name: string;
	/** Below 1 for a part of one card: 0.125 is an eighth. */
	readonly count: number;
	/** Nominal memory of each, MiB. */
	readonly memory: number;
};

/** Never claims more than the backend said. */
export type Availability = 'available' | 'unknown' | 'unavailable' | 'no quota' | 'no credentials';

/** How an instance ends when nobody is there to end it. */
export type DeadlineKind = 'provider' | 'guest' | 'none';

/**
What an instance is: a `machine` to install an engine on, a `container` that is given as one, or a `process` of this machine itself, which
runs as the person and may do what they may.
*/
export type InstanceKind = (typeof instanceKinds)[number];

export const instanceKinds = ['machine', 'container', 'process'] as const;

/** One instance type in one region and market at a price. */
export type Offer = {
	/** Stable: the same offer has the same id on every listing. */
	readonly id: string;
	readonly backend: string;
	readonly region: string;
	/** The one zone where it is to be had at this price; undefined where the whole region is meant. */
	readonly zone?: string;
	readonly instanceType: string;
	readonly cpu: number;
	readonly architecture: 'x86_64' | 'arm64' | 'unknown';
	/** MiB. */
	readonly memory: number;
	readonly gpus: readonly Gpu[];
	/** MiB; undefined where the backend does not say. */
	readonly disk: number | undefined;
	readonly spot: boolean;
	/** US dollars per hour. */
	readonly price: number;
	/** Whether the price was worked out from others, and not quoted by the provider. */
	readonly estimated?: boolean;
	readonly priceSource: string;
	/** Milliseconds since the epoch. */
	readonly priceDate: number;
	readonly availability: Availability;
	readonly deadline: DeadlineKind;
	/** Journals of older versions do not say it: `instanceKind` reads those, too. */
	readonly kind?: InstanceKind;
	/** How often spot instances of this type are interrupted, as the provider puts it: `<5%`, `>20%`. */
	readonly interruption?: string;
	/** vCPUs that the account may run of this family in this region, and how many it runs. */
	readonly quota?: {readonly limit: number; readonly used: number | undefined};
	/** The quota that it counts in: offers of one backend and region with the same one share it. */
	readonly quotaFamily?: string;
	/** What a person must know before choosing it: why it is unavailable, that it has no isolation. One sentence each. */
	readonly notes: readonly string[];
};
