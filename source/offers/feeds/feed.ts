import type {Clock} from '../../system/clock.js';
import type {Http} from '../../system/http.js';
import type {FactBatch} from './collector.js';
import type {FeedSummary, SizeTable} from './facts.js';

/** Where the feeds are read from; each one can be a mirror. Without a slash at the end. */
export type FeedUrls = {
	/** Holds `<provider>/version` and `<provider>/<version>/catalog.zip`. */
	readonly dstack: string;
	/** Holds `<region's name>/Linux/index.json`. */
	readonly awsPrices: string;
	readonly awsLocations: string;
	readonly awsSpotAdvisor: string;
	readonly azure: string;
	readonly runpod: string;
	readonly vast: string;
	/** Holds `plans` and `plans-metal`. */
	readonly vultr: string;
};

export const defaultUrls: FeedUrls = {
	dstack: 'https://dstack-gpu-pricing.s3.eu-west-1.amazonaws.com/v3',
	awsPrices: 'https://b0.p.awsstatic.com/pricing/2.0/meteredUnitMaps/ec2/USD/current/ec2-ondemand-without-sec-sel',
	awsLocations: 'https://b0.p.awsstatic.com/locations/1.0/aws/current/locations.json',
	awsSpotAdvisor: 'https://spot-bid-advisor.s3.amazonaws.com/spot-advisor-data.json',
	azure: 'https://prices.azure.com/api/retail/prices',
	runpod: 'https://api.runpod.io/graphql',
	vast: 'https://console.vast.ai/api/v0/bundles/',
	vultr: 'https://api.vultr.com/v2',
};

export type FeedContext = {
	readonly http: Http;
	readonly urls: FeedUrls;
	readonly clock: Clock;
	/** The folder in which documents are kept that their servers mark by an ETag; undefined where none is to be kept. */
	readonly documents?: string;
	readonly signal: AbortSignal | undefined;
	/** What the summary of the last run left, where its facts are still kept. */
	readonly mark: string | undefined;
	/** What is known of instance types whose feeds tell prices alone: GPUs of AWS, everything of Azure. */
	readonly sizes: {readonly aws: SizeTable; readonly azure: SizeTable};
};

/** One way to learn the prices of one cloud, without credentials. */
export type Feed = {
	/** What a person calls it: `AWS price list`. */
	readonly name: string;
	readonly backend: string;
	/**
	Gives checked facts in batches, and ends with what came of it. Rejects with an HttpError, or with the signal's reason, when it cannot
	be read as a whole; what was given before that is not to be used.
	*/
	run(context: FeedContext): AsyncGenerator<FactBatch, FeedSummary, undefined>;
};
