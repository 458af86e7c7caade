import {expect, test} from 'vitest';
import {checkedBackend} from '../../source/backends/answers.js';
import type {Backend, OfferSource} from '../../source/backends/backend.js';
import {offerOf} from './support/launch.js';

type Whole = Required<Backend & OfferSource>;
type Operation = {[Name in keyof Whole]: Whole[Name] extends (...words: never[]) => unknown ? Name : never}[keyof Whole];

/** One word for each parameter, the optional ones too: an operation or a parameter that is new is missing below until it is added. */
type Words<Call> = Call extends (...words: infer Given) => unknown ? {[Index in keyof Required<Given>]: unknown} : never;
type Calls = {readonly [Name in Operation]: {readonly given: Words<Whole[Name]>; readonly answer?: unknown}};

const offer = offerOf();
const instance = {
	id: 'i-1',
	intentId: 'intent-1',
	run: 'fast-moth-1',
	state: 'running',
	endpoint: undefined,
	workspace: '/workflow',
	stateFolder: '/run/dstack-tui',
	sharesNetwork: false,
	launchedAt: 1,
	deadline: undefined,
};

/** What each operation is called with (a function stands for one that is told of something), and what it answers. */
const calls: Calls = {
	status: {given: [Symbol('signal')], answer: {notes: []}},
	offers: {given: [Symbol('requirements'), Symbol('signal'), () => undefined]},
	check: {given: [offer, Symbol('signal')], answer: []},
	launch: {given: [{offer}, Symbol('signal'), () => undefined], answer: instance},
	account: {given: [offer, Symbol('signal')]},
	find: {given: ['intent-1', offer, Symbol('account'), Symbol('signal')], answer: instance},
	describe: {given: ['i-1', Symbol('account'), Symbol('signal')], answer: instance},
	terminate: {given: ['i-1', Symbol('account'), Symbol('signal')]},
	start: {given: ['i-1', Symbol('account'), Symbol('signal'), () => undefined], answer: instance},
	quieten: {given: ['i-1']},
	copyOut: {given: ['i-1', '/workflow']},
	inside: {given: ['i-1', Symbol('signal')]},
	commit: {given: ['i-1', Symbol('wish'), Symbol('signal'), () => undefined]},
	release: {given: ['i-1', Symbol('signal'), () => undefined], answer: instance},
	list: {given: ['installation', Symbol('regions'), () => undefined, Symbol('signal')], answer: []},
	regions: {given: [Symbol('signal')], answer: {named: [], names: [], unasked: []}},
	admit: {given: ['i-1', Symbol('signal')], answer: []},
	sweep: {given: ['installation', Symbol('regions')], answer: []},
	quotaFamily: {given: [offer]},
	byHand: {given: ['i-1']},
	setup: {given: []},
	priceHistory: {given: [Symbol('market'), Symbol('signal')], answer: {from: 0, to: 1, points: []}},
};

test.each(Object.entries<{readonly given: readonly unknown[]; readonly answer?: unknown}>(calls))(
	'%s gets every argument through the door, in its place',
	async (name, {given, answer}) => {
		let got: unknown[] | undefined;
		const operation =
			name === 'offers'
				? // eslint-disable-next-line require-yield -- what it is given counts
					async function* (...words: unknown[]) {
						got = words;
					}
				: (...words: unknown[]) => {
						got = words;
						return name === 'quotaFamily' || name === 'byHand' ? answer : Promise.resolve(answer);
					};
		const checked = checkedBackend({name: 'aws', deadline: 'guard', [name]: operation} as unknown as Backend);
		const result = (checked as unknown as Record<string, (...words: unknown[]) => unknown>)[name]?.(...given);
		if (name === 'offers') {
			for await (const words of result as AsyncIterable<unknown>) {
				expect.fail(`it has none, and said ${String(words)}`);
			}
		} else {
			await result;
		}

		expect(got).toHaveLength(given.length);
		for (const [index, word] of given.entries()) {
			// What is told on its way back is told by a function of the door's.
			expect(typeof word === 'function' ? typeof got?.[index] : got?.[index]).toBe(
				typeof word === 'function' ? 'function' : word,
			);
		}
	},
);
