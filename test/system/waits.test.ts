import {describe, expect, test} from 'vitest';
import {type Wait, WaitTimeout, Waits} from '../../source/system/waits.js';
import {waitLine} from '../../source/runs/words/wait-words.js';
import {TurnedClock} from '../support/clock.js';

const wish = {what: 'aws to say how fast-moth-1 is', limit: 60_000, wayOut: 'Ctrl-c leaves.'};
const begin = () => {
	const clock = new TurnedClock();
	const told: Wait[] = [];
	return {clock, told, waits: new Waits(clock, wait => void told.push(wait))};
};

describe('waits', () => {
	test('what comes at once is not spoken of', async () => {
		const {clock, told, waits} = begin();
		expect(await waits.during(wish, async () => 7)).toBe(7);
		clock.pass(100_000);
		expect(told).toEqual([]);
		expect(clock.timers).toBe(0);
	});

	test('what takes longer is told with since, until and the way out, and ends, also where nothing ever comes', async () => {
		const {clock, told, waits} = begin();
		const since = clock.now();
		const waited = waits.during(wish, async () => new Promise(() => undefined));
		clock.pass(1500);
		expect(told).toEqual([
			{what: wish.what, since, until: since + 60_000, wayOut: 'Ctrl-c leaves.', trouble: undefined, isAside: false},
		]);
		expect(waitLine(told[0] as Wait)).toMatch(
			/^waiting for aws to say how fast-moth-1 is, since \d\d:\d\d:05, at most until \d\d:\d\d:05\. Ctrl-c leaves\.$/,
		);
		clock.pass(45_000);
		expect(told).toHaveLength(4);
		clock.pass(20_000);
		await expect(waited).rejects.toThrow(WaitTimeout);
		await expect(waited).rejects.toThrow('waited 60 s for aws to say how fast-moth-1 is');
		expect(clock.timers).toBe(0);
	});

	test('who is given up is told so, and who watches hears of what is open and of its end', async () => {
		const {clock, waits} = begin();
		const open: string[][] = [];
		const stop = waits.watch(all => open.push(all.map(({what, isAside}) => `${what} ${isAside}`)));
		let given: AbortSignal | undefined;
		const waited = waits.aside().during(wish, async (_, signal) => {
			given = signal;
			return new Promise(() => undefined);
		});
		const quick = waits.during({...wish, what: 'nothing'}, async () => undefined);
		await quick;
		expect(open).toEqual([]);
		clock.pass(59_000);
		expect(given?.aborted).toBe(false);
		clock.pass(2000);
		await expect(waited).rejects.toThrow(WaitTimeout);
		expect(given?.reason).toBeInstanceOf(WaitTimeout);
		expect(open[0]).toEqual([`${wish.what} true`]);
		expect(open.at(-1)).toEqual([]);
		stop();
	});

	test('new trouble is told at once, the same one once', async () => {
		const {told, waits} = begin();
		await waits.during(wish, async trouble => {
			trouble('no route');
			trouble('no route');
			trouble('refused');
		});
		expect(told.map(({trouble}) => trouble)).toEqual(['no route', 'refused']);
	});
});
