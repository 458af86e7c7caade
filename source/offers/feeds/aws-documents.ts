import {z} from 'zod';
import {HttpError} from '../../system/http.js';
import type {FeedContext} from './feed.js';
import {fetchDocument, hostOf, number, readDocument, text} from './rows.js';

export type AwsRegion = {readonly code: string; readonly name: string; readonly label: string};

const location = z.object({name: text, code: text, type: z.string(), label: z.string().optional()});
const locations = z.record(z.string(), z.unknown());

/** Partitions of their own, which an ordinary account cannot use. */
const otherPartitions = /^(?:us-gov|cn|us-iso\w*|eu-isoe|eusc)-/;

/** The regions of AWS, without its local zones and other partitions. */
export async function readRegions(context: FeedContext): Promise<AwsRegion[]> {
	const url = context.urls.awsLocations;
	const body = await fetchDocument(context, url, 4 * 1024 * 1024);
	const regions = Object.values(readDocument(locations, body, hostOf(url)))
		.map(each => location.safeParse(each))
		.flatMap(({data}) => (data ? [data] : []))
		.filter(({type, code}) => type === 'AWS Region' && /^[a-z]+(?:-[a-z]+)+-\d+$/.test(code) && !otherPartitions.test(code));
	if (regions.length === 0) {
		throw new HttpError('content', hostOf(url), 'sent no region');
	}

	return regions.map(({code, name, label}) => ({code, name, label: label ?? name}));
}

/** What the spot advisor knows of a type in a region: what is saved, 0 to 1, and how often it is interrupted. */
export type SpotAdvice = {readonly saving: number; readonly interruption: string | undefined};

const advisor = z.object({
	ranges: z.array(z.object({index: z.number(), label: text})),
	spot_advisor: z.record(z.string(), z.object({Linux: z.record(z.string(), z.unknown()).optional()})),
});
const advice = z.object({s: number, r: number});

/** What is saved by spot, by `region type`. What cannot be read of it is not there. */
export async function readAdvisor(context: FeedContext): Promise<Map<string, SpotAdvice>> {
	const url = context.urls.awsSpotAdvisor;
	const body = await fetchDocument(context, url, 16 * 1024 * 1024);
	const {ranges, spot_advisor: regions} = readDocument(advisor, body, hostOf(url));
	const labels = new Map(ranges.map(({index, label}) => [index, label]));
	const result = new Map<string, SpotAdvice>();
	for (const [region, {Linux = {}}] of Object.entries(regions)) {
		for (const [type, value] of Object.entries(Linux)) {
			const {data} = advice.safeParse(value);
			if (data && data.s >= 0 && data.s < 100) {
				result.set(`${region} ${type}`, {saving: data.s / 100, interruption: labels.get(data.r)});
			}
		}
	}

	if (result.size === 0) {
		throw new HttpError('content', hostOf(url), 'sent no saving for any type');
	}

	return result;
}

const priceMap = z.object({
	manifest: z.object({hawkFilePublicationDate: z.string().optional(), currencyCode: z.literal('USD').optional()}).optional(),
	regions: z.record(z.string(), z.record(z.string(), z.unknown())),
});

export type PriceMap = {readonly date: number | undefined; readonly rows: readonly unknown[]};

/** A region's on-demand prices for Linux; undefined where there are none under either of its names. */
export async function readPrices(context: FeedContext, {name, label}: AwsRegion): Promise<PriceMap | undefined> {
	for (const each of new Set([name, label])) {
		const url = `${context.urls.awsPrices}/${encodeURIComponent(each)}/Linux/index.json`;
		try {
			const body = await fetchDocument(context, url, 24 * 1024 * 1024);
			const {manifest, regions} = readDocument(priceMap, body, hostOf(url));
			const date = Date.parse(manifest?.hawkFilePublicationDate ?? '');
			return {date: Number.isNaN(date) ? undefined : date, rows: Object.values(regions).flatMap(rows => Object.values(rows))};
		} catch (error) {
			// What is not there is answered so; everything else is a failure.
			if (!(error instanceof HttpError && (error.status === 403 || error.status === 404))) {
				throw error;
			}
		}
	}

	return undefined;
}
