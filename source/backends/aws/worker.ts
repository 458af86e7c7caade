import process from 'node:process';
import {messageOf} from '../../system/problem.js';
import {BackendError, type LaunchProgress, type OfferSource} from '../backend.js';
import {createAwsSource} from './index.js';
import type {Operations} from './launch/calls.js';
import {ImageBook} from './launch/images.js';
import {createAwsOperations} from './launch/operations.js';
import {perform} from './launch/remote.js';
import {userDataFor} from './launch/user-data.js';
import type {Answer, Question} from './messages.js';
import type {PricesFor} from './offers.js';
import type {KnownPrice} from '../../offers/on-demand-price.js';

/** Offers of one message: reading more would be felt on the other side. */
const mostOffers = 250;

if (!process.send) {
	throw new Error('this is started by process.ts only');
}

const say = (answer: Answer): void => {
	process.send?.(answer);
};

const leaving = new Map<number, AbortController>();
const taking = new Map<number, () => void>();
type Waiting = {readonly resolve: (prices: ReadonlyMap<string, KnownPrice>) => void; readonly reject: (error: Error) => void};

const waiting = new Map<number, Waiting>();
let asks = 0;
// One for all questions: what is known of instance types stays.
let source: OfferSource | undefined;
let operations: Operations | undefined;

const pricesFor: PricesFor = async (region, instanceTypes) =>
	new Promise((resolve, reject) => {
		const ask = asks++;
		waiting.set(ask, {resolve, reject});
		say({type: 'prices', ask, region, instanceTypes});
	});

// Whoever started this is gone.
process.on('disconnect', () => process.exit());
// Ctrl+C and a closed terminal come to everything that runs there; a launch under way is heard out, as whoever started this decides.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('message', (question: Question) => {
	switch (question.type) {
		case 'start': {
			const {surroundings, images} = question;
			source = createAwsSource({surroundings, pricesFor});
			operations = createAwsOperations({
				surroundings,
				pricesFor,
				images: new ImageBook(images, (key, image) => say({type: 'image', key, image})),
				userData: userDataFor,
			});
			break;
		}

		case 'prices': {
			waiting.get(question.ask)?.resolve(question.prices);
			waiting.delete(question.ask);
			break;
		}

		case 'no prices': {
			waiting.get(question.ask)?.reject(new Error(question.message));
			waiting.delete(question.ask);
			break;
		}

		case 'taken': {
			taking.get(question.id)?.();
			break;
		}

		case 'leave': {
			leaving.get(question.id)?.abort(new Error('nobody listens any more'));
			taking.get(question.id)?.();
			break;
		}

		case 'status':
		case 'history':
		case 'call':
		case 'offers': {
			void answer(question);
			break;
		}
	}
});

async function answer(question: Extract<Question, {type: 'status' | 'history' | 'call' | 'offers'}>): Promise<void> {
	const {id} = question;
	const controller = new AbortController();
	const {signal} = controller;
	leaving.set(id, controller);
	try {
		if (!source || !operations) {
			throw new Error('asked before it was started');
		}

		if (question.type === 'status') {
			say({type: 'done', id, status: await source.status(signal)});
			return;
		}

		if (question.type === 'history') {
			say({type: 'done', id, history: await source.priceHistory?.(question.market, signal)});
			return;
		}

		if (question.type === 'call') {
			const onProgress = (progress: LaunchProgress) => say({type: 'progress', id, progress});
			say({type: 'done', id, result: await perform(operations, question.call, signal, onProgress)});
			return;
		}

		for await (const offers of source.offers(question.requirements, signal, line => say({type: 'note', id, line}))) {
			for (let start = 0; start < offers.length; start += mostOffers) {
				await sent({type: 'offers', id, offers: offers.slice(start, start + mostOffers)});
				signal.throwIfAborted();
			}
		}

		say({type: 'done', id});
	} catch (error) {
		const known = error instanceof BackendError ? error : undefined;
		say({type: 'failed', id, class: known?.class, message: messageOf(error), next: known?.next, zones: known?.zones ?? []});
	} finally {
		leaving.delete(id);
		taking.delete(id);
	}
}

/** Resolves when the other side has taken the offers in, or has left. */
const sent = async (answer: Extract<Answer, {type: 'offers'}>): Promise<void> =>
	new Promise(resolve => {
		taking.set(answer.id, resolve);
		say(answer);
	});
