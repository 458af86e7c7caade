import {expect, test} from 'vitest';
import {columns} from '../../source/offers/columns.js';
import {nextSort, sortBy, takeListing} from '../../source/ui/store/offers.js';
import {columnsFor, titleOf} from '../../source/ui/screens/offers/grid-columns.js';
import {offersView} from '../../source/ui/screens/offers/offers.js';
import {width} from '../../source/ui/drawing/cells.js';
import {offers, preferences, TestClock, testApp, testCore} from '../support/ui.js';
import {atOffers, started, keys} from '../support/view.js';

const long = offers(60).map((offer, index) => ({
	...offer,
	region: index % 2 === 0 ? `northamerica-northeast${index}` : 'us-east-1',
	instanceType: `Standard_ND96asr_v${index}`,
}));

const header = (frame: string) => frame.split('\n').find(line => line.includes('BACKEND')) ?? '';

test.each([60, 80, 100, 120, 200])(
	'at %i columns every line fits, and where an offer is and what it costs is there',
	async size => {
		const {frame, app} = await atOffers({offers: long}, {size: {columns: size, rows: 24}});
		const shown = columnsFor(app.state()).map(({column}) => column.id);
		expect(shown).toEqual(expect.arrayContaining(['backend', 'region', 'instance', 'gpu', 'price']));
		expect(
			frame()
				.split('\n')
				.every(line => width(line) <= size),
		).toBe(true);
		const ends = frame().match(/northeast\d+|…[a-z]*\d+/g) ?? [];
		// What tells one region from the next is not cut off.
		expect(new Set(ends.map(text => /\d+$/.exec(text)?.[0])).size).toBeGreaterThan(4);
	},
);

test('where there is room nothing is cut, and what matters least comes last', async () => {
	const wide = await atOffers({offers: long}, {size: {columns: 200, rows: 24}});
	expect(wide.frame()).not.toMatch(/[a-z]…/);
	expect(header(wide.frame())).toContain('AVAILABLE');
});

test('columns stand still while a filter is typed', async () => {
	const {app, press, frame} = await atOffers({offers: long});
	const before = header(frame());
	await press('/', 'u', 's', '-');
	expect(app.state().shown.rows.length).toBeLessThan(long.length);
	expect(header(frame())).toBe(before);
});

test('every title has room for how the grid is sorted, also as the second key', async () => {
	const {app, frame, shows} = await atOffers({offers: long}, {size: {columns: 250, rows: 24}});
	for (const {column} of columnsFor(app.state())) {
		for (const other of columns.filter(each => each.id !== column.id)) {
			app.set({grid: {...app.state().grid, sort: []}});
			sortBy(app, other.id);
			sortBy(app, column.id);
			const {sort} = app.state().grid;
			for (const sized of columnsFor(app.state())) {
				expect(sized.cells).toBeGreaterThanOrEqual(width(titleOf(sized.column, sort)));
			}
		}
	}

	sortBy(app, 'spot');
	sortBy(app, 'cpu');
	await shows('CPU ▲');
	expect(header(frame())).toMatch(/SPOT ▲2/);
});

test('what was chosen of the grid is written once, a moment later or at the end', async () => {
	const written: unknown[] = [];
	const clock = new TestClock();
	const core = testCore({preferences: {...preferences, rememberGrid: choices => written.push(choices)}});
	const {app, press} = await started(core, {offers: offers(10)}, {clock});
	await press(keys.enter, 's', 's', 's');
	expect(written).toEqual([]);
	clock.pass(1000);
	await Promise.resolve();
	await Promise.resolve();
	expect(written).toEqual([expect.objectContaining({sort: app.state().grid.sort})]);
	await press('s');
	app.end({kind: 'quit'});
	expect(written).toHaveLength(2);
	expect(written[1]).toMatchObject({sort: app.state().grid.sort});
});

test('a price that changed says which way, wherever it is shown', async () => {
	const core = testCore({}, {offers: offers(3)});
	const app = testApp(core);
	app.set({configuration: (await core.configurations())[0]});
	const request = core.request({
		folder: '/project',
		configuration: app.state().configuration!,
		flags: {},
		profile: undefined,
		name: undefined,
	});
	for await (const listing of core.offers(request, new AbortController().signal)) {
		const {table} = listing;
		table.columns.previous[0] = 1;
		table.columns.previous[1] = 0.01;
		table.store.version++;
		app.set({request, listing});
	}

	takeListing(app, app.state().listing);
	const text = offersView(app.state()).body.join('\n');
	expect(text).toMatch(/type-00000.*▼0\.10/);
	expect(text).toMatch(/type-00001.*▲0\.11/);
	expect(text).toMatch(/type-00002.* 0\.12/);
});

test('backends that work or fail are named before those that are only compared', async () => {
	const backend = (name: string, more: object) => ({
		backend: name,
		ready: false,
		notes: [],
		settled: true,
		count: 2217,
		live: 0,
		...more,
	});
	const {frame} = await atOffers(
		{
			offers: offers(3),
			backends: [
				backend('aws', {noCredentials: true, catalogueDate: new TestClock().time - 90 * 86_400_000}),
				backend('azure', {noCredentials: true, catalogueDate: new TestClock().time - 3_600_000}),
				backend('lambda', {notes: ['does not answer']}),
				backend('local', {ready: true, live: 2}),
			],
		},
		{size: {columns: 120, rows: 24}},
	);
	expect(frame()).toContain('lambda ✗ does not answer  local ✓ 2 live  not set up (1h to 3 months old): aws 2,217, azure 2,217');
});

test('sorting by the next column goes over those that are on the screen', async () => {
	const {app} = await atOffers({offers: long}, {size: {columns: 80, rows: 24}});
	const ids = columnsFor(app.state()).map(({column}) => column.id);
	const seen = ids.map(() => {
		nextSort(app, ids);
		return app.state().grid.sort[0]?.column;
	});
	expect(seen).toEqual(ids);
});
