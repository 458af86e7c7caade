import type {Requirements} from '../configuration/model.js';
import {bitOf, type ConstraintId, constraintIds, constraintWords, countBits, failures} from './explain/constraints.js';
import {type Change, leastChange} from './explain/relax.js';
import {canBeTried, fitting} from './match.js';
import type {Availability} from './offer.js';
import type {OfferTable} from './table.js';
import {availabilities} from './table/rows.js';

export type {ConstraintId} from './explain/constraints.js';

/** What one constraint took away. */
export type Step = {
	readonly constraint: ConstraintId;
	/** `max price $0.30`, `GPU H100`. */
	readonly words: string;
	/** Offers that it removed of those that the constraints before it had left. */
	readonly removed: number;
	/** Offers that are left after it. */
	readonly left: number;
};

/** A change of one constraint that gives offers. */
export type Relaxation = Change & {
	readonly constraint: ConstraintId;
	/** How many offers fit once it is made, and how many of them can be tried. Always some. */
	readonly offers: number;
	readonly triable: number;
	/** The row of the cheapest of them that can be tried; where none can, of all. */
	readonly cheapest: number;
};

export type Explanation = {
	readonly listed: number;
	/** How many offers fit. */
	readonly fits: number;
	/** Why those that fit cannot be tried, by what their backend says: `no credentials`, `no quota`, `unavailable`. */
	readonly untriable: Partial<Record<Availability, number>>;
	/** Where, what, how, in this order; each constraint that is asked, also one that removed nothing. */
	readonly steps: readonly Step[];
	/**
	What would help, the change that a person minds least first; those that give something to try before those that do not. To go without
	a GPU is no smaller request but another one: it comes last.
	*/
	readonly relaxations: readonly Relaxation[];
	/** Where no single change helps: the fewest constraints that stand in the way of the nearest offers. */
	readonly nearest:
		{readonly constraints: readonly ConstraintId[]; readonly words: readonly string[]; readonly offers: number} | undefined;
};

/** Why there are so few offers, or none, and what would give some. */
export function explain(table: OfferTable, requirements: Requirements): Explanation {
	const listed = table.listed();
	const failed = failures(table, requirements);
	const counts = new Uint32Array(1 << constraintIds.length);
	const singles = new Map<number, number[]>(constraintIds.map(id => [bitOf(id), []]));
	for (let index = 0; index < listed.length; index++) {
		const row = listed[index] as number;
		const mask = failed(row);
		counts[mask] = (counts[mask] as number) + 1;
		singles.get(mask)?.push(row);
	}

	const relaxations = relax(table, requirements, singles);
	return {
		listed: listed.length,
		fits: counts[0] ?? 0,
		untriable: untriable(table, fitting(table, requirements, listed)),
		steps: steps(counts, requirements, listed.length),
		relaxations,
		nearest: relaxations.length > 0 || (counts[0] ?? 0) > 0 ? undefined : nearest(counts, requirements),
	};
}

function untriable(table: OfferTable, rows: Uint32Array): Explanation['untriable'] {
	const counts: Partial<Record<Availability, number>> = {};
	for (const row of rows) {
		const availability = availabilities[table.availability(row)];
		if (availability !== undefined && !canBeTried(table, row)) {
			counts[availability] = (counts[availability] ?? 0) + 1;
		}
	}

	return counts;
}

/** An offer counts for the first constraint that it fails. */
function steps(counts: Uint32Array, requirements: Requirements, listed: number): Step[] {
	const removed = constraintIds.map(() => 0);
	for (let mask = 1; mask < counts.length; mask++) {
		const count = counts[mask] as number;
		if (count > 0) {
			const first = 31 - Math.clz32(mask & -mask);
			removed[first] = (removed[first] ?? 0) + count;
		}
	}

	let left = listed;
	return constraintIds.flatMap((constraint, index) => {
		const words = constraintWords(constraint, requirements);
		left -= removed[index] ?? 0;
		return words === undefined ? [] : [{constraint, words, removed: removed[index] ?? 0, left}];
	});
}

function relax(table: OfferTable, requirements: Requirements, singles: ReadonlyMap<number, readonly number[]>): Relaxation[] {
	const listed = table.listed();
	const {price} = table.columns;
	return constraintIds
		.flatMap(constraint => {
			const rows = singles.get(bitOf(constraint)) ?? [];
			const change = rows.length > 0 ? leastChange(constraint, table, requirements, rows) : undefined;
			if (change === undefined) {
				return [];
			}

			const found = fitting(table, {...requirements, ...change.change}, listed);
			const triable = found.filter(row => canBeTried(table, row));
			const [first, ...others] = triable.length > 0 ? triable : found;
			return first === undefined
				? []
				: [
						{
							...change,
							constraint,
							offers: found.length,
							triable: triable.length,
							cheapest: others.reduce((best, row) => ((price[row] as number) < (price[best] as number) ? row : best), first),
						},
					];
		})
		.sort(
			(a, b) =>
				Number(a.constraint === 'gpu') - Number(b.constraint === 'gpu') ||
				Number(a.triable === 0) - Number(b.triable === 0) ||
				a.cost - b.cost ||
				b.offers - a.offers,
		);
}

function nearest(counts: Uint32Array, requirements: Requirements): Explanation['nearest'] {
	let best = 0;
	for (let mask = 1; mask < counts.length; mask++) {
		const isNearer = best === 0 || countBits(mask) < countBits(best);
		const isAsNear = best !== 0 && countBits(mask) === countBits(best);
		if ((counts[mask] as number) > 0 && (isNearer || (isAsNear && (counts[mask] as number) > (counts[best] as number)))) {
			best = mask;
		}
	}

	const constraints = constraintIds.filter(id => (best & bitOf(id)) !== 0);
	return best === 0
		? undefined
		: {constraints, words: constraints.map(id => constraintWords(id, requirements) ?? id), offers: counts[best] as number};
}
