import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {CpuRequest, GpuRequest, Range, Requirements} from '../../source/configuration/model.js';
import {capabilityOf, mismatch} from '../../source/offers/matching.js';
import type {Offer} from '../../source/offers/offer.js';
import {anyOffer, anyRequirements, gpu, offer, requirements} from './support.js';

const gb = 1024;
const cores = (min?: number, max?: number): CpuRequest => ({count: {min, max}});
const from = (min: number): Range => ({min});

describe('mismatch', () => {
	it('nothing asked, nothing missed', () => {
		expect(mismatch(offer(), requirements())).toBeUndefined();
		expect(mismatch(offer({gpus: [gpu()], spot: true, price: 98}), requirements())).toBeUndefined();
	});

	it.each<[string, Partial<Offer>, Partial<Requirements>]>([
		['just enough', {cpu: 4, memory: 16 * gb}, {cpu: cores(4), memory: from(16 * gb)}],
		['more than enough', {cpu: 96, memory: 1024 * gb}, {cpu: cores(4), memory: from(16 * gb)}],
		['the least of a range', {cpu: 2, memory: 16 * gb}, {cpu: cores(2, 8), memory: {min: 16 * gb, max: 64 * gb}}],
		['the most of a range', {cpu: 8, memory: 64 * gb}, {cpu: cores(2, 8), memory: {min: 16 * gb, max: 64 * gb}}],
		['the very number', {cpu: 8}, {cpu: cores(8, 8)}],
		['less than the most', {cpu: 1, memory: 1 * gb}, {cpu: cores(undefined, 8), memory: {max: 16 * gb}}],
		['half a core', {cpu: 0.5}, {cpu: cores(0.5)}],
		['the processor', {architecture: 'arm64', cpu: 8}, {cpu: {architecture: 'arm64', count: from(8)}}],
		['a processor of unknown kind', {architecture: 'unknown'}, {cpu: {architecture: 'arm64', count: {}}}],
		['one of the backends', {backend: 'gcp'}, {backends: ['aws', 'gcp']}],
		['one of the regions', {region: 'eu-west-1'}, {regions: ['eu-west-1']}],
		['a price of all regions, one of which is called so', {backend: 'lambda', region: 'any'}, {regions: ['us-east-1']}],
		['the same of data centers', {backend: 'runpod', region: 'any'}, {regions: ['EU-RO-1', 'moon']}],
		['a region in other letters', {region: 'CA-MTL-1'}, {regions: ['ca-mtl-1']}],
		['one of the zones', {zone: 'us-east-1a'}, {availabilityZones: ['us-east-1a', 'us-east-1b']}],
		['an offer that names no zone', {zone: undefined}, {availabilityZones: ['us-east-1a']}],
		['one of the instance types', {instanceType: 'p4d.24xlarge'}, {instanceTypes: ['P4D.24xlarge']}],
		['the very price', {price: 1.5}, {maxPrice: 1.5}],
		['a disk of unknown size', {disk: undefined}, {disk: from(500 * gb)}],
		['a disk large enough', {disk: 500 * gb}, {disk: from(500 * gb)}],
		['a disk of a range', {disk: 500 * gb}, {disk: {min: 100 * gb, max: 500 * gb}}],
		['spot where spot is asked', {spot: true}, {spotPolicy: 'spot'}],
		['on-demand where on-demand is asked', {spot: false}, {spotPolicy: 'on-demand'}],
		['spot where all the same', {spot: true}, {spotPolicy: 'auto'}],
		['on-demand where all the same', {spot: false}, {spotPolicy: 'auto'}],
		['what is never billed, where spot is asked', {spot: false, price: 0}, {spotPolicy: 'spot'}],
		['any GPU where no more is said', {gpus: [gpu()]}, {gpu: {}}],
		['the GPU by its name', {gpus: [gpu({name: 'A10'})]}, {gpu: {names: ['A10']}}],
		['the GPU in other letters', {gpus: [gpu({name: 'A10G'})]}, {gpu: {names: ['a10g']}}],
		['one of the names', {gpus: [gpu({name: 'H100'})]}, {gpu: {names: ['A100', 'H100']}}],
		['more GPUs than asked', {gpus: [gpu({count: 8})]}, {gpu: {names: ['A100'], count: from(4)}}],
		['as many GPUs as the range', {gpus: [gpu({count: 4})]}, {gpu: {count: {min: 1, max: 4}}}],
		['a GPU with that memory', {gpus: [gpu({memory: 24 * gb})]}, {gpu: {memory: from(24 * gb)}}],
		['a GPU with more memory', {gpus: [gpu({memory: 80 * gb})]}, {gpu: {memory: from(24 * gb)}}],
		['the most memory of a range', {gpus: [gpu({memory: 80 * gb})]}, {gpu: {memory: {min: 24 * gb, max: 80 * gb}}}],
		['memory together', {gpus: [gpu({count: 4, memory: 40 * gb})]}, {gpu: {totalMemory: from(160 * gb)}}],
		['a GPU of that vendor', {gpus: [gpu({vendor: 'amd'})]}, {gpu: {vendor: 'AMD'}}],
		['a newer compute capability', {gpus: [gpu({name: 'H100'})]}, {gpu: {computeCapability: from(8)}}],
		['the very compute capability', {gpus: [gpu({name: 'A10G'})]}, {gpu: {computeCapability: {min: 8.6, max: 8.6}}}],
		['the second kind of GPU', {gpus: [gpu({name: 'T4'}), gpu()]}, {gpu: {names: ['A100']}}],
	])('%s serves', (_, given, wanted) => {
		expect(mismatch(offer(given), requirements(wanted))).toBeUndefined();
	});

	it.each<[string, Partial<Offer>, Partial<Requirements>, RegExp]>([
		['another backend', {backend: 'azure'}, {backends: ['aws', 'gcp']}, /aws, gcp/],
		['another region', {region: 'eu'}, {regions: ['us']}, /us/],
		[
			"another cloud's region for a price of all regions",
			{backend: 'runpod', region: 'any'},
			{regions: ['us-east-1']},
			/us-east-1/,
		],
		['a place that nobody knows', {backend: 'vastai', region: 'any'}, {regions: ['us-east-1']}, /us-east-1/],
		['another zone', {zone: 'us-east-1c'}, {availabilityZones: ['us-east-1a']}, /us-east-1a/],
		['another instance type', {instanceType: 'm5.large'}, {instanceTypes: ['m5.xlarge']}, /m5\.xlarge/],
		['another processor', {architecture: 'x86_64'}, {cpu: {architecture: 'arm64', count: {}}}, /^its processor is x86_64$/],
		['too few cores', {cpu: 2}, {cpu: cores(4)}, /^2 of 4 cores$/],
		['too many cores', {cpu: 16}, {cpu: cores(4, 8)}, /^16 cores, at most 8$/],
		['not the very number of cores', {cpu: 9}, {cpu: cores(8, 8)}, /^9 cores, at most 8$/],
		['too little memory', {memory: 8 * gb}, {memory: from(16 * gb)}, /^8GB of 16GB memory$/],
		['a little too little memory', {memory: 15_987}, {memory: from(16 * gb)}, /^15987MB of 16384MB memory$/],
		['too much memory', {memory: 64 * gb}, {memory: {max: 32 * gb}}, /^64GB above 32GB memory$/],
		['too small a disk', {disk: 50 * gb}, {disk: from(100 * gb)}, /^50GB of 100GB disk$/],
		['too big a disk', {disk: 500 * gb}, {disk: {max: 100 * gb}}, /^500GB above 100GB disk$/],
		['no GPU at all', {gpus: []}, {gpu: {}}, /^no GPU$/],
		['another GPU', {gpus: [gpu({name: 'T4'})]}, {gpu: {names: ['A100']}}, /1×T4/],
		['a GPU that only begins so', {gpus: [gpu({name: 'A10G'})]}, {gpu: {names: ['A10']}}, /A10G/],
		['too few GPUs', {gpus: [gpu({count: 4})]}, {gpu: {names: ['A100'], count: from(8)}}, /4×A100/],
		['too many GPUs', {gpus: [gpu({count: 8})]}, {gpu: {count: {min: 1, max: 4}}}, /8×A100/],
		['too small a GPU', {gpus: [gpu({memory: 16 * gb})]}, {gpu: {memory: from(24 * gb)}}, /16GB/],
		['too big a GPU', {gpus: [gpu({memory: 80 * gb})]}, {gpu: {memory: {min: 24 * gb, max: 40 * gb}}}, /80GB/],
		['too little memory together', {gpus: [gpu({count: 2})]}, {gpu: {totalMemory: from(160 * gb)}}, /2×A100/],
		['an older compute capability', {gpus: [gpu({name: 'T4'})]}, {gpu: {computeCapability: from(8)}}, /T4/],
		['an unknown compute capability', {gpus: [gpu({name: 'X1'})]}, {gpu: {computeCapability: from(3)}}, /X1/],
		['another vendor', {gpus: [gpu()]}, {gpu: {vendor: 'amd'}}, /A100/],
		[
			'no kind of GPU that is all of it',
			{gpus: [gpu({name: 'T4', count: 8, memory: 16 * gb}), gpu({count: 1})]},
			{gpu: {count: from(8), memory: from(40 * gb)}},
			/8×T4 16GB \+ 1×A100 40GB/,
		],
		['on-demand', {spot: false}, {spotPolicy: 'spot'}, /^on-demand$/],
		['spot', {spot: true}, {spotPolicy: 'on-demand'}, /^spot$/],
		['too dear', {price: 1.6}, {maxPrice: 1.5}, /^\$1\.60 is above \$1\.50$/],
		['a little too dear', {price: 1.501}, {maxPrice: 1.5}, /^\$1\.501 is above \$1\.5$/],
	])('%s does not, and says so', (_, given, wanted, words) => {
		expect(mismatch(offer(given), requirements(wanted))).toMatch(words);
	});

	it('what nobody asked for rules out nothing that costs nothing', () => {
		const small = {cpu: 1, memory: 1 * gb};
		const defaults = {cpu: cores(2), memory: from(8 * gb)};
		const assumed = {...defaults, assumed: new Set(['cpu', 'memory'] as const)};
		expect(mismatch(offer({...small, price: 0}), requirements(assumed))).toBeUndefined();
		expect(mismatch(offer({...small, price: 0.01}), requirements(assumed))).toBe('1 of 2 cores');
		expect(mismatch(offer({...small, cpu: 2, price: 0.01}), requirements(assumed))).toBe('1GB of 8GB memory');
		expect(mismatch(offer({...small, price: 0}), requirements(defaults))).toBe('1 of 2 cores');
		expect(mismatch(offer({...small, price: 0}), requirements({...defaults, assumed: new Set(['cpu'])}))).toBe(
			'1GB of 8GB memory',
		);
		// The kind of a processor is never a default.
		expect(mismatch(offer({price: 0}), requirements({...assumed, cpu: {architecture: 'arm64', count: from(2)}}))).toMatch(/x86/);
	});

	it('never says that something is short of itself', () => {
		const size = fc.integer({min: 1, max: 2_000_000});
		const price = fc.double({min: 0.0001, max: 100, noNaN: true});
		fc.assert(
			fc.property(size, size, price, price, (memory, bound, dollars, most) => {
				const said = [
					mismatch(offer({memory}), requirements({memory: from(bound)})),
					mismatch(offer({memory}), requirements({memory: {max: bound}})),
					mismatch(offer({disk: memory}), requirements({disk: from(bound)})),
					mismatch(offer({disk: memory}), requirements({disk: {max: bound}})),
					mismatch(offer({price: dollars}), requirements({maxPrice: most})),
				];
				for (const words of said.filter(each => each !== undefined)) {
					const [given, wanted] = words.replace(/ (?:memory|disk)$/, '').split(/ of | above | is above /);
					expect(given).not.toBe(wanted);
				}
			}),
		);
	});

	it('what serves goes on serving when less is asked or it costs less, and when more is given where no most is said', () => {
		fc.assert(
			fc.property(anyOffer, anyRequirements, (given, wanted) => {
				fc.pre(mismatch(given, wanted) === undefined);
				expect(mismatch({...given, price: given.price / 2}, wanted)).toBeUndefined();
				const more = {...given, cpu: given.cpu + 1, memory: given.memory + 1};
				if (wanted.cpu.count.max === undefined && wanted.memory.max === undefined) {
					expect(mismatch(more, wanted)).toBeUndefined();
				}

				for (const less of [
					{cpu: cores()},
					{memory: {}},
					{disk: undefined},
					{gpu: undefined},
					{maxPrice: undefined},
					{backends: undefined},
					{regions: undefined},
					{availabilityZones: undefined},
					{instanceTypes: undefined},
				]) {
					expect(mismatch(given, {...wanted, ...less})).toBeUndefined();
				}
			}),
			{numRuns: 500},
		);
	});

	it('a range of one number is that number, and two halves of a range are the whole', () => {
		const bounds = fc.tuple(fc.integer({min: 1, max: 16}), fc.integer({min: 0, max: 16}));
		fc.assert(
			fc.property(bounds, fc.integer({min: 1, max: 32}), ([min, more], cpu) => {
				const max = min + more;
				const serves = (count: Range) => mismatch(offer({cpu}), requirements({cpu: {count}})) === undefined;
				expect(serves({min, max: min})).toBe(cpu === min);
				expect(serves({min, max})).toBe(serves({min}) && serves({max}));
			}),
		);
	});

	it('every part of a request for a GPU narrows', () => {
		const parts: readonly GpuRequest[] = [
			{vendor: 'nvidia'},
			{names: ['A100', 'L4']},
			{count: {min: 2, max: 4}},
			{memory: {min: 40 * gb}},
			{totalMemory: {max: 160 * gb}},
			{computeCapability: {min: 8}},
		];
		fc.assert(
			fc.property(anyOffer, fc.subarray([...parts]), (given, chosen) => {
				fc.pre(given.gpus.length === 1);
				const serves = (request: GpuRequest) => mismatch(given, requirements({gpu: request})) === undefined;
				expect(serves(Object.assign({}, ...chosen) as GpuRequest)).toBe(chosen.every(serves));
			}),
		);
	});
});

describe('compute capabilities', () => {
	it.each([
		['T4', 7.5],
		['A100', 8],
		['a10g', 8.6],
		['L4', 8.9],
		['H100', 9],
		['B200', 10],
		['MI300X', undefined],
	])('%s: %s', (name, capability) => {
		expect(capabilityOf(name)).toBe(capability);
	});
});
