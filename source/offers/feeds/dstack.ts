import {pipeline, Readable} from 'node:stream';
import {z} from 'zod';
import {HttpError} from '../../system/http.js';
import {Collector, unchangedSummary} from './collector.js';
import type {Feed, FeedContext} from './feed.js';
import {gibibyte, type Origin, type RawGpu, type RawOffer} from './normalise.js';
import {hostOf, maybeNumber, maybeText, number, readRow, text} from './rows.js';
import {unzip} from './unzip.js';

/** Whose prices dstack publishes: its name for the provider, and ours for the backend. */
export const dstackProviders = {
	aws: 'aws',
	azure: 'azure',
	cloudrift: 'cloudrift',
	gcp: 'gcp',
	lambdalabs: 'lambda',
	nebius: 'nebius',
	oci: 'oci',
	runpod: 'runpod',
	verda: 'verda',
} as const;

export type DstackProvider = keyof typeof dstackProviders;

/** Bytes. The largest, of GCP, is far below both. */
const limits = {zip: 24 * 1024 * 1024, csv: 96 * 1024 * 1024, line: 64 * 1024};

const columns = ['instance_name', 'location', 'price', 'cpu', 'memory', 'spot'];

/** What must be known of an offer before it can be launched, and is: instances that come alone, at once, from stock. */
const understoodFlags: ReadonlySet<string> = new Set(['oci-spot', 'lambda-arm', 'gcp-a4', 'gcp-g4', 'runpod-cpu']);

const flag = z.string().transform(value => value.toLowerCase() === 'true');

const schema = z.object({
	instance_name: text,
	location: z.string(),
	price: number,
	cpu: number,
	memory: number,
	gpu_count: maybeNumber,
	gpu_name: maybeText,
	gpu_memory: maybeNumber,
	gpu_vendor: maybeText,
	spot: flag,
	disk_size: maybeNumber,
	flags: maybeText,
	cpu_arch: maybeText,
});

type Row = z.output<typeof schema>;

/** A published catalogue: its rows are read as they are unpacked. */
export type Catalogue = {
	readonly date: number;
	readonly mark: string;
	rows(collector: Collector): AsyncGenerator<RawOffer, void, undefined>;
};

/** The newest catalogue of a provider; undefined when it is the one that left `mark`. */
export async function openCatalogue(
	provider: DstackProvider,
	context: FeedContext,
	mark?: string,
): Promise<Catalogue | undefined> {
	const {http, urls, signal, clock} = context;
	const base = `${urls.dstack}/${provider}`;
	const host = hostOf(base);
	const answer = await http.text({url: `${base}/version`, signal, limits: {size: 4096}});
	const version = answer.body?.trim() ?? '';
	if (!/^[\w.-]{1,64}$/.test(version)) {
		throw new HttpError('content', host, 'sent something that is not a version');
	}

	const [oldVersion, oldEtag] = mark?.split(' ') ?? [];
	if (version === oldVersion) {
		return undefined;
	}

	const zip = await http.bytes({url: `${base}/${version}/catalog.zip`, signal, etag: oldEtag, limits: {size: limits.zip}});
	const bytes = zip.body;
	if (!bytes) {
		return undefined;
	}

	return {
		date: dateOf(zip.headers.get('last-modified'), version) ?? clock.now(),
		mark: [version, ...(zip.etag && !/\s/.test(zip.etag) ? [zip.etag] : [])].join(' '),
		rows: collector => readRows(bytes, provider, host, collector),
	};
}

function dateOf(modified: string | null, version: string): number | undefined {
	const header = Date.parse(modified ?? '');
	if (!Number.isNaN(header)) {
		return header;
	}

	const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(version) ?? [];
	const named = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
	return Number.isNaN(named) ? undefined : named;
}

async function* readRows(
	zip: Buffer,
	provider: DstackProvider,
	host: string,
	collector: Collector,
): AsyncGenerator<RawOffer, void, undefined> {
	const {parse} = await import('csv-parse');
	const parser = parse({
		columns: header => checkHeader(header as string[], host),
		bom: true,
		trim: true,
		relax_column_count: true,
		relax_quotes: true,
		skip_empty_lines: true,
		max_record_size: limits.line,
		skip_records_with_error: true,
		on_skip: error => {
			collector.leaveOut(`the table cannot be read (${error?.code ?? 'error'})`, error?.message);
			return undefined;
		},
	});
	const unpacked = Readable.from(unzip(zip, `${provider}.csv`, limits.csv, host), {objectMode: false});
	// What breaks on the way comes out of the loop as well.
	pipeline(unpacked, parser, () => undefined);
	for await (const record of parser as AsyncIterable<unknown>) {
		const row = readRow(schema, record, collector);
		const unknown = row?.flags?.split(/\s+/).find(each => !understoodFlags.has(each));
		if (unknown !== undefined) {
			collector.passOver(`needs what is not done here (${unknown})`, row?.instance_name);
		} else if (row) {
			yield toOffer(row, provider);
		}
	}
}

function checkHeader(header: string[], host: string): string[] {
	const names = header.map(name => name.trim());
	const missing = columns.find(name => !names.includes(name));
	if (missing !== undefined) {
		throw new HttpError('content', host, `sent a table without the column ${missing}`);
	}

	return names;
}

/** Lambda's sizes are published in decimal gigabytes, worked out from gibibytes with this factor; all others are gibibytes. */
const lambdaFactor = 1.074;
const gcpZone = /^([a-z]+-[a-z]+\d+)-[a-z]$/;

function toOffer(row: Row, provider: DstackProvider): RawOffer {
	const unit = provider === 'lambdalabs' ? gibibyte / lambdaFactor : gibibyte;
	const [zone, region = row.location] = (provider === 'gcp' && gcpZone.exec(row.location)) || [];
	const gpu = toGpu(row);
	return {
		region,
		zone,
		// RunPod's names are those of the card: how many of it makes the offer.
		instanceType: provider === 'runpod' && gpu ? `${gpu.count}x ${row.instance_name}` : row.instance_name,
		architecture: row.cpu_arch === 'x86' ? 'x86_64' : row.cpu_arch === 'arm' ? 'arm64' : 'unknown',
		cpu: row.cpu,
		memory: row.memory * unit,
		gpu,
		disk: row.disk_size === undefined ? undefined : row.disk_size * unit,
		spot: row.spot,
		price: row.price,
	};
}

const toGpu = ({gpu_name: name, gpu_count: count, gpu_memory: memory, gpu_vendor: vendor}: Row): RawGpu | undefined =>
	name !== undefined && count !== undefined && count > 0 ? {vendor, name, count, memory: (memory ?? 0) * gibibyte} : undefined;

export const dstackSource = "dstack's catalogue";

/** The cloud's prices as dstack publishes them. */
export const dstackFeed = (provider: DstackProvider): Feed => ({
	name: `${dstackSource} of ${dstackProviders[provider]}`,
	backend: dstackProviders[provider],
	async *run(context) {
		const catalogue = await openCatalogue(provider, context, context.mark);
		if (!catalogue) {
			return unchangedSummary(context.mark ?? '');
		}

		const collector = new Collector();
		const origin: Origin = {backend: dstackProviders[provider], source: dstackSource, date: catalogue.date};
		for await (const offer of catalogue.rows(collector)) {
			collector.take(offer, origin);
		}

		yield* collector.drain();
		return collector.summary(catalogue.mark);
	},
});
