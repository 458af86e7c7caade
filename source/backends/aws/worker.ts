import {parentPort, workerData} from 'node:worker_threads';
import {messageOf} from '../../system/problem.js';
import {BackendError, type LaunchProgress} from '../backend.js';
import {createAwsSource} from './index.js';
import {ImageBook} from './launch/images.js';
import {createAwsOperations} from './launch/operations.js';
import {perform} from './launch/remote.js';
import {userDataFor} from './launch/user-data.js';
import type {Answer, Question, WorkerData} from './messages.js';
import type {KnownPrice, PricesFor} from './offers.js';

/** Offers of one message: reading more would be felt on the other side. */
const mostOffers = 500;

const port = parentPort;
if (!port) {
	throw new Error('this runs as a thread only');
}

const say = (answer: Answer): void => {
	port.postMessage(answer);
};

const {surroundings, images} = workerData as WorkerData;
const leaving = new Map<number, AbortController>();
type Waiting = {readonly resolve: (prices: ReadonlyMap<string, KnownPrice>) => void; readonly reject: (error: Error) => void};

const waiting = new Map<number, Waiting>();
let asks = 0;

const pricesFor: PricesFor = async (region, instanceTypes) =>
	new Promise((resolve, reject) => {
		const ask = asks++;
		waiting.set(ask, {resolve, reject});
		say({type: 'prices', ask, region, instanceTypes});
	});

// One for all questions: what is known of instance types stays.
const source = createAwsSource({surroundings, pricesFor});
const operations = createAwsOperations({
	surroundings,
	pricesFor,
	images: new ImageBook(images, (key, image) => say({type: 'image', key, image})),
	userData: userDataFor,
});

port.on('message', (question: Question) => {
	switch (question.type) {
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

		case 'leave': {
			leaving.get(question.id)?.abort(new Error('nobody listens any more'));
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
	leaving.set(id, controller);
	try {
		if (question.type === 'status') {
			say({type: 'done', id, status: await source.status(controller.signal)});
			return;
		}

		if (question.type === 'history') {
			say({type: 'done', id, history: await source.priceHistory?.(question.market, controller.signal)});
			return;
		}

		if (question.type === 'call') {
			const onProgress = (progress: LaunchProgress) => say({type: 'progress', id, progress});
			say({type: 'done', id, result: await perform(operations, question.call, controller.signal, onProgress)});
			return;
		}

		for await (const offers of source.offers(question.requirements, controller.signal, line => say({type: 'note', id, line}))) {
			for (let start = 0; start < offers.length; start += mostOffers) {
				say({type: 'offers', id, offers: offers.slice(start, start + mostOffers)});
			}
		}

		say({type: 'done', id});
	} catch (error) {
		const known = error instanceof BackendError ? error : undefined;
		say({type: 'failed', id, class: known?.class, message: messageOf(error), next: known?.next, zones: known?.zones ?? []});
	} finally {
		leaving.delete(id);
	}
}
