/** What a row is, as bits. */
export const bits = {
	spot: 1,
	estimated: 2,
	/** Its backend does not list it any more. */
	gone: 4,
	/** Said by the backend itself, with the person's credentials. */
	live: 8,
	/** Said by the catalogue. */
	catalogue: 16,
	/** A catalogue's row in whose place live ones stand. */
	replaced: 32,
} as const;

export const hidden = bits.gone | bits.replaced;

export const availabilities = ['available', 'unknown', 'unavailable', 'no quota', 'no credentials'] as const;

/** The columns that every row has. They are replaced when they grow: read them from here each time. */
export class Rows {
	length = 0;
	place: Uint32Array<ArrayBuffer>;
	shape: Uint32Array<ArrayBuffer>;
	flags: Uint8Array<ArrayBuffer>;
	/** Index into `availabilities`. */
	availability: Uint8Array<ArrayBuffer>;
	/** Code of the interruption band; 0 is none. */
	interruption: Uint16Array<ArrayBuffer>;
	price: Float64Array<ArrayBuffer>;
	/** The price before the last listing changed it; NaN where it did not. */
	previous: Float64Array<ArrayBuffer>;
	source: Uint32Array<ArrayBuffer>;
	/** Milliseconds since the epoch. */
	date: Float64Array<ArrayBuffer>;
	/** Code of what few rows have: notes, quota, a way to end; 0 is nothing. */
	extra: Uint32Array<ArrayBuffer>;
	/** The listing that said it last. */
	listing: Uint32Array<ArrayBuffer>;

	constructor(capacity = 1024) {
		this.place = new Uint32Array(capacity);
		this.shape = new Uint32Array(capacity);
		this.flags = new Uint8Array(capacity);
		this.availability = new Uint8Array(capacity);
		this.interruption = new Uint16Array(capacity);
		this.price = new Float64Array(capacity);
		this.previous = new Float64Array(capacity);
		this.source = new Uint32Array(capacity);
		this.date = new Float64Array(capacity);
		this.extra = new Uint32Array(capacity);
		this.listing = new Uint32Array(capacity);
	}

	/** Reserves space for so many rows more. */
	reserve(more: number): void {
		const wanted = this.length + more;
		if (wanted <= this.place.length) {
			return;
		}

		const old = this as Columns;
		const grown: Columns = new Rows(Math.max(wanted, Math.ceil(this.place.length * 1.5)));
		for (const name of names) {
			grown[name].set(old[name]);
			// The types of both sides are those of one column.
			(this as Record<ColumnName, unknown>)[name] = grown[name];
		}
	}
}

const names = [
	'place',
	'shape',
	'flags',
	'availability',
	'interruption',
	'price',
	'previous',
	'source',
	'date',
	'extra',
	'listing',
] as const;
type ColumnName = (typeof names)[number];
type Columns = Pick<Rows, ColumnName>;
