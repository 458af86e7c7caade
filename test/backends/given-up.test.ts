import {expect, test} from 'vitest';
import {checkedBackend} from '../../source/backends/answers.js';
import type {Backend} from '../../source/backends/backend.js';
import {lazyAws, type AwsBackend} from '../../source/backends/lazy.js';
import {createAwsBackend} from '../../source/backends/aws/launch/backend.js';
import type {Operations} from '../../source/backends/aws/launch/calls.js';
import {TurnedClock} from '../support/clock.js';
import {testOffer} from '../support/events.js';

/** Operations that never answer, and end only by their signal. */
function silent(): {operations: Operations; given: AbortSignal[]} {
	const given: AbortSignal[] = [];
	const operation = async (_: unknown, signal: AbortSignal) => {
		given.push(signal);
		return new Promise<never>((_resolve, reject) => {
			signal.addEventListener('abort', () => reject(signal.reason as Error));
		});
	};

	const all = ['check', 'launch', 'account', 'find', 'look', 'terminate', 'list', 'sweep', 'admit', 'regions'];
	return {operations: Object.fromEntries(all.map(name => [name, operation])) as unknown as Operations, given};
}

const questions: ReadonlyArray<[string, (backend: Backend, signal: AbortSignal) => Promise<unknown>]> = [
	['find', async (backend, signal) => backend.find('an-intent', testOffer, undefined, signal)],
	['describe', async (backend, signal) => backend.describe('us-east-1/i-1', undefined, signal)],
	['terminate', async (backend, signal) => backend.terminate('us-east-1/i-1', undefined, signal)],
	['list', async (backend, signal) => backend.list('an-installation', ['us-east-1'], () => undefined, signal)],
];

test.each(questions)('%s that is given up ends, through the door and the lazy part to where it is asked', async (_, ask) => {
	const {operations, given} = silent();
	const source = {
		...({name: 'aws', deadline: 'guest'} as const),
		status: async () => ({backend: 'aws', ready: true, notes: []}),
		async *offers() {},
	};
	const aws = createAwsBackend(source, operations, new TurnedClock()) as unknown as AwsBackend;
	const backend = checkedBackend(lazyAws(async () => aws));
	const giveUp = new AbortController();
	const asked = ask(backend, giveUp.signal);
	asked.catch(() => undefined);
	while (given.length === 0) {
		await new Promise(resolve => setTimeout(resolve, 1));
	}

	const reason = new Error('nobody waits any more');
	giveUp.abort(reason);
	await expect(asked).rejects.toBe(reason);
});
