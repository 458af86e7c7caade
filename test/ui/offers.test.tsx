import {expect, test} from 'vitest';
import {offers} from '../support/ui.js';
import {atOffers, keys} from '../support/view.js';

test('what nothing ends is not said to end itself', async () => {
	const [first] = offers(1);
	const {shows, frame, press} = await atOffers({offers: [{...first!, backend: 'azure', price: 2, deadline: 'none'}]});
	await shows('$12.00 until you end it after 6h; it does not end itself');
	await press('i');
	await shows('$12.00 until you end it after 6h; it does not end itself');
	expect(frame()).not.toContain('at most');
});

test('a number is never cut, wherever its row is', async () => {
	const odd = {spot: false, cpu: 1792, memory: 1023 * 1024, price: 0.0437, estimated: true, gpus: []};
	const {shows, press} = await atOffers(
		{
			offers: offers(400).map((offer, index) => ({
				...offer,
				...(index === 311 ? odd : {spot: true, price: 1 + index / 1000, cpu: 8, memory: 65_536}),
			})),
		},
		{size: {columns: 80, rows: 24}},
	);
	await shows('INSTANCE');
	// On-demand comes after all of spot.
	await press('G');
	await shows(/▶ .* 1792 +1023GB .* ~0\.0437/);
});

test('while columns are chosen the cursor stays where it was', async () => {
	const {shows, press, app} = await atOffers({}, {size: {columns: 160, rows: 40}});
	await press('C', keys.down, keys.down, keys.down);
	await shows(/❯ \[ ] ZONE/);
	await press(keys.enter);
	await shows(/❯ \[x] ZONE/);
	await press(keys.down, keys.enter);
	await shows(/❯ \[ ] CPU/);
	expect(app.state().grid.columns).toContain('zone');
	expect(app.state().grid.columns).not.toContain('cpu');
});

test.each([
	['spot gpu:l40 mem>9999', true],
	['spot:yes mem>9999', true],
	['-spot mem>9999', false],
	['spot:no mem>9999', false],
	['mem>9999', false],
])('a filter %s that leaves nothing is told of what is asked for only where that helps: %s', async (text, helps) => {
	const {shows, frame, press, app} = await atOffers();
	const {request} = app.state();
	app.set({
		request: {
			...request!,
			requirements: {...request!.requirements, asked: [{key: 'spotPolicy', words: 'on-demand only', origin: 'default'}]},
		},
	});
	await press('/', ...text, keys.enter);
	await shows('No offer matches the filter; esc clears it');
	expect(frame().includes('Only on-demand is asked for')).toBe(helps);
});

test('pinned offers stand side by side, what differs is marked; a sixth pin is refused', async () => {
	const {shows, press} = await atOffers(
		{
			offers: offers(6).map((offer, index) => ({
				...offer,
				backend: 'aws',
				spot: true,
				price: index + 1,
				deadline: index === 0 ? 'none' : 'guest',
				...(index === 1 ? {quota: {limit: 8, used: 4}} : {}),
			})),
		},
		{size: {columns: 160, rows: 40}},
	);
	await press(' ', 'j', ' ', 'c');
	await shows(/^ {3}backend +aws +aws/m);
	await shows(/^ \* \$\/h +\$1\.00 +\$2\.00/m);
	await shows(/^ \* quota +not known +4 of 8 vCPU/m);
	await shows(/^ \* ends itself +never +guest/m);
	await press(keys.esc, 'j', ' ', 'j', ' ', 'j', ' ', 'j', ' ');
	await shows('5 offers are pinned; space takes a pin away');
	await shows('5 pinned');
});
