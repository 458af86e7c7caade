/** An offer in codes. */
export type Coded = {
	readonly place: number;
	readonly shape: number;
	readonly spot: boolean;
	readonly estimated: boolean;
	/** US dollars per hour; NaN where the source has none. */
	readonly price: number;
	/** NaN where it is not known. */
	readonly previous: number;
	readonly source: number;
	readonly date: number;
	readonly availability: number;
	readonly interruption: number;
	readonly extra: number;
};
