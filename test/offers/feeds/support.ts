import {crc32, deflateRawSync} from 'node:zlib';
import type {FeedSummary, OfferFacts, SizeFacts} from '../../../source/offers/feeds/facts.js';
import {defaultUrls, type Feed, type FeedContext, type FeedUrls} from '../../../source/offers/feeds/feed.js';
import {createHttp} from '../../../source/system/http.js';
import {endless, fixedRandom, quickClock} from '../../support/web.js';

export const gb = 1024;

/** Addresses at which nobody listens, so that no test ever asks a real cloud. */
const nowhere = Object.fromEntries(Object.keys(defaultUrls).map(name => [name, 'http://127.0.0.1:65534/nowhere'])) as FeedUrls;

export const onlyUrls = (urls: Partial<FeedUrls>): FeedUrls => ({...nowhere, ...urls});

export function context(urls: Partial<FeedUrls>, given: Partial<FeedContext> = {}): FeedContext {
	const clock = quickClock();
	return {
		http: createHttp({clock, random: fixedRandom(0), limits: endless, retry: {tries: 2}}),
		urls: onlyUrls(urls),
		clock,
		signal: undefined,
		mark: undefined,
		sizes: {aws: new Map(), azure: new Map()},
		...given,
	};
}

/** Runs a feed to its end. */
export async function runFeed(
	feed: Feed,
	feedContext: FeedContext,
): Promise<{facts: OfferFacts[]; summary: FeedSummary; batches: number}> {
	const run = feed.run(feedContext);
	const facts: OfferFacts[] = [];
	for (let batches = 0; ; batches++) {
		const {done, value} = await run.next();
		if (done) {
			return {facts, summary: value, batches};
		}

		facts.push(...value);
	}
}

export const size = (given: Partial<SizeFacts> = {}): SizeFacts => ({architecture: 'x86_64', cpu: 4, memory: 16 * gb, ...given});

export type Lie = {
	/** The sum of the file, as the zip says it. */
	readonly sum?: number;
	/** Its size once unpacked, as the zip says it. */
	readonly size?: number;
};

/** A zip with one file, as `zip` makes it; what it says of the file can be made to lie. */
export function makeZip(name: string, content: string | Buffer, lie: Lie = {}): Buffer {
	const data = Buffer.from(content);
	const packed = deflateRawSync(data);
	const label = Buffer.from(name);
	const shared = Buffer.alloc(26);
	shared.writeUInt16LE(20, 0);
	shared.writeUInt16LE(8, 4);
	shared.writeUInt32LE(lie.sum ?? crc32(data), 10);
	shared.writeUInt32LE(packed.length, 14);
	shared.writeUInt32LE(lie.size ?? data.length, 18);
	shared.writeUInt16LE(label.length, 22);
	const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), shared, label, packed]);
	const central = Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000', 'latin1'), shared, Buffer.alloc(14), label]);
	const end = Buffer.alloc(22);
	end.write('PK\u0005\u0006', 'latin1');
	end.writeUInt16LE(1, 8);
	end.writeUInt16LE(1, 10);
	end.writeUInt32LE(central.length, 12);
	end.writeUInt32LE(local.length, 16);
	return Buffer.concat([local, central, end]);
}

export const header =
	'instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,gpu_vendor,flags,cpu_arch,provider_data';

export const csv = (...lines: string[]): string => [header, ...lines, ''].join('\r\n');
