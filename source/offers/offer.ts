export type Gpu = {
	readonly vendor: string;
	/** As the field writes it: `A100`, `L4`. */
	readonly name: string;
	readonly count: number;
	/** Nominal memory of each, MiB. */
	readonly memory: number;
};

/** Never claims more than the backend said. */
export type Availability = 'available' | 'unknown' | 'unavailable' | 'no quota' | 'no credentials';

/** How an instance ends when nobody is there to end it. */
export type DeadlineKind = 'provider' | 'guest' | 'none';

/** One instance type in one region and market at a price. */
export type Offer = {
	/** Stable: the same offer has the same id on every listing. */
	readonly id: string;
	readonly backend: string;
	readonly region: string;
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
	readonly priceSource: string;
	/** Milliseconds since the epoch. */
	readonly priceDate: number;
	readonly availability: Availability;
	readonly deadline: DeadlineKind;
	/** What a person must know before choosing it: why it is unavailable, that it has no isolation. One sentence each. */
	readonly notes: readonly string[];
};
