import {z} from 'zod';
import {Collector} from './collector.js';
import type {Feed} from './feed.js';
import {gibibyte, type Origin, type RawOffer} from './normalise.js';
import {hostOf, maybeNumber, maybeText, number, readDocument, readRow, slices, text} from './rows.js';

/** GB of disk that the price holds, where the machine has as much: what dstack takes when nothing else is asked for. */
const disk = 100;
/** Storage is priced by the month. */
const hoursOfMonth = 30 * 24;

/** Machines that can be rented now, of hosts that Vast.ai has verified, which is what its own client shows. */
const question = {
	rentable: {eq: true},
	rented: {eq: false},
	verified: {eq: true},
	num_gpus: {gte: 1},
	limit: 3000,
	order: [['score', 'desc']],
};

const document = z.object({offers: z.array(z.unknown())});

const schema = z.object({
	id: z.union([z.number().int(), text]),
	gpu_name: text,
	num_gpus: number,
	gpu_ram: number,
	gpu_arch: maybeText,
	gpu_frac: maybeNumber,
	cpu_arch: maybeText,
	cpu_cores: maybeNumber,
	cpu_cores_effective: number,
	cpu_ram: number,
	disk_space: number,
	dph_base: number,
	min_bid: maybeNumber,
	storage_cost: maybeNumber,
	geolocation: maybeText,
	rentable: z.boolean().optional(),
	rented: z.boolean().nullish(),
});

type Row = z.output<typeof schema>;

/**
What one gets of the machine: `cpu_ram` is that of the whole host, and with it the cores. Memory is in MiB although it is called MB:
the numbers are those that Linux and the driver report (24,564 for a card of 24 GB, 257,783 for a host of 256 GB).
*/
function toOffer(row: Row): RawOffer | undefined {
	if (!row.cpu_cores || row.rentable === false || row.rented === true) {
		return undefined;
	}

	const space = Math.min(row.disk_space, disk);
	return {
		region: row.geolocation,
		instanceType: String(row.id),
		architecture:
			row.cpu_arch === 'arm64' ? 'arm64' : row.cpu_arch === undefined || row.cpu_arch === 'amd64' ? 'x86_64' : 'unknown',
		cpu: Math.floor(row.cpu_cores_effective),
		memory: row.cpu_ram * Math.min(1, row.cpu_cores_effective / row.cpu_cores),
		gpu: {vendor: row.gpu_arch, name: row.gpu_name, count: row.num_gpus, memory: row.gpu_ram},
		disk: space * gibibyte,
		spot: false,
		price: row.dph_base + storage(row, space),
		availability: 'available',
	};
}

const storage = ({storage_cost: perGigabyte = 0}: Row, space: number): number => (space * perGigabyte) / hoursOfMonth;

/** A bid buys the machine; its disk is paid for besides. */
const toSpot = (row: Row, offer: RawOffer): RawOffer | undefined =>
	row.min_bid ? {...offer, spot: true, price: row.min_bid + storage(row, Math.min(row.disk_space, disk))} : undefined;

function takeRow(value: unknown, collector: Collector, origin: Origin): void {
	const row = readRow(schema, value, collector);
	const offer = row && toOffer(row);
	const spot = row && offer && toSpot(row, offer);
	if (row && !offer) {
		collector.passOver('rented, or its cores are not known', String(row.id));
	}

	for (const each of [offer, spot]) {
		if (each) {
			collector.take(each, origin);
		}
	}
}

/** Every machine that can be rented now is an offer of its own. */
export const vastFeed: Feed = {
	name: 'Vast.ai',
	backend: 'vastai',
	async *run({http, urls, signal, clock}) {
		const collector = new Collector();
		const origin: Origin = {backend: 'vastai', source: 'Vast.ai', date: clock.now()};
		const {body} = await http.json({url: urls.vast, json: question, repeatable: true, signal, limits: {size: 32 * 1024 * 1024}});
		for await (const some of slices(readDocument(document, body, hostOf(urls.vast)).offers)) {
			for (const value of some) {
				takeRow(value, collector, origin);
			}
		}

		yield* collector.drain();
		return collector.summary();
	},
};
