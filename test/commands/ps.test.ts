import {describe, expect, test} from 'vitest';
import {listRuns} from '../../source/commands/ps.js';
import {planLines} from '../../source/commands/words.js';
import type {Output} from '../../source/commands/io.js';
import type {Offer} from '../../source/offers/offer.js';
import type {RunState} from '../../source/runs/model/state.js';
import {testOffer} from '../support/events.js';
import {configurationFile, runState, TestClock, testCore} from '../support/ui.js';

const clock = new TestClock();
const now = clock.now();
const minute = 60_000;
const offer: Offer = {
	...testOffer,
	id: 'aws/us-east-1/g5.xlarge',
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'g5.xlarge',
	price: 1.2,
};

const gather = (): Output & {readonly lines: string[]; readonly objects: unknown[]} => {
	const lines: string[] = [];
	const objects: unknown[] = [];
	return {
		json: false,
		lines,
		objects,
		line: (text = '') => void lines.push(text),
		object: value => void objects.push(value),
		drained: async () => undefined,
		note: text => void lines.push(`note: ${text}`),
	};
};

const listed = async (runs: readonly RunState[], all = false) => {
	const output = gather();
	const asked: unknown[] = [];
	const core = testCore({
		async runs(options) {
			asked.push(options?.all);
			return runs;
		},
	});
	await listRuns(core, clock, all, output);
	return {...output, text: output.lines.join('\n'), asked};
};

const cloud = (changes: Partial<RunState>): RunState => runState({offer, launchedAt: now - 30 * minute, ...changes});
const onItsWay = {phase: 'starting', billing: [], instanceId: undefined, launchedAt: undefined} as const;

describe('ps', () => {
	test('money so far, also of what is gone', async () => {
		const gone = cloud({
			name: 'old-fox-1',
			phase: 'gone',
			reason: 'stopped',
			billing: [{offer, from: now - 120 * minute, to: now - 60 * minute}],
		});
		const {text, asked, objects} = await listed([cloud({deadline: now + 60 * minute}), gone], true);
		expect(text).toMatch(/ENDS IN\s+PRICE\s+SO FAR/);
		expect(text).toMatch(/fast-moth-1 .* ready .* 1h\s+\$1\.20\/h\s+\$0\.60$/m);
		expect(text).toMatch(/old-fox-1 .* gone: stopped .*\$1\.20$/m);
		expect(asked).toEqual([true]);
		expect(objects).toMatchObject([{spent: 0.6}, {spent: 1.2}]);
	});

	test('what waits says until when and why, what asks says for how much', async () => {
		const {text} = await listed([
			cloud({...onItsWay, waiting: {until: now + 90_000, reason: 'nothing could be had: no capacity'}}),
			cloud({...onItsWay, name: 'shy-ant-2', asking: {...offer, price: 32.77}}),
		]);
		expect(text).toMatch(/waits until \d{4}-\d\d-\d\d \d\d:05 /);
		expect(text).toMatch(/\(1m30 left\), then tries all offers again\. Why: nothing could be had: no capacity/);
		expect(text).toContain('asks whether $32.77/h is too dear');
		expect(text).toContain('`dstack-tui attach shy-ant-2` leads to the question');
		expect(text).toContain('$0');
	});

	test('an end that failed has all that a person needs below', async () => {
		const stopFailure = {
			at: now,
			message: 'not authorised',
			command: 'aws ec2 terminate-instances --instance-ids i-1',
			console: 'https://c.example',
		};
		const {text} = await listed([cloud({phase: 'stopping', instanceId: 'i-1', stopFailure})]);
		expect(text).toContain('NOT ENDED: not authorised');
		expect(text).toContain('It may still be billed: i-1 · aws · us-east-1 · $1.20/h');
		expect(text).toContain('End it by hand: aws ec2 terminate-instances --instance-ids i-1');
		expect(text).toContain('Look at it: https://c.example');
		expect(text).toContain('dstack-tui stop fast-moth-1');
	});

	test('a notice of the cloud', async () => {
		const {text} = await listed([cloud({notice: {action: 'terminate', time: now + 90_000}})]);
		expect(text).toMatch(/ready, the cloud will terminate it at/);
		expect(text).toMatch(/SPOT NOTICE: .* in 1m30: save your work now/);
	});
});

describe('a machine that does nothing', () => {
	test('past its deadline it is overdue, not "0s"', async () => {
		const {text, objects} = await listed([cloud({guarded: true, leaseLifted: true, deadline: now - 12 * minute})]);
		expect(text).toMatch(/ ready .* OVERDUE 12m /);
		expect(text).toMatch(
			/OVERDUE: it should have ended itself at its deadline .*12m ago.*`dstack-tui reap` ends it.*stop fast-moth-1/,
		);
		expect(objects).toMatchObject([{overdue: {why: 'deadline', at: now - 12 * minute}}]);
	});

	test('its guard was never heard of: said within the boot lease, with what will end it', async () => {
		const changes = {guarded: true, phase: 'failed', deadline: now + 60 * minute} as const;
		const {text, objects} = await listed([cloud({...changes, launchedAt: now - 6 * minute})]);
		expect(text).toMatch(
			/NOT HEARD OF: .*It ends itself at .* \(the end of its boot lease\); where it does not, this program ends it after/,
		);
		expect(objects).toMatchObject([{unheard: true}]);
		expect((await listed([cloud({...changes, launchedAt: now - 4 * minute})])).text).not.toContain('NOT HEARD OF');
		expect((await listed([cloud({...changes, launchedAt: now - 6 * minute, leaseLifted: true})])).text).not.toContain(
			'NOT HEARD',
		);
	});
});

describe('the plan in lines', () => {
	test('price, what is beside it, how it ends, what is tried then, and what ends itself nowhere', async () => {
		const core = testCore();
		const request = core.request({
			folder: '/p',
			configuration: configurationFile(),
			profile: undefined,
			flags: {},
			name: undefined,
		});
		const plan = {
			...(await core.plan(request, offer, {others: [{...offer, id: 'o', price: 2}]})),
			deadline: now + 60 * minute,
		};
		const text = planLines(plan, clock).join('\n');
		expect(text).toContain(
			'Price: $1.20 an hour, at most $1.20 until the deadline · public IPv4 address: $0.005/h · disk and traffic: not known',
		);
		expect(text).toContain('Deadline: after 1h it ends itself, whether or not this program runs (it powers itself off');
		expect(text).toContain(
			'Then: 1 more, in this order, where it cannot be had: aws g5.xlarge in us-east-1, $2.00/h; the dearest $2.00/h',
		);
		expect(text).not.toContain('does not end itself');
		const endless = planLines({...plan, offer: {...offer, deadline: 'none'}}, clock).join('\n');
		expect(endless).toContain('Note: aws g5.xlarge does not end itself: no deadline holds there');
	});
});
