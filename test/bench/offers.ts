// Times the data under the offers grid. `load` reads the snapshot once, as a program does that has just started; `work` sorts, filters
// and so on over it, and over the same offers copied to half a million; `write` writes those as refreshed catalogues into a folder. Prints one
// JSON object a line; run with --expose-gc.
import process from 'node:process';
import type {Requirements} from '../../source/configuration/model.js';
import {loadCatalogue} from '../../source/offers/catalogue/catalogue.js';
import {writeRefreshed} from '../../source/offers/catalogue/refresh.js';
import {explain} from '../../source/offers/explain.js';
import type {OfferFacts} from '../../source/offers/facts.js';
import {groupRows} from '../../source/offers/group.js';
import {matchRows} from '../../source/offers/match.js';
import {completeFilter} from '../../source/offers/query/complete.js';
import {OfferFilter} from '../../source/offers/query/filter.js';
import {sortColumns, sortRows} from '../../source/offers/sort.js';
import {OfferTable} from '../../source/offers/table.js';

const [mode = 'work', snapshot = '', wanted = '500000', folder = ''] = process.argv.slice(2);
const rounds = 21;

const anything: Requirements = {
	cpu: {count: {}},
	memory: {},
	spotPolicy: 'auto',
	retry: 'off',
	assumed: new Set(),
	image: undefined,
	asked: [],
	words: [],
};
const gpu: Requirements = {...anything, gpu: {memory: {min: 24 * 1024}, count: {min: 1}}, maxPrice: 1.5};
const nothing: Requirements = {
	...gpu,
	backends: ['aws', 'gcp'],
	regions: ['us-east-1', 'us-east1'],
	gpu: {names: ['H100', 'H200'], count: {min: 8}},
	maxPrice: 0.5,
	spotPolicy: 'on-demand',
};

const say = (what: string, rows: number, times: readonly number[]) => {
	const sorted = [...times].sort((a, b) => a - b);
	print({what, rows, median: sorted[sorted.length >> 1], most: sorted.at(-1)});
};

const time = (what: string, table: OfferTable, act: (round: number) => unknown) => {
	const times: number[] = [];
	for (let round = 0; round < rounds; round++) {
		const started = performance.now();
		act(round);
		times.push(performance.now() - started);
	}

	say(what, table.length, times);
};

/** The same offers again in regions of other names and at other prices. */
function* copies(table: OfferTable, backend: string, count: number): Generator<OfferFacts> {
	const facts = [...table.facts(backend)];
	for (let copy = 0; copy < count; copy++) {
		for (const [index, fact] of facts.entries()) {
			yield {...fact, region: `${fact.region}-${copy}`, price: fact.price * (1 + ((index * 31 + copy * 17) % 97) / 1000)};
		}
	}
}

/** As a cloud would publish it, a day after the snapshot, which would be taken otherwise. */
const newer = (fact: OfferFacts): OfferFacts => ({
	...fact,
	price: Math.ceil(fact.price * 1e6) / 1e6,
	date: fact.date + 86_400_000,
});

const print = (point: object) => {
	process.stdout.write(`${JSON.stringify(point)}\n`);
};

const load = async () => {
	const table = new OfferTable();
	let last = performance.now();
	let longest = 0;
	const watch = setInterval(() => {
		longest = Math.max(longest, performance.now() - last);
		last = performance.now();
	}, 0);
	const before = process.memoryUsage().rss;
	const processor = process.cpuUsage();
	const started = performance.now();
	const {problems} = await loadCatalogue(table, {folder: undefined, snapshot});
	const time = performance.now() - started;
	const {user, system} = process.cpuUsage(processor);
	clearInterval(watch);
	if (problems[0]) {
		throw problems[0];
	}

	const {rss} = process.memoryUsage();
	return {table, point: {rows: table.length, time, processor: (user + system) / 1000, longest, rss, more: rss - before}};
};

const measure = (table: OfferTable) => {
	const matches = matchRows(table, anything);
	const sorted = sortRows(table, matches.rows, [{column: 'price'}]);
	time('match', table, () => matchRows(table, gpu));
	time('match, everything fits', table, () => matchRows(table, anything));
	const filter = new OfferFilter(table);
	const words = ['a', 'a1', 'a10', 'a100', 'a100 ', 'a100 p', 'a100 price<', 'a100 price<4', 'a100 price<4 -azure'];
	time('filter, a key', table, round => filter.apply(words[round % words.length] ?? '', sorted));
	time('filter, whole line', table, round =>
		new OfferFilter(table).apply(`gpu:a price<${20 + round} region:us-* mem>=64 -backend:azure east`, sorted),
	);
	time('sort, price', table, () => sortRows(table, matches.rows, [{column: 'price', descending: true}]));
	time('sort, region then $/gpu', table, () => sortRows(table, matches.rows, [{column: 'region'}, {column: 'gpu-price'}]));
	time('sort, one column after the other', table, round =>
		sortRows(table, matches.rows, [{column: sortColumns[round % sortColumns.length] ?? 'price', descending: round % 2 === 1}]),
	);
	time('sort, instance', table, () => sortRows(table, matches.rows, [{column: 'instance'}]));
	time('group by gpu', table, () => groupRows(table, matches.rows, 'gpu'));
	time('group by region', table, () => groupRows(table, matches.rows, 'region'));
	time('complete', table, () => completeFilter('region:us', 9, table));
	time('no offers explained', table, () => explain(table, nothing));
};

const resident = (table: OfferTable) => {
	globalThis.gc?.();
	const {rss, heapUsed, arrayBuffers} = process.memoryUsage();
	print({what: 'resident', rows: table.length, rss, heapUsed, arrayBuffers});
};

const {table, point} = await load();
const backends = [...table.places.backends.values];
const times = Math.ceil(Number(wanted) / table.length) - 1;
if (mode === 'load') {
	print(point);
} else if (mode === 'write') {
	for (const backend of backends) {
		await writeRefreshed(folder, backend, [...table.facts(backend), ...copies(table, backend, times)].map(newer));
	}
} else {
	measure(table);
	resident(table);
	const started = performance.now();
	for (const backend of backends) {
		table.addFacts(copies(table, backend, times));
	}

	say('taking in the rest', table.length, [performance.now() - started]);
	measure(table);
	resident(table);
}
