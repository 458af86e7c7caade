import {describe, expect, test} from 'vitest';
import type {PriceHistory} from '../../source/backends/backend.js';
import type {Offer} from '../../source/offers/offer.js';
import type {Core} from '../../source/runs/core.js';
import {pricesInForce, rangeLine, spotWords} from '../../source/ui/drawing/price-sparkline.js';
import {followSpotHistory} from '../../source/ui/store/spot-history.js';
import {offers, TestClock} from '../support/ui.js';
import {keys, started} from '../support/view.js';

const hour = 3_600_000;
const day = 24 * hour;
const past = (points: ReadonlyArray<readonly [hours: number, price: number]>): PriceHistory => ({
	from: 0,
	to: day,
	points: points.map(([hours, price]) => ({at: hours * hour, price})),
});

describe('a day of prices in a line', () => {
	test('each part shows the price in force at its end, however unevenly they changed', () => {
		const history = past([
			[-50, 1],
			[6, 2],
			[6.1, 3],
			[17.9, 1.5],
		]);
		expect(pricesInForce(history, 4)).toEqual([2, 3, 1.5, 1.5]);
		expect(pricesInForce(history, 1)).toEqual([1.5]);
		expect(pricesInForce(past([[13, 1]]), 4)).toEqual([undefined, undefined, 1, 1]);
		expect(pricesInForce(past([]), 2)).toEqual([undefined, undefined]);
	});

	test('the lowest and the highest bar are the lowest and the highest price', () => {
		expect(rangeLine([0.41, 0.53, 0.65])).toBe('▁▅█');
		expect(rangeLine([undefined, 2, 1])).toBe(' █▁');
	});

	test('one price only is a line at the middle, not at an end', () => {
		expect(rangeLine([0.5, 0.5, 0.5])).toBe('▄▄▄');
		expect(spotWords(past([[-1, 0.5]]))).toBe(`${'▄'.repeat(24)}  $0.50 all the time`);
	});

	test('the range is of everything that was in force within the day, also between two bars', () => {
		const words = spotWords(
			past([
				[-90, 9],
				[-2, 0.41],
				[3.1, 0.65],
				[3.2, 0.5],
			]),
		);
		expect(words).toMatch(/^▁{3}█{21} {2}\$0\.41–0\.65$/);
		expect(spotWords(past([]))).toBe('no price is told');
	});
});

const spot: Offer = {
	...offers(1)[0]!,
	id: 'aws/us-east-1/us-east-1a/g6.xlarge/spot',
	backend: 'aws',
	region: 'us-east-1',
	zone: 'us-east-1a',
	instanceType: 'g6.xlarge',
	spot: true,
	price: 0.3,
};
const list: readonly Offer[] = [
	spot,
	{...spot, id: 'aws/us-east-1/us-east-1a/g5.xlarge/spot', instanceType: 'g5.xlarge', price: 0.4},
	{
		...spot,
		id: 'aws/us-east-1/m5.xlarge/on-demand',
		zone: undefined,
		instanceType: 'm5.xlarge',
		spot: false,
		price: 0.5,
	} as Offer,
];
const backends = [{backend: 'aws', ready: true, notes: [], settled: true, count: 3, live: 3, tellsHistory: true}];

async function opened(priceHistory: Core['priceHistory'], tells = true) {
	const clock = new TestClock();
	const listing = {offers: list, backends: backends.map(each => ({...each, tellsHistory: tells}))};
	const shown = await started({priceHistory}, listing, {clock});
	followSpotHistory(shown.app);
	await shown.press(keys.enter);
	await shown.shows('g6.xlarge');
	await shown.press('i');
	return {...shown, clock};
}

/** Turns the clock when what waits for it is waiting. */
async function wait(clock: TestClock, milliseconds: number): Promise<void> {
	await new Promise(resolve => setTimeout(resolve, 20));
	clock.pass(milliseconds);
	await new Promise(resolve => setTimeout(resolve, 20));
}

describe('the drawer of a live spot offer', () => {
	test('asks when the cursor has rested, shows bars with their range, and remembers', async () => {
		const asked: string[] = [];
		const {press, shows, clock, frame} = await opened(async ({instanceType}) => {
			asked.push(instanceType);
			return past([
				[-1, 0.41],
				[12, 0.65],
			]);
		});
		await shows(/spot 24 h +asking/);
		await wait(clock, 299);
		expect(asked).toEqual([]);
		await wait(clock, 1);
		await shows(/spot 24 h +▁{11}█{13} {2}\$0\.41–0\.65/);
		await press('j', 'k');
		await wait(clock, 1000);
		await shows(/spot 24 h +▁/);
		expect(asked).toEqual(['g6.xlarge']);
		await press('j', 'j');
		await wait(clock, 1000);
		await shows('on-demand');
		expect(frame()).not.toContain('spot 24 h');
		await press('k');
		await wait(clock, 1000);
		expect(asked).toEqual(['g6.xlarge', 'g5.xlarge']);
		await press('k');
		await wait(clock, 6 * 60_000);
		await press('j', 'k');
		await wait(clock, 1000);
		expect(asked).toEqual(['g6.xlarge', 'g5.xlarge', 'g6.xlarge']);
	});

	test('a question is taken back when the cursor goes on or the drawer is shut', async () => {
		const signals: AbortSignal[] = [];
		const {press, clock} = await opened(async (_, signal) => {
			signals.push(signal);
			return new Promise(() => undefined);
		});
		await wait(clock, 300);
		await press('j');
		await wait(clock, 300);
		expect(signals.map(({aborted}) => aborted)).toEqual([true, false]);
		await press('i');
		await wait(clock, 0);
		expect(signals.map(({aborted}) => aborted)).toEqual([true, true]);
	});

	test('what went wrong is one harmless line', async () => {
		const {shows, clock, frame} = await opened(async () => {
			throw new Error('may not ec2:Describe\u001B[31mSpotPriceHistory\nsecond line');
		});
		await wait(clock, 300);
		await shows(/spot 24 h +not known: may not ec2:DescribeSpotPriceHistory/);
		expect(
			frame()
				.split('\n')
				.filter(line => line.includes('second line')),
		).toHaveLength(1);
	});

	test('is not there where nobody tells', async () => {
		const {shows, frame} = await opened(async () => past([]), false);
		await shows('ends itself');
		expect(frame()).not.toContain('24 h');
	});

	test('leaving the app takes the question back', async () => {
		let signal: AbortSignal | undefined;
		const {app, clock} = await opened(async (_, given) => {
			signal = given;
			return new Promise(() => undefined);
		});
		await wait(clock, 300);
		app.end({kind: 'quit'});
		expect(signal?.aborted).toBe(true);
	});
});
