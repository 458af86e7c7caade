import type {Requirements} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import {messageOf} from '../../system/problem.js';
import type {RunpodSetup} from '../settings/index.js';
import {isInStock, type StockLocation, soldOut, stockOffers} from './offers.js';
import {dataCenter, type GpuType, gpuType, overview, rows, type Stock, stock, stockQuery, usualCounts} from './query.js';

const atOnce = 4;
const mostPlaces = 200;

/** Asks one GraphQL question; the answer's data. */
export type Query = (text: string) => Promise<Readonly<Record<string, unknown>>>;

export type StockListing = {
	readonly query: Query;
	readonly setup: RunpodSetup;
	readonly requirements: Requirements;
	/** Milliseconds since the epoch. */
	readonly date: number;
	readonly signal: AbortSignal;
	readonly emit: (offers: Offer[]) => void;
	readonly note: (line: string) => void;
};

/** Emits the stock of each data center as it answers. One that does not becomes a note. */
export async function listStock({query, setup, requirements, date, signal, emit, note}: StockListing): Promise<void> {
	const data = await query(overview);
	const types = rows(data, 'gpuTypes', gpuType);
	const centers = rows(data, 'dataCenters', dataCenter);
	const listed = centers.rows.filter(each => each.listed !== false).map(({id}) => id);
	const places = placesOf(listed, setup, requirements);
	const counts = countsFor(requirements);
	const seen = new Set<string>();
	const failures = new Map<string, string[]>();
	let odd = types.odd + centers.odd;

	const ask = async (place: StockLocation): Promise<void> => {
		try {
			const answer = await query(stockQuery(counts, place.secure ? {dataCenter: place.region} : 'community'));
			const found = readStock(answer, types.rows, counts);
			odd += found.odd;
			const here = found.rows.filter(each => isInStock(each.stock));
			for (const {type} of here) {
				seen.add(type.id);
			}

			emit(here.flatMap(each => stockOffers(each.type, each.count, each.stock, place, date)));
		} catch (error) {
			signal.throwIfAborted();
			const message = messageOf(error);
			failures.set(message, [...(failures.get(message) ?? []), place.region]);
		}
	};

	const left = [...places];
	await Promise.all(
		Array.from({length: Math.min(atOnce, left.length)}, async () => {
			for (let place = left.shift(); place; place = left.shift()) {
				await ask(place);
			}
		}),
	);
	// Of places that did not answer, or were not asked, nobody knows what they have in stock.
	if (failures.size === 0 && listed.every(id => places.some(({region}) => region === id))) {
		emit(types.rows.filter(({id}) => !seen.has(id)).flatMap(type => soldOut(type, date)));
	}

	for (const [message, names] of failures) {
		note(`${names.length === places.length ? 'no data center' : names.join(', ')}: ${message}`);
	}

	if (odd > 0) {
		note(`${odd} of RunPod's rows could not be read and are left out`);
	}
}

function placesOf(
	listed: readonly string[],
	{regions, communityCloud}: RunpodSetup,
	requirements: Requirements,
): StockLocation[] {
	const isWanted = (region: string) =>
		(regions === undefined || regions.includes(region)) &&
		(requirements.regions === undefined || requirements.regions.includes(region));
	return [
		...listed
			.filter(isWanted)
			.slice(0, mostPlaces)
			.map(region => ({region, secure: true})),
		...(communityCloud && isWanted('any') ? [{region: 'any', secure: false}] : []),
	];
}

/** The usual numbers of cards, and the one that is asked for. */
function countsFor({gpu}: Requirements): number[] {
	const wanted = gpu?.count?.min ?? 1;
	return [...new Set([...usualCounts, ...(Number.isInteger(wanted) && wanted >= 1 && wanted <= 64 ? [wanted] : [])])];
}

type StockRow = {readonly type: GpuType; readonly count: number; readonly stock: Stock};

function readStock(
	answer: Readonly<Record<string, unknown>>,
	types: readonly GpuType[],
	counts: readonly number[],
): {rows: StockRow[]; odd: number} {
	const list: unknown[] = Array.isArray(answer['gpuTypes']) ? answer['gpuTypes'] : [];
	const byId = new Map<unknown, Record<string, unknown>>();
	for (const each of list) {
		if (typeof each === 'object' && each !== null) {
			byId.set((each as Record<string, unknown>)['id'], each as Record<string, unknown>);
		}
	}

	const found: StockRow[] = [];
	let odd = 0;
	for (const type of types) {
		for (const count of counts.filter(each => each <= (type.maxGpuCount ?? 8))) {
			const said = byId.get(type.id)?.[`c${count}`];
			const parsed = stock.safeParse(said);
			if (parsed.success) {
				found.push({type, count, stock: parsed.data});
			} else if (said !== null && said !== undefined) {
				odd++;
			}
		}
	}

	return {rows: found, odd};
}
