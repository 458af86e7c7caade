import fc from 'fast-check';
import type {CpuRequest, GpuRequest, Requirements} from '../../source/configuration/model.js';
import type {Gpu, Offer} from '../../source/offers/offer.js';

const gb = 1024;

export const gpu = (given: Partial<Gpu> = {}): Gpu => ({vendor: 'nvidia', name: 'A100', count: 1, memory: 40 * gb, ...given});

export const offer = (given: Partial<Offer> = {}): Offer => ({
	id: 'aws/us-east-1/m5.xlarge',
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'm5.xlarge',
	cpu: 4,
	architecture: 'x86_64',
	memory: 16 * gb,
	gpus: [],
	disk: undefined,
	spot: false,
	price: 0.5,
	priceSource: 'test',
	priceDate: 0,
	availability: 'available',
	deadline: 'guest',
	kind: 'machine',
	notes: [],
	...given,
});

/** Nothing is asked for, but what a test says. */
export const requirements = (given: Partial<Requirements> = {}): Requirements => ({
	cpu: {count: {}},
	memory: {},
	spotPolicy: 'auto',
	retry: 'off',
	assumed: new Set(),
	image: undefined,
	asked: [],
	words: [],
	...given,
});

const price = fc.oneof(fc.constant(0), fc.constantFrom(0.5, 1, 1.5), fc.double({min: 0.0001, max: 100, noNaN: true}));

/** Offers of few different values, so that equal ones are met often. */
export const anyOffer: fc.Arbitrary<Offer> = fc
	.record({
		id: fc.uuid(),
		backend: fc.constantFrom('aws', 'gcp', 'lambda', 'local'),
		region: fc.constantFrom('us-east-1', 'eu-west-1', 'any'),
		instanceType: fc.constantFrom('m5.xlarge', 'g5.xlarge', 'p4d.24xlarge'),
		cpu: fc.constantFrom(1, 2, 4, 96),
		memory: fc.constantFrom(512, 16 * gb, 15_987, 1152 * gb),
		gpus: fc.array(
			fc.record({
				vendor: fc.constantFrom('nvidia', 'amd'),
				name: fc.constantFrom('A100', 'A10', 'A10G', 'L4'),
				count: fc.integer({min: 1, max: 8}),
				memory: fc.constantFrom(0, 24 * gb, 40 * gb, 80 * gb),
			}),
			{maxLength: 2},
		),
		architecture: fc.constantFrom('x86_64', 'arm64', 'unknown'),
		zone: fc.constantFrom(undefined, 'us-east-1a', 'us-east-1b'),
		disk: fc.constantFrom(undefined, 100 * gb),
		spot: fc.boolean(),
		price,
		availability: fc.constantFrom('available', 'unknown', 'unavailable', 'no quota', 'no credentials'),
		deadline: fc.constantFrom('provider', 'guest', 'none'),
	})
	.map(given => offer(given as Partial<Offer>));

export const anyRequirements: fc.Arbitrary<Requirements> = fc
	.record({
		backends: fc.constantFrom(undefined, ['aws'], ['gcp', 'local']),
		regions: fc.constantFrom(undefined, ['us-east-1']),
		availabilityZones: fc.constantFrom(undefined, ['us-east-1a']),
		instanceTypes: fc.constantFrom(undefined, ['m5.xlarge', 'g5.xlarge']),
		cpu: fc.constantFrom<CpuRequest>(
			{count: {min: 1}},
			{count: {min: 4}},
			{count: {max: 4}},
			{architecture: 'x86_64', count: {}},
			{architecture: 'arm64', count: {min: 2}},
		),
		memory: fc.constantFrom({}, {min: 16 * gb}, {min: 1 * gb, max: 64 * gb}),
		disk: fc.constantFrom(undefined, {min: 50 * gb}, {min: 500 * gb}),
		gpu: fc.constantFrom<GpuRequest | undefined>(
			undefined,
			{},
			{names: ['A100'], count: {min: 2}},
			{names: ['a10', 'L4'], memory: {min: 24 * gb, max: 40 * gb}},
			{vendor: 'amd'},
			{totalMemory: {min: 160 * gb}},
			{computeCapability: {min: 8.6}},
		),
		spotPolicy: fc.constantFrom('spot', 'on-demand', 'auto'),
		maxPrice: fc.constantFrom(undefined, 1),
		assumed: fc.constantFrom(new Set<'cpu' | 'memory'>(), new Set<'cpu' | 'memory'>(['cpu', 'memory'])),
	})
	.map(given => requirements(given as Partial<Requirements>));
