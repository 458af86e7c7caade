import {fileURLToPath} from 'node:url';
import fc from 'fast-check';
import type {Range, Requirements} from '../../source/configuration/model.js';
import {loadCatalogue} from '../../source/offers/catalogue/catalogue.js';
import type {OfferFacts} from '../../source/offers/facts.js';
import {type Availability, instanceKinds, type Offer} from '../../source/offers/offer.js';
import {OfferTable} from '../../source/offers/table.js';
import {requirements} from './support.js';

export const gb = 1024;
export const snapshotPath = fileURLToPath(new URL('../../catalogue/snapshot.bin', import.meta.url));

export const facts = (given: Partial<OfferFacts> = {}): OfferFacts => ({
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'm5.xlarge',
	architecture: 'x86_64',
	cpu: 4,
	memory: 16 * gb,
	spot: false,
	price: 0.5,
	estimated: false,
	source: 'test',
	date: 1,
	availability: 'unknown',
	...given,
});

export const card = (given: Partial<NonNullable<OfferFacts['gpu']>> = {}): NonNullable<OfferFacts['gpu']> => ({
	vendor: 'nvidia',
	name: 'A100',
	count: 1,
	memory: 40 * gb,
	...given,
});

export const liveOffer = (given: Partial<Offer> = {}): Offer => ({
	id: 'aws/us-east-1/m5.xlarge/on-demand',
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'm5.xlarge',
	cpu: 4,
	architecture: 'x86_64',
	memory: 16 * gb,
	gpus: [],
	disk: undefined,
	spot: false,
	price: 0.4,
	priceSource: 'live',
	priceDate: 2,
	availability: 'available',
	deadline: 'guest',
	kind: 'machine',
	notes: [],
	...given,
});

export const wish = requirements;

export const tableOf = (all: Iterable<OfferFacts>): OfferTable => {
	const table = new OfferTable();
	table.addFacts(all);
	return table;
};

export const shown = (table: OfferTable, rows: Iterable<number>): string[] => Array.from(rows, row => table.id(row));

/** The snapshot as it is shipped. */
export const snapshotTable = async (): Promise<OfferTable> => {
	const table = new OfferTable();
	const {problems} = await loadCatalogue(table, {folder: undefined, snapshot: snapshotPath});
	if (problems[0]) {
		throw problems[0];
	}

	return table;
};

const price = fc.oneof(
	fc.constantFrom(0.5, 1, 1.5, 1.5000000001),
	fc.double({min: 0.0001, max: 100, noNaN: true, noDefaultInfinity: true}),
);
const cards = fc.record({
	vendor: fc.constantFrom('nvidia', 'amd'),
	name: fc.constantFrom('A100', 'A10', 'A10G', 'L4', 'H100', 'Unheard'),
	count: fc.constantFrom(0.125, 1, 2, 8),
	memory: fc.constantFrom(0, 24 * gb, 40 * gb, 80 * gb),
});

/** Offers of few different values, so that equal ones are met often; also what only backends themselves say. */
export const anyOffer: fc.Arbitrary<Offer> = fc
	.record({
		backend: fc.constantFrom('aws', 'gcp', 'lambda', 'local'),
		region: fc.constantFrom('us-east-1', 'eu-west-1', 'any', 'Hafnarfjarðarkaupstaður, IS, EU'),
		zone: fc.constantFrom(undefined, 'us-east-1a', 'us-east-1b'),
		instanceType: fc.constantFrom('m5.xlarge', 'g5.2xlarge', 'g5.12xlarge', 'p4d.24xlarge', 'a%b/c'),
		architecture: fc.constantFrom('x86_64' as const, 'arm64' as const, 'unknown' as const),
		cpu: fc.constantFrom(0.5, 1, 2, 4, 96),
		memory: fc.constantFrom(512, 16 * gb, 15_987, 1152 * gb),
		gpus: fc.array(cards, {maxLength: 2}),
		disk: fc.constantFrom(undefined, 100 * gb),
		spot: fc.boolean(),
		price: fc.oneof(fc.constant(0), price),
		estimated: fc.boolean(),
		interruption: fc.constantFrom(undefined, '<5%', '5-10%', '>20%'),
		availability: fc.constantFrom<Availability>('available', 'unknown', 'unavailable', 'no quota', 'no credentials'),
		deadline: fc.constantFrom('provider' as const, 'guest' as const, 'none' as const),
		kind: fc.constantFrom(...instanceKinds),
	})
	.map((given, index = 0) => liveOffer({...given, id: `${index}`}))
	.map(({id: _, ...given}) => liveOffer(given));

/** A table of live offers, and the offers that it has after equal ones became one. */
export const anyTable: fc.Arbitrary<OfferTable> = fc.array(anyOffer, {maxLength: 60}).map(offers => {
	const table = new OfferTable();
	for (const backend of new Set(offers.map(each => each.backend))) {
		table.listing(backend, 'live').addOffers(offers.filter(each => each.backend === backend));
	}

	return table;
});

const range = (...values: number[]): fc.Arbitrary<Range> =>
	fc.constantFrom(...values.flatMap(value => [{min: value}, {max: value}, {min: value, max: value * 2}]));
const optional = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, {nil: undefined, freq: 1});

/** Requirements; the values are those of `anyOffer` and of the snapshot. */
export const anyWish: fc.Arbitrary<Requirements> = fc
	.record({
		backends: fc.constantFrom(undefined, undefined, ['aws'], ['gcp', 'local'], ['azure', 'gcp']),
		regions: fc.constantFrom(undefined, undefined, ['US-east-1'], ['us-east1', 'eastus', 'any']),
		availabilityZones: fc.constantFrom(undefined, undefined, undefined, ['us-east-1A']),
		instanceTypes: fc.constantFrom(undefined, undefined, undefined, ['G5.2xlarge', 'Standard_NC24ads_A100_v4', 'g2-standard-4']),
		cpu: fc.record(
			{architecture: fc.constantFrom('x86_64' as const, 'arm64' as const), count: fc.oneof(fc.constant({}), range(1, 4, 16))},
			{requiredKeys: ['count']},
		),
		memory: fc.oneof(fc.constant({}), range(8 * gb, 16 * gb, 64 * gb)),
		disk: optional(range(50 * gb, 500 * gb)),
		gpu: optional(
			fc.record(
				{
					vendor: fc.constantFrom('nvidia', 'AMD'),
					names: fc.constantFrom(['A100'], ['a10', 'L4'], ['H100', 'H200']),
					count: range(1, 2, 8),
					memory: range(16 * gb, 24 * gb, 80 * gb),
					totalMemory: range(48 * gb, 320 * gb),
					computeCapability: range(8, 9),
				},
				{requiredKeys: []},
			),
		),
		spotPolicy: fc.constantFrom('spot' as const, 'on-demand' as const, 'auto' as const, 'auto' as const),
		maxPrice: fc.constantFrom(undefined, undefined, 0.5, 1.5, 10),
		assumed: fc.constantFrom<ReadonlySet<'cpu' | 'memory'>>(new Set(), new Set(['cpu']), new Set(['cpu', 'memory'])),
	})
	.map(given => wish(given));
