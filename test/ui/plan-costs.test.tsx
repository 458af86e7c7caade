import {describe, expect, test, vi} from 'vitest';
import type {Offer} from '../../source/offers/offer.js';
import type {Plan} from '../../source/runs/model/choice.js';
import {openPlan} from '../../source/ui/store/choosing.js';
import {testOffer} from '../support/events.js';
import {configurationFile, runState, testApp, TestClock, testCore, TestHandle} from '../support/ui.js';
import {keys, started, view} from '../support/view.js';

const now = new TestClock().time;
const hour = 3_600_000;
const sizes = [
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
];
const read = (frame: string): string => frame.replaceAll(/\s+/g, ' ');

const cloud = (changes: Partial<Offer> = {}): Offer => ({
	...testOffer,
	id: 'aws/us-east-1/g5.xlarge',
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'g5.xlarge',
	price: 1.2,
	...changes,
});
const others = [1, 2, 3, 4, 5].map(index =>
	cloud({id: `other-${index}`, instanceType: `g5.${index}xlarge`, price: 1.2 + index / 2}),
);

const planned = (changes: Partial<Plan>, launched: Plan[]) => ({
	plan: async (...[request, offer, options]: Parameters<ReturnType<typeof testCore>['plan']>): Promise<Plan> => ({
		...(await testCore().plan(request, offer, options)),
		...changes,
	}),
	async launch(plan: Plan) {
		launched.push(plan);
		return new TestHandle(runState({phase: 'starting'}));
	},
});

const atPlan = async (changes: Partial<Plan>, size: {columns: number; rows: number}) => {
	const launched: Plan[] = [];
	const shown = await started(planned(changes, launched), {}, {size});
	await shown.press(keys.enter);
	await shown.shows('offers');
	await shown.press(keys.enter);
	await shown.shows('enter start');
	return {...shown, launched};
};

describe.each(sizes)('the plan at $columns×$rows', size => {
	test('says what is tried after the chosen offer, and the dearest of it', async () => {
		const {shows, frame} = await atPlan({offer: cloud(), others}, size);
		await shows('5 more, in this order');
		expect(read(frame())).toContain(
			'aws g5.1xlarge in us-east-1, $1.70/h; aws g5.2xlarge in us-east-1, $2.20/h; aws g5.3xlarge in us-east-1, $2.70/h; and 2 more; the dearest $3.70/h',
		);
	});

	test('on a cloud: what it costs beside the instance, how it ends itself, and that what is on it goes too', async () => {
		const {shows, frame, launched, press} = await atPlan({offer: cloud(), deadline: now + 6 * hour}, size);
		await shows('$1.20 an hour, at most $7.20 until the deadline');
		const lines = frame()
			.split('\n')
			.map(line => line.trim());
		expect(lines).toContain('public IPv4 address: $0.005/h');
		expect(lines).toContain('disk and traffic: not known');
		expect(read(frame())).toContain('(it powers itself off, which ends the bill); what is on the machine goes with it');
		expect(frame()).not.toContain('kept until you stop it');
		await press(keys.enter);
		await vi.waitFor(() => expect(launched).toHaveLength(1));
	});

	test('on this machine, work is kept, and there is nothing beside it', async () => {
		const {frame} = await atPlan({offer: testOffer, others: [], deadline: now + 6 * hour}, size);
		expect(read(frame())).toContain('work that is neither committed nor pushed is kept until you stop it');
		expect(frame()).not.toMatch(/not known|goes with it|in this order/);
	});

	test('an offer that ends itself nowhere is said first, and starts only on an explicit yes', async () => {
		const offer = cloud({backend: 'lambda', deadline: 'none'});
		const {shows, frame, press, launched} = await atPlan({offer, deadline: now + 6 * hour}, size);
		expect(frame().split('\n')[2]).toContain('! lambda g5.xlarge does not end itself: no deadline holds there');
		expect(read(frame())).toContain('none holds there, although 6h were asked for: it runs until you stop it');
		await press(keys.enter);
		await shows('which costs money until somebody ends it?');
		await press(keys.enter);
		await press(keys.enter);
		await shows('❯ No, start nothing');
		await press(keys.esc);
		expect(launched).toEqual([]);
		await press(keys.enter, keys.down, keys.enter);
		await vi.waitFor(() => expect(launched).toHaveLength(1));
	});

	test('the same where only one that is tried later ends itself nowhere', async () => {
		const {shows, press, launched} = await atPlan(
			{offer: cloud(), others: [cloud({id: 'x', backend: 'vultr', deadline: 'none'})]},
			size,
		);
		await shows(/1 of the offers that are tried after it do not end themselves/);
		await press(keys.enter);
		await shows('No, start nothing');
		expect(launched).toEqual([]);
	});
});

describe('run NAME in the full screen', () => {
	const opened = async (yes: boolean) => {
		const launched: Plan[] = [];
		const shown = view(testApp(testCore(planned({offer: cloud({backend: 'lambda', deadline: 'none'})}, launched))));
		const choice = {folder: '/project', configuration: configurationFile(), profile: undefined, flags: {}, name: undefined};
		await openPlan(shown.app, choice, yes);
		return {...shown, launched};
	};

	test('with --yes nothing is asked, now or about a dearer offer', async () => {
		const {app, launched} = await opened(true);
		expect(launched).toMatchObject([{agreed: true}]);
		expect(app.state().dialog).toBeUndefined();
	});

	test('without it, it is', async () => {
		const {press, shows, launched} = await opened(false);
		await press(keys.enter);
		await shows('No, start nothing');
		expect(launched).toEqual([]);
	});
});
