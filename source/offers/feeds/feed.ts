import {Problem} from '../../system/problem.js';
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
	/** What is known of instance types whose feeds have prices alone: GPUs of AWS, everything of Azure. */
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

const prefix = 'DSTACK_TUI_FEED_';
const names = Object.keys(defaultUrls) as Array<keyof FeedUrls>;

/** The variable that names a feed's mirror: `DSTACK_TUI_FEED_AWS_PRICES`. */
export const feedVariable = (name: keyof FeedUrls): string =>
	prefix + name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase();

/**
Where the feeds are read from: the environment's word before the settings' (`feeds` in `config.json`). Throws a `configuration` problem
that names the setting and never repeats it, since an address may hold a key.
*/
export function feedUrls(settings: unknown, variables: Readonly<Record<string, string | undefined>>): Partial<FeedUrls> {
	if (settings !== undefined && (typeof settings !== 'object' || settings === null || Array.isArray(settings))) {
		throw new Problem('configuration', '`feeds` in the settings is not an object of addresses', {next: known});
	}

	const given = (settings ?? {}) as Record<string, unknown>;
	const stranger = Object.keys(given).find(name => !(name in defaultUrls));
	if (stranger !== undefined) {
		throw new Problem('configuration', `\`feeds\` in the settings: there is no feed called '${stranger}'`, {next: known});
	}

	const urls: Partial<Record<keyof FeedUrls, string>> = {};
	for (const name of names) {
		const variable = feedVariable(name);
		if (variables[variable]) {
			urls[name] = address(name, variables[variable], variable);
		} else if (given[name] !== undefined) {
			urls[name] = address(name, given[name], `feeds.${name} in the settings`);
		}
	}

	return urls;
}

const known = `Feeds: ${names.join(', ')}.`;

function address(name: keyof FeedUrls, value: unknown, where: string): string {
	const url = typeof value === 'string' ? URL.parse(value) : undefined;
	if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
		throw new Problem('configuration', `${where} is not an address for HTTP without a name and password in it`, {
			next: `It is usually ${defaultUrls[name]}`,
		});
	}

	return defaultUrls[name].endsWith('/') ? String(value) : String(value).replace(/\/+$/, '');
}
