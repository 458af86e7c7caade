import {Worker} from 'node:worker_threads';
import type {Offer} from '../../offers/offer.js';
import {type Clock, systemClock} from '../../system/clock.js';
import {messageOf} from '../../system/problem.js';
import {BackendError, type OfferSource} from '../backend.js';
import {awsSetup, type Surroundings, theseSurroundings} from '../settings/index.js';
import {failedStatus, setupWords, unusable} from '../source-status.js';
import {streamed} from '../stream.js';
import type {Operations} from './launch/calls.js';
import type {Image} from './launch/images.js';
import {remoteOperations} from './launch/remote.js';
import type {Answer, Question, WorkerData} from './messages.js';
import {type PriceOf, type PricesFor, pricesFrom} from './offers.js';

/** How long the thread, with its memory, stays for another question. Milliseconds. */
const keptFor = 60_000;

export type AwsThreadOptions = {
	readonly surroundings?: Surroundings;
	readonly clock?: Clock;
	/** On-demand prices, which EC2 does not tell; read when the first listing needs them. */
	readonly prices: () => Promise<PriceOf>;
	/** The built worker.ts; by default it is beside what this was built into. */
	readonly worker?: URL;
};

const besideThis = (): URL => new URL('aws-worker.js', import.meta.url);

type Told = Exclude<Answer, {type: 'prices' | 'image'}>;
type Done = Extract<Answer, {type: 'done'}>;
type Listener = (answer: Told) => void;

export type AwsThread = Required<OfferSource> & {readonly operations: Operations};

/**
The source of index.ts and the operations of launch/ in a thread of its own. Loading the AWS SDK and reading its answers takes the processor for seconds in pieces that
would be felt at the keyboard, and some hundred megabytes that are given back when the thread ends.
*/
export function createAwsThread({
	surroundings,
	clock = systemClock,
	prices,
	worker: entry = besideThis(),
}: AwsThreadOptions): AwsThread {
	const pricesFor = pricesFrom(prices);
	const places = () => surroundings ?? theseSurroundings();
	const listeners = new Map<number, Listener>();
	const images = new Map<string, Image>();
	let worker: Worker | undefined;
	let questions = 0;
	let idle: AbortController | undefined;

	const start = (): Worker => {
		const data: WorkerData = {surroundings: {...places(), environment: {...places().environment}}, images};
		// What libraries print would be drawn into the screen: it is kept from there.
		const started = new Worker(entry, {workerData: data, stdout: true, stderr: true});
		started.on('message', (answer: Answer) => {
			if (answer.type === 'prices') {
				void tellPrices(answer, pricesFor).then(reply => started.postMessage(reply));
			} else if (answer.type === 'image') {
				images.set(answer.key, answer.image);
			} else {
				listeners.get(answer.id)?.(answer);
			}
		});
		const end = (message: string) => {
			worker = worker === started ? undefined : worker;
			for (const [id, tell] of [...listeners]) {
				// What it was about to do, it may have done.
				tell({type: 'failed', id, class: 'transient', message, next: 'Try again.', zones: []});
			}
		};

		started.on('error', error => end(`the thread that asks AWS failed: ${error.message}`));
		started.on('exit', () => end('the thread that asks AWS ended'));
		return started;
	};

	/** Asks, and tells each answer to `listen` until the last one, which it returns. */
	const ask = async (make: (id: number) => Question, signal: AbortSignal, listen: Listener = () => undefined): Promise<Done> => {
		signal.throwIfAborted();
		idle?.abort();
		const id = questions++;
		const question = make(id);
		const thread = (worker ??= start());
		thread.ref();
		const leave = () => thread.postMessage({type: 'leave', id} satisfies Question);
		try {
			return await new Promise((resolve, reject) => {
				listeners.set(id, answer => {
					if (answer.type === 'done') {
						resolve(answer);
					} else if (answer.type === 'failed') {
						// How a launch ended that nobody waits for any more decides what there is to end.
						const isKnown = question.type === 'call' && answer.class !== undefined;
						reject(signal.aborted && !isKnown ? (signal.reason as Error) : thrown(answer));
					} else {
						listen(answer);
					}
				});
				signal.addEventListener('abort', leave, {once: true});
				thread.postMessage(question);
			});
		} finally {
			signal.removeEventListener('abort', leave);
			listeners.delete(id);
			if (listeners.size === 0) {
				// It must not keep the program alive by itself.
				thread.unref();
				endLater(thread);
			}
		}
	};

	const endLater = (thread: Worker): void => {
		const waiting = new AbortController();
		idle = waiting;
		const stop = clock.every(keptFor, () => {
			stop();
			if (!waiting.signal.aborted) {
				worker = worker === thread ? undefined : worker;
				void thread.terminate();
			}
		});
		waiting.signal.addEventListener('abort', stop, {once: true});
	};

	return {
		name: 'aws',
		deadline: 'guest',
		setup: async () => setupWords(await awsSetup(places())),
		async status(signal) {
			const found = await awsSetup(places());
			const status = unusable('aws', found);
			if (status) {
				return status;
			}

			try {
				const {status: answer} = await ask(id => ({type: 'status', id}), signal);
				return answer ?? {backend: 'aws', ready: false, notes: []};
			} catch (error) {
				return failedStatus('aws', found.origin, error, signal);
			}
		},
		async *offers(requirements, signal, note) {
			if (unusable('aws', await awsSetup(places()))) {
				return;
			}

			yield* streamed<Offer[]>(signal, async (emit, inner) => {
				await ask(
					id => ({type: 'offers', id, requirements}),
					inner,
					answer => {
						if (answer.type === 'offers') {
							emit(answer.offers);
						} else if (answer.type === 'note') {
							note?.(answer.line);
						}
					},
				);
			});
		},
		async priceHistory(market, signal) {
			const {history} = await ask(id => ({type: 'history', id, market}), signal);
			if (!history) {
				throw new Error('the thread that asks AWS answered without prices');
			}

			return history;
		},
		operations: remoteOperations(async (call, signal, onProgress) => {
			const {result} = await ask(
				id => ({type: 'call', id, call}),
				signal,
				answer => {
					if (answer.type === 'progress') {
						onProgress(answer.progress);
					}
				},
			);
			return result;
		}),
	};
}

/** The catalogue of prices is in this thread. */
async function tellPrices(
	{region, instanceTypes, ask}: Extract<Answer, {type: 'prices'}>,
	pricesFor: PricesFor,
): Promise<Question> {
	try {
		return {type: 'prices', ask, prices: await pricesFor(region, instanceTypes)};
	} catch (error) {
		return {type: 'no prices', ask, message: messageOf(error)};
	}
}

const thrown = ({class: kind, message, next, zones}: Extract<Answer, {type: 'failed'}>): Error =>
	kind === undefined ? new Error(message) : new BackendError(kind, message, {next, zones});
