import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parseFilter, searchText} from '../../source/offers/filter.js';
import type {Offer} from '../../source/offers/offer.js';
import {anyOffer, gpu, offer} from './support.js';

const accepts = (filter: string, given: Offer): boolean => parseFilter(filter)(given, searchText(given));

const l40s = offer({
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'g6e.xlarge',
	memory: 32 * 1024,
	gpus: [gpu({name: 'L40S', memory: 48 * 1024})],
	spot: true,
	price: 0.65,
});

describe('a filter', () => {
	it.each([
		'',
		'   ',
		'aws',
		'AWS',
		'g6e',
		'l40s us-east',
		'us-east l40s',
		'  l40s   aws ',
		'48gb',
		'32GB',
		'gpu:L40S',
		'gpu:l40',
		'GPU:L40S',
		'backend:aws gpu:L40S',
		'region:us',
		'instance:xlarge',
		'mem:32',
		'memory:32gb',
		'spot:yes',
		'price:0.65',
		'cpu:4',
		'gpu:',
		'gpu:L40S aws',
	])('%j keeps the offer', filter => {
		expect(accepts(filter, l40s)).toBe(true);
	});

	it.each([
		'gcp',
		'l40s gcp',
		'gpu:A100',
		'gpu:aws',
		'backend:us-east-1',
		'backend:local gpu:L40S',
		'spot:no',
		'cpu:16',
		'region:eu',
		'nothing:at-all',
		'constructor:x',
		'__proto__:x',
		'toString:x',
		'hasOwnProperty:',
	])('%j does not', filter => {
		expect(accepts(filter, l40s)).toBe(false);
	});

	it('takes characters as they are: nothing in it is a pattern', () => {
		expect(accepts('.*', l40s)).toBe(false);
		expect(accepts('g6e.xl', l40s)).toBe(true);
		expect(accepts('g6eaxl', l40s)).toBe(false);
		expect(accepts('(', l40s)).toBe(false);
	});

	const words = fc.oneof(
		fc.string({unit: 'binary'}),
		fc
			.array(
				fc.oneof(
					fc.string(),
					fc
						.tuple(
							fc.constantFrom('gpu', 'backend', 'price', 'constructor', '__proto__', 'valueOf', ''),
							fc.constantFrom(':', '::', ''),
							fc.string(),
						)
						.map(parts => parts.join('')),
				),
				{maxLength: 4},
			)
			.map(terms => terms.join(' ')),
	);

	it('never throws', () => {
		fc.assert(
			fc.property(words, anyOffer, (filter, given) => {
				expect(typeof accepts(filter, given)).toBe('boolean');
			}),
			{numRuns: 1000},
		);
	});

	it('is the conjunction of its words, in any order', () => {
		const term = fc.constantFrom('aws', 'gcp', 'gpu:A100', 'gpu:a10', 'spot:yes', 'us', 'cpu:4', 'xlarge', 'mem:16', 'eu-west');
		fc.assert(
			fc.property(fc.array(term, {maxLength: 4}), anyOffer, (terms, given) => {
				const all = terms.every(each => accepts(each, given));
				expect(accepts(terms.join(' '), given)).toBe(all);
				expect(accepts(terms.toReversed().join('   '), given)).toBe(all);
				expect(accepts(terms.join(' ').toUpperCase(), given)).toBe(all);
			}),
		);
	});

	it('finds every offer by what its columns show', () => {
		fc.assert(
			fc.property(anyOffer, given => {
				const {backend, region, instanceType} = given;
				expect(accepts(`${backend} ${region} ${instanceType}`, given)).toBe(true);
				expect(
					accepts(`backend:${backend} region:${region} instance:${instanceType} spot:${given.spot ? 'yes' : 'no'}`, given),
				).toBe(true);
				for (const {name} of given.gpus) {
					expect(accepts(`gpu:${name}`, given)).toBe(true);
				}
			}),
		);
	});
});
