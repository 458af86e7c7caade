import {describe, expect, test} from 'vitest';
import {streamed, within} from '../../source/backends/stream.js';
import {TestClock} from '../support/ui.js';

const soon = async () => new Promise(resolve => setImmediate(resolve));
const unending = new AbortController().signal;

async function collect<T>(items: AsyncIterable<T>, each: () => Promise<unknown> = async () => undefined): Promise<T[]> {
	const all: T[] = [];
	for await (const item of items) {
		all.push(item);
		await each();
	}

	return all;
}

describe('streamed', () => {
	test('what comes while the last one is looked at is not lost, also at the end', async () => {
		const items = streamed<number>(unending, async emit => {
			emit(1);
			await soon();
			emit(2);
			emit(3);
		});
		expect(await collect(items, async () => new Promise(resolve => setTimeout(resolve, 5)))).toEqual([1, 2, 3]);
	});

	test('a failure comes after what came before it', async () => {
		const seen: number[] = [];
		const items = streamed<number>(unending, async emit => {
			emit(1);
			throw new Error('broken');
		});
		await expect(
			(async () => {
				for await (const item of items) {
					seen.push(item);
				}
			})(),
		).rejects.toThrow('broken');
		expect(seen).toEqual([1]);
	});

	test('who stops listening stops the work', async () => {
		let aborted = false;
		const items = streamed<number>(unending, async (emit, signal) => {
			emit(1);
			await new Promise<void>(resolve => {
				signal.addEventListener('abort', () => {
					aborted = true;
					resolve();
				});
			});
		});
		for await (const item of items) {
			expect(item).toBe(1);
			break;
		}

		expect(aborted).toBe(true);
	});
});

describe('within', () => {
	test('an act that heeds no signal is given up all the same', async () => {
		const clock = new TestClock();
		const acting = within(
			clock,
			1000,
			unending,
			() => new Error('late'),
			async () => new Promise<never>(() => undefined),
		);
		clock.pass(1000);
		await expect(acting).rejects.toThrow('late');
	});

	test('one in time is what it is', async () => {
		expect(
			await within(
				new TestClock(),
				1000,
				unending,
				() => new Error('late'),
				async () => 5,
			),
		).toBe(5);
	});
});
