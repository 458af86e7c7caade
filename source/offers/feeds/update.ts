import pMap from 'p-map';
import {type Clock, systemClock} from '../../system/clock.js';
import {createHttp, type Http} from '../../system/http.js';
import {messageOf} from '../../system/problem.js';
import {type Cloud, clouds as allClouds} from './clouds.js';
import type {FactBatch} from './collector.js';
import type {FeedSummary, SizeTable} from './facts.js';
import {defaultUrls, type Feed, type FeedContext, type FeedUrls} from './feed.js';

/**
Takes what the feeds give, cloud by cloud; several at once, the facts say whose they are. Nothing counts before `commit`. After `abort`
what was there before stays as it is; a cloud may begin again after it.
*/
export type FactSink = {
	begin(backend: string): void | Promise<void>;
	add(facts: FactBatch): void | Promise<void>;
	/** `mark` is to be kept with the facts, and given to the next update. */
	commit(backend: string, mark?: string): void | Promise<void>;
	abort(backend: string): void | Promise<void>;
	/** What is there was found to be the newest, now. Without `begin`. */
	unchanged?(backend: string, mark: string): void | Promise<void>;
};

export type CloudState = 'running' | 'done' | 'unchanged' | 'failed';

/** How far one cloud is. */
export type CloudProgress = {
	readonly backend: string;
	/** The feed that is read, or was the last to be. */
	readonly feed: string;
	readonly state: CloudState;
	readonly rows: number;
	readonly bytes: number;
	/** Why it failed: one sentence without a stop at its end. */
	readonly why?: string;
	/** Once it is done. */
	readonly summary?: FeedSummary;
};

export type UpdateOptions = {
	readonly sink: FactSink;
	readonly clouds?: readonly Cloud[];
	/** What the sink was given by `commit` or `unchanged`, by backend, where it still has the facts. */
	readonly marks?: ReadonlyMap<string, string>;
	readonly sizes?: {readonly aws?: SizeTable; readonly azure?: SizeTable};
	readonly urls?: Partial<FeedUrls>;
	/** Where documents are kept that are to be sent only when they change. */
	readonly documents?: string;
	readonly http?: Http;
	readonly clock?: Clock;
	readonly signal?: AbortSignal;
	/** How many clouds are asked at once. */
	readonly concurrency?: number;
	onProgress?(progress: CloudProgress): void;
};

/** Progress is reported no more often than this, milliseconds. */
const tellEvery = 100;

/**
Asks all clouds for their prices, and gives them to the sink. A cloud that cannot be read as a whole, or of which more rows are odd than
not, is aborted there and keeps what it had; the others go on. Rejects with the signal's reason only, after the sink was notified.
*/
export async function updateCatalogue(options: UpdateOptions): Promise<CloudProgress[]> {
	const {clouds = allClouds, concurrency = 4, signal} = options;
	const http = options.http ?? createHttp({clock: options.clock});
	const results = await pMap(clouds, async cloud => new CloudUpdate(cloud, http, options).run(), {concurrency});
	signal?.throwIfAborted();
	return results;
}

/** The sink did not take it: no other feed would help. */
class SinkFailure extends Error {}

class CloudUpdate {
	readonly #cloud: Cloud;
	readonly #options: UpdateOptions;
	readonly #http: Http;
	readonly #clock: Clock;
	#progress: CloudProgress;
	#toldAt = Number.NEGATIVE_INFINITY;
	#begun = false;

	constructor(cloud: Cloud, http: Http, options: UpdateOptions) {
		this.#cloud = cloud;
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
		this.#http = http.with({onBytes: count => this.#tell({bytes: this.#progress.bytes + count})});
		const [first] = cloud.feeds;
		this.#progress = {backend: cloud.backend, feed: first?.name ?? '', state: 'running', rows: 0, bytes: 0};
	}

	async run(): Promise<CloudProgress> {
		const failures: string[] = [];
		for (const feed of this.#cloud.feeds) {
			if (this.#options.signal?.aborted) {
				failures.push('the update was ended');
				break;
			}

			this.#tell({feed: feed.name, rows: 0}, true);
			try {
				return await this.#finish(await this.#read(feed), failures);
			} catch (error) {
				await this.#abort(failures);
				failures.push(this.#options.signal?.aborted ? 'the update was ended' : messageOf(error));
				if (error instanceof SinkFailure) {
					break;
				}
			}
		}

		return this.#tell({state: 'failed', why: [...new Set(failures)].join('; ')}, true);
	}

	async #read(feed: Feed): Promise<FeedSummary> {
		const {signal, marks, sizes, urls, documents} = this.#options;
		// Ends what is still under way for a feed that has failed.
		const own = new AbortController();
		const onAbort = () => own.abort(signal?.reason);
		signal?.addEventListener('abort', onAbort, {once: true});
		const context: FeedContext = {
			http: this.#http,
			urls: {...defaultUrls, ...urls},
			clock: this.#clock,
			...(documents === undefined ? {} : {documents}),
			signal: own.signal,
			mark: marks?.get(this.#cloud.backend),
			sizes: {aws: sizes?.aws ?? new Map(), azure: sizes?.azure ?? new Map()},
		};
		try {
			const run = feed.run(context);
			for (;;) {
				const {done, value} = await run.next();
				signal?.throwIfAborted();
				if (done) {
					return value;
				}

				await this.#add(value);
			}
		} finally {
			signal?.removeEventListener('abort', onAbort);
			own.abort();
		}
	}

	async #add(facts: FactBatch): Promise<void> {
		if (!this.#begun) {
			this.#begun = true;
			await this.#sink(async sink => sink.begin(this.#cloud.backend));
		}

		await this.#sink(async sink => sink.add(facts));
		this.#tell({rows: this.#progress.rows + facts.length});
	}

	async #finish(summary: FeedSummary, failures: readonly string[]): Promise<CloudProgress> {
		const {backend} = this.#cloud;
		if (summary.unchanged) {
			await this.#sink(async sink => sink.unchanged?.(backend, summary.mark ?? ''));
			return this.#tell({state: 'unchanged', summary}, true);
		}

		// One odd row is left out; where most are odd, the source has changed and what is there is better.
		if (summary.rows === 0 || summary.odd > summary.rows) {
			const [{reason, example} = {reason: 'it sent none', example: ''}] = summary.reasons;
			throw new Error(
				`only ${summary.rows} of ${summary.rows + summary.leftOut} rows could be used (${reason}${example && `: ${example}`})`,
			);
		}

		await this.#sink(async sink => sink.commit(backend, summary.mark));
		this.#begun = false;
		const notes = [...failures.map(failure => `${failure}; ${this.#progress.feed} was read instead.`), ...summary.notes];
		return this.#tell({state: 'done', rows: summary.rows, summary: {...summary, notes}}, true);
	}

	async #abort(failures: string[]): Promise<void> {
		if (this.#begun) {
			this.#begun = false;
			try {
				await this.#options.sink.abort(this.#cloud.backend);
			} catch (error) {
				failures.push(messageOf(error));
			}
		}
	}

	async #sink(act: (sink: FactSink) => Promise<void>): Promise<void> {
		try {
			await act(this.#options.sink);
		} catch (error) {
			throw new SinkFailure(`could not be kept: ${messageOf(error)}`, {cause: error});
		}
	}

	#tell(changes: Partial<CloudProgress>, always = false): CloudProgress {
		this.#progress = {...this.#progress, ...changes};
		const now = this.#clock.now();
		if (always || now - this.#toldAt >= tellEvery) {
			this.#toldAt = now;
			this.#options.onProgress?.(this.#progress);
		}

		return this.#progress;
	}
}
