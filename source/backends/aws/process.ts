import {type ChildProcess, fork} from 'node:child_process';
import {constants, setPriority} from 'node:os';
import {fileURLToPath} from 'node:url';
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
import type {Answer, Question} from './messages.js';
import {type PricesFor, pricesFrom} from './offers.js';
import {type OnDemandPriceLookup} from '../../offers/on-demand-price.js';

/** How long the process, with its memory, stays for another question. Milliseconds. */
const keptFor = 10_000;

/** Its garbage is collected early, as it has much of it: that takes a fifth off its memory. */
const engineFlags = ['--max-semi-space-size=2', '--optimize-for-size'];

export type AwsProcessOptions = {
	readonly surroundings?: Surroundings;
	readonly clock?: Clock;
	/** On-demand prices, which EC2 does not tell; read when the first listing needs them. */
	readonly prices: () => Promise<OnDemandPriceLookup>;
	/** The built worker.ts; by default it is beside what this was built into. */
	readonly worker?: URL;
};

const besideThis = (): URL => new URL('aws-worker.js', import.meta.url);

type Told = Exclude<Answer, {type: 'prices' | 'image'}>;
type Done = Extract<Answer, {type: 'done'}>;
type Listener = (answer: Told) => void;

export type AwsProcess = Required<OfferSource> & {readonly operations: Operations};

/** A process with the questions that it has not answered yet. */
type Running = {
	readonly child: ChildProcess;
	readonly listeners: Map<number, Listener>;
	readonly say: (question: Question) => void;
};

/**
The source of index.ts and the operations of launch/ in a process of its own. Loading the AWS SDK and reading its answers takes the processor for seconds in pieces that
would be felt at the keyboard, and some hundred megabytes, all of which only the end of a process gives back.
*/
export function createAwsProcess({
	surroundings,
	clock = systemClock,
	prices,
	worker = besideThis(),
}: AwsProcessOptions): AwsProcess {
	const pricesFor = pricesFrom(prices);
	const places = () => surroundings ?? theseSurroundings();
	const images = new Map<string, Image>();
	let running: Running | undefined;
	let questions = 0;
	let idle: AbortController | undefined;

	const start = (): Running => {
		// What libraries print would be drawn into the screen: it is kept from there.
		const child = fork(fileURLToPath(worker), [], {
			serialization: 'advanced',
			stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
			execArgv: engineFlags,
		});
		makeModest(child);
		const listeners = new Map<number, Listener>();
		const end = (message: string) => {
			running = running?.child === child ? undefined : running;
			for (const [id, tell] of [...listeners]) {
				// What it was about to do, it may have done.
				tell({type: 'failed', id, class: 'transient', message, next: 'Try again.', zones: []});
			}
		};

		const say = (question: Question) => {
			// One that has ended says so below.
			child.send(question, () => undefined);
		};

		const remember = ({key, image}: Extract<Answer, {type: 'image'}>) => {
			if (image) {
				images.set(key, image);
			} else {
				images.delete(key);
			}
		};

		child.on('message', (answer: Answer) => {
			if (answer.type === 'prices') {
				void tellPrices(answer, pricesFor).then(say);
			} else if (answer.type === 'image') {
				remember(answer);
			} else {
				listeners.get(answer.id)?.(answer);
			}
		});
		child.on('error', error => end(`the process that asks AWS failed: ${error.message}`));
		child.on('exit', (code, signal) => end(`the process that asks AWS ended with ${signal ?? code}`));
		say({type: 'start', surroundings: {...places(), environment: {...places().environment}}, images});
		return {child, listeners, say};
	};

	/** Asks, and tells each answer to `listen` until the last one, which it returns. */
	const ask = async (
		make: (id: number) => Question,
		signal: AbortSignal,
		listen?: (answer: Told, say: Running['say']) => void,
	) => {
		signal.throwIfAborted();
		idle?.abort();
		const id = questions++;
		const question = make(id);
		const {child, listeners, say} = (running ??= start());
		keepAlive(child, true);
		const leave = () => say({type: 'leave', id});
		try {
			return await new Promise<Done>((resolve, reject) => {
				listeners.set(id, answer => {
					if (answer.type === 'done') {
						resolve(answer);
					} else if (answer.type === 'failed') {
						// How a launch ended that nobody waits for any more decides what there is to end.
						const isKnown = question.type === 'call' && answer.class !== undefined;
						reject(signal.aborted && !isKnown ? (signal.reason as Error) : thrown(answer));
					} else {
						listen?.(answer, say);
					}
				});
				signal.addEventListener('abort', leave, {once: true});
				say(question);
			});
		} finally {
			signal.removeEventListener('abort', leave);
			listeners.delete(id);
			if (listeners.size === 0) {
				keepAlive(child, false);
				endLater(child);
			}
		}
	};

	const endLater = (child: ChildProcess): void => {
		const waiting = new AbortController();
		idle = waiting;
		const stop = clock.every(keptFor, () => {
			stop();
			if (!waiting.signal.aborted) {
				running = running?.child === child ? undefined : running;
				child.kill();
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

			type Batch = {readonly offers: Offer[]; readonly taken: () => void};
			const batches = streamed<Batch>(signal, async (emit, inner) => {
				await ask(
					id => ({type: 'offers', id, requirements}),
					inner,
					(answer, say) => {
						if (answer.type === 'offers') {
							emit({offers: answer.offers, taken: () => say({type: 'taken', id: answer.id})});
						} else if (answer.type === 'note') {
							note?.(answer.line);
						}
					},
				);
			});
			for await (const {offers, taken} of batches) {
				yield offers;
				// A key that was pressed meanwhile comes before the next ones.
				await new Promise(resolve => {
					setImmediate(resolve);
				});
				taken();
			}
		},
		async priceHistory(market, signal) {
			const {history} = await ask(id => ({type: 'history', id, market}), signal);
			if (!history) {
				throw new Error('the process that asks AWS answered without prices');
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

/** Whatever is on the screen goes before it. */
function makeModest({pid}: ChildProcess): void {
	if (pid !== undefined) {
		try {
			setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
		} catch {
			// It has ended already, or this system does not allow it: it does its work all the same.
		}
	}
}

/** A process that nobody waits for must not keep the program alive. */
function keepAlive(child: ChildProcess, isWanted: boolean): void {
	if (isWanted) {
		child.ref();
		child.channel?.ref();
	} else {
		child.unref();
		child.channel?.unref();
	}
}

/** The catalogue of prices is in this process. */
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
