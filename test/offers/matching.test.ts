import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Requirements} from '../../source/configuration/model.js';
import {mismatch} from '../../source/offers/matching.js';
import type {Offer} from '../../source/offers/offer.js';
import {anyOffer, anyRequirements, gpu, offer, requirements} from './support.js';

const gb = 1024;

describe('mismatch', () => {
	it('nothing asked, nothing missed', () => {
		expect(mismatch(offer(), requirements())).toBeUndefined();
		expect(mismatch(offer({gpus: [gpu()], spot: true, price: 98}), requirements())).toBeUndefined();
	});

	it.each<[string, Partial<Offer>, Partial<Requirements>]>([
		['just enough', {cpu: 4, memory: 16 * gb}, {cpu: 4, memory: 16 * gb}],
		['more than enough', {cpu: 96, memory: 1024 * gb}, {cpu: 4, memory: 16 * gb}],
		['one of the backends', {backend: 'gcp'}, {backends: ['aws', 'gcp']}],
		['one of the regions', {region: 'eu-west-1'}, {regions: ['eu-west-1']}],
		['the very price', {price: 1.5}, {maxPrice: 1.5}],
		['a disk of unknown size', {disk: undefined}, {disk: 500 * gb}],
		['a disk large enough', {disk: 500 * gb}, {disk: 500 * gb}],
		['spot where spot is asked', {spot: true}, {spotPolicy: 'spot'}],
		['on-demand where on-demand is asked', {spot: false}, {spotPolicy: 'on-demand'}],
		['spot where all the same', {spot: true}, {spotPolicy: 'auto'}],
		['on-demand where all the same', {spot: false}, {spotPolicy: 'auto'}],
		['what is never billed, where spot is asked', {spot: false, price: 0}, {spotPolicy: 'spot'}],
		['the GPU by its name', {gpus: [gpu({name: 'A10'})]}, {gpu: {names: ['A10'], count: 1}}],
		['the GPU in other letters', {gpus: [gpu({name: 'A10G'})]}, {gpu: {names: ['a10g'], count: 1}}],
		['one of the names', {gpus: [gpu({name: 'H100'})]}, {gpu: {names: ['A100', 'H100'], count: 1}}],
		['more GPUs than asked', {gpus: [gpu({count: 8})]}, {gpu: {names: ['A100'], count: 4}}],
		['a GPU with that memory', {gpus: [gpu({memory: 24 * gb})]}, {gpu: {names: [], count: 1, memory: 24 * gb}}],
		['a GPU of that vendor', {gpus: [gpu({vendor: 'amd'})]}, {gpu: {vendor: 'AMD', names: [], count: 1}}],
		['the second kind of GPU', {gpus: [gpu({name: 'T4'}), gpu()]}, {gpu: {names: ['A100'], count: 1}}],
		['no GPU where none is asked', {gpus: []}, {gpu: {names: [], count: 0}}],
	])('%s serves', (_, given, wanted) => {
		expect(mismatch(offer(given), requirements(wanted))).toBeUndefined();
	});

	it.each<[string, Partial<Offer>, Partial<Requirements>, RegExp]>([
		['another backend', {backend: 'azure'}, {backends: ['aws', 'gcp']}, /aws, gcp/],
		['another region', {region: 'eu'}, {regions: ['us']}, /us/],
		['too few cores', {cpu: 2}, {cpu: 4}, /^2 of 4 cores$/],
		['too little memory', {memory: 8 * gb}, {memory: 16 * gb}, /^8GB of 16GB memory$/],
		['a little too little memory', {memory: 15_987}, {memory: 16 * gb}, /^15987MB of 16384MB memory$/],
		['too small a disk', {disk: 50 * gb}, {disk: 100 * gb}, /^50GB of 100GB disk$/],
		['no GPU at all', {gpus: []}, {gpu: {names: [], count: 1}}, /^no GPU$/],
		['another GPU', {gpus: [gpu({name: 'T4'})]}, {gpu: {names: ['A100'], count: 1}}, /1×T4/],
		['a GPU that only begins so', {gpus: [gpu({name: 'A10G'})]}, {gpu: {names: ['A10'], count: 1}}, /A10G/],
		['too few GPUs', {gpus: [gpu({count: 4})]}, {gpu: {names: ['A100'], count: 8}}, /4×A100/],
		['too small a GPU', {gpus: [gpu({memory: 16 * gb})]}, {gpu: {names: [], count: 1, memory: 24 * gb}}, /16GB/],
		['another vendor', {gpus: [gpu()]}, {gpu: {vendor: 'amd', names: [], count: 1}}, /A100/],
		[
			'no kind of GPU that is all of it',
			{gpus: [gpu({name: 'T4', count: 8, memory: 16 * gb}), gpu({count: 1})]},
			{gpu: {names: [], count: 8, memory: 40 * gb}},
			/8×T4 16GB \+ 1×A100 40GB/,
		],
		['on-demand', {spot: false}, {spotPolicy: 'spot'}, /^on-demand$/],
		['spot', {spot: true}, {spotPolicy: 'on-demand'}, /^spot$/],
		['too dear', {price: 1.6}, {maxPrice: 1.5}, /^\$1\.60 is above \$1\.50$/],
		['a little too dear', {price: 1.501}, {maxPrice: 1.5}, /^\$1\.501 is above \$1\.5$/],
	])('%s does not, and says so', (_, given, wanted, words) => {
		expect(mismatch(offer(given), requirements(wanted))).toMatch(words);
	});

	it('never says that something is short of itself', () => {
		const size = fc.integer({min: 1, max: 2_000_000});
		const price = fc.double({min: 0.0001, max: 100, noNaN: true});
		fc.assert(
			fc.property(size, size, price, price, (memory, least, dollars, most) => {
				const said = [
					mismatch(offer({memory}), requirements({memory: least})),
					mismatch(offer({disk: memory}), requirements({disk: least})),
					mismatch(offer({price: dollars}), requirements({maxPrice: most})),
				];
				for (const words of said.filter(each => each !== undefined)) {
					const [given, wanted] = words.replace(/ (?:memory|disk)$/, '').split(/ of | is above /);
					expect(given).not.toBe(wanted);
				}
			}),
		);
	});

	it('what serves goes on serving when less is asked, more is given or it costs less', () => {
		fc.assert(
			fc.property(anyOffer, anyRequirements, (given, wanted) => {
				fc.pre(mismatch(given, wanted) === undefined);
				expect(
					mismatch({...given, cpu: given.cpu + 1, memory: given.memory + 1, price: given.price / 2}, wanted),
				).toBeUndefined();
				for (const less of [
					{cpu: 1},
					{memory: 0},
					{disk: undefined},
					{gpu: undefined},
					{maxPrice: undefined},
					{backends: undefined},
				]) {
					expect(mismatch(given, {...wanted, ...less})).toBeUndefined();
				}
			}),
			{numRuns: 500},
		);
	});
});
