import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {formatGpus, formatMemory} from '../../source/offers/format.js';
import type {Offer} from '../../source/offers/offer.js';
import {completeFilter} from '../../source/offers/query/complete.js';
import {OfferFilter} from '../../source/offers/query/filter.js';
import {textMatcher} from '../../source/offers/query/hits.js';
import {parseFilter} from '../../source/offers/query/parse.js';
import {OfferTable} from '../../source/offers/table.js';
import {anyTable, card, facts, gb, liveOffer, snapshotTable, tableOf} from './facts-support.js';

const field = tableOf([
	facts({
		backend: 'aws',
		region: 'us-east-1',
		instanceType: 'g6e.xlarge',
		memory: 32 * gb,
		gpu: card({name: 'L40S', memory: 48 * gb}),
		spot: true,
		price: 0.6525,
		estimated: true,
		interruption: '<5%',
	}),
	facts({
		backend: 'azure',
		region: 'eastus',
		instanceType: 'Standard_NC24ads_A100_v4',
		cpu: 24,
		memory: 220 * gb,
		gpu: card({memory: 80 * gb}),
		price: 3.673,
	}),
	facts({
		backend: 'gcp',
		region: 'us-central1',
		instanceType: 'a2-highgpu-8g',
		cpu: 96,
		memory: 680 * gb,
		gpu: card({count: 8}),
		price: 29.3871,
	}),
	facts({
		backend: 'aws',
		region: 'eu-west-1',
		instanceType: 'g5.xlarge',
		memory: 15_987,
		gpu: card({name: 'A10G', memory: 24 * gb}),
		price: 1.006,
	}),
	facts({backend: 'lambda', region: 'any', instanceType: 'gpu_1x_a10', gpu: card({name: 'A10', memory: 24 * gb}), price: 1.29}),
	facts({
		backend: 'vastai',
		region: 'Hafnarfjarðarkaupstaður, IS, EU',
		instanceType: 'host 7',
		architecture: 'arm64',
		memory: 512,
		disk: 500 * gb,
		price: 0.05,
	}),
]);
const names: Record<string, string> = {
	'g6e.xlarge': 'l40s',
	Standard_NC24ads_A100_v4: 'a100',
	'a2-highgpu-8g': 'a100x8',
	'g5.xlarge': 'a10g',
	gpu_1x_a10: 'a10',
	'host 7': 'vast',
};
const found = (text: string) => {
	const rows = [...new OfferFilter(field).apply(text, field.listed()).rows];
	const types = new Set(rows.map(row => field.offer(row).instanceType));
	return Object.keys(names)
		.filter(type => types.has(type))
		.map(type => names[type])
		.join(' ');
};

const all = Object.values(names).join(' ');

describe('the filter language', () => {
	it.each([
		['', all],
		['   ', all],
		['aws', 'l40s a10g'],
		['AWS L40s', 'l40s'],
		['a10', 'a100 a100x8 a10g a10'],
		['48gb', 'l40s'],
		['"1×L40S 48GB"', 'l40s'],
		['"host 7"', 'vast'],
		['host 7', 'vast'],
		['us-*', 'l40s a100x8'],
		['eastus', 'a100'],
		['hafnar', 'vast'],
		['"is, eu"', 'vast'],
		['ðarkaup', 'vast'],
		['gpu:a100', 'a100 a100x8'],
		['gpu:A10', 'a100 a100x8 a10g a10'],
		['gpu=a10', 'a10'],
		['gpu:a10*', 'a100 a100x8 a10g a10'],
		['gpu:a10?', ''],
		['gpu:"1×a10 24gb"', 'a10'],
		['gpu:a10g,l40s', 'l40s a10g'],
		['-gpu:a100', 'l40s a10g a10 vast'],
		['!gpu:a100', 'l40s a10g a10 vast'],
		['-aws', 'a100 a100x8 a10 vast'],
		['-"host 7"', 'l40s a100 a100x8 a10g a10'],
		['backend:aws,gcp', 'l40s a100x8 a10g'],
		['region:us-*', 'l40s a100x8'],
		['region:us', 'l40s a100 a100x8'],
		['region="hafnarfjarðarkaupstaður, is, eu"', 'vast'],
		['instance:*xlarge', 'l40s a10g'],
		['type:a100', 'a100'],
		['vendor:nvidia', 'l40s a100 a100x8 a10g a10'],
		['arch:arm64', 'vast'],
		['price<1', 'l40s vast'],
		['price < 1', 'l40s vast'],
		['price<=1.006', 'l40s a10g vast'],
		['price<1.006', 'l40s vast'],
		['price>$3.673/h', 'a100x8'],
		['price>=3.673', 'a100 a100x8'],
		['price:0.65', 'l40s'],
		['price=0.6525', 'l40s'],
		['price:1', 'l40s a10g a10'],
		['price:1.0', 'a10g'],
		['price:1..2', 'a10g a10'],
		['price:..1', 'l40s vast'],
		['price:3..', 'a100 a100x8'],
		['mem>=64', 'a100 a100x8'],
		['mem>=220GB', 'a100 a100x8'],
		['mem>220gb', 'a100x8'],
		['mem<=512MB', 'vast'],
		['mem<1', 'vast'],
		['mem:16', 'a10g a10'],
		['mem>=16', 'l40s a100 a100x8 a10'],
		['ram:0.5TB..1TB', 'a100x8'],
		['cpu:24', 'a100'],
		['cpu>=24 cpu<96', 'a100'],
		['cpu:24,96', 'a100 a100x8'],
		['gpus>1', 'a100x8'],
		['gpus=0', 'vast'],
		['gpus<2', 'l40s a100 a10g a10 vast'],
		['vram>=48', 'l40s a100'],
		['vram<48', 'a100x8 a10g a10'],
		['$/gpu<1', 'l40s'],
		['$/gpu>3.6', 'a100 a100x8'],
		['disk>=100', 'vast'],
		['disk<1000', 'vast'],
		['interruption<=5', 'l40s'],
		['spot', 'l40s'],
		['ondemand', 'a100 a100x8 a10g a10 vast'],
		['on-demand aws', 'a10g'],
		['-spot aws', 'a10g'],
		['spot:yes', 'l40s'],
		['spot:no aws', 'a10g'],
		['spot:y', all],
		['estimated', 'l40s'],
		['available', ''],
		['availability:unknown', all],
		['source:test', all],
		['gpu:a100 price<20 -backend:azure', ''],
		['gpu:a100 price<30 -backend:azure mem>=64', 'a100x8'],
		// What is on its way to something filters nothing yet.
		['gpu:', all],
		['aws -', 'l40s a10g'],
		['spo', 'l40s'],
		['ond', 'a100 a100x8 a10g a10 vast'],
		['"a10', 'a100 a100x8 a10g a10'],
		['__proto__', ''],
		['constructor', ''],
		['.*', ''],
		['(', ''],
	])('%j finds %s', (text, expected) => {
		expect(parseFilter(text).errors).toEqual([]);
		expect(found(text)).toBe(expected);
	});

	it.each([
		['gpuu:a100', 0, 4, /no key 'gpuu'/, 'gpu'],
		['vast -regoin:us', 6, 12, /no key 'regoin'/, 'region'],
		['qwertz:1', 0, 6, /no key 'qwertz'; put quotes/, undefined],
		['toString:x', 0, 8, /no key/, undefined],
		['__proto__:x', 0, 9, /no key/, undefined],
		[':aws', 0, 4, /expected a key before :/, undefined],
		['price<', 6, 6, /expected a number after price</, undefined],
		['price<cheap', 6, 11, /expected a price such as 2 or 0.85, found 'cheap'/, undefined],
		['mem>=64XB', 5, 9, /expected a size such as 64, 64GB or 512MB, found '64XB'/, undefined],
		['cpu:2,x', 6, 7, /expected a number, found 'x'/, undefined],
		['price:2..1', 6, 10, /ends before it begins/, undefined],
		['price:..', 6, 8, /expected a price/, undefined],
		['price<1..2', 6, 10, /expected a price/, undefined],
		['region<us', 6, 7, /region has no order; expected region: or region=/, undefined],
		['spot:maybe', 5, 10, /expected yes or no, found 'maybe'/, undefined],
	])('%j is wrong from %d to %d', (text, from, to, message, suggestion) => {
		const {errors} = parseFilter(text);
		expect(errors).toEqual([expect.objectContaining({from, to, message: expect.stringMatching(message) as string})]);
		expect(errors[0]?.suggestion).toBe(suggestion);
		// The rest of the line still filters.
		expect(found(`vast ${text}`)).toBe('vast');
	});

	it('knows what only backends say', () => {
		const table = new OfferTable();
		table.addFacts([facts({instanceType: 'listed'})]);
		table
			.listing('aws', 'live')
			.addOffers([
				liveOffer({instanceType: 'yes', id: 'yes', zone: 'us-east-1a'}),
				liveOffer({instanceType: 'quota', id: 'quota', availability: 'no quota'}),
				liveOffer({instanceType: 'none', id: 'none', availability: 'unavailable'}),
			]);
		table.listing('aws', 'live').addOffers([liveOffer({instanceType: 'yes', id: 'yes', zone: 'us-east-1a', price: 0.3})]);
		const types = (text: string) =>
			Array.from(new OfferFilter(table).apply(text, table.listed()).rows, row => table.offer(row).instanceType).join(' ');
		expect(types('available')).toBe('yes');
		expect(types('-available')).toBe('listed quota none');
		expect(types('availability:no-quota,unknown')).toBe('listed quota');
		expect(types('availability:un*')).toBe('listed none');
		expect(types('live')).toBe('yes quota none');
		expect(types('changed')).toBe('yes');
		expect(types('zone:1a')).toBe('yes');
		expect(types('us-east-1a')).toBe('yes');
		expect(types('-zone:1a')).toBe('listed quota none');
		expect(types('source:live')).toBe('yes quota none');
	});
});

/** A filter term as it would be asked of an offer that is an object. */
const slowTerms: ReadonlyArray<readonly [string, (offer: Offer) => boolean]> = [
	...['a10', 'east', 'x', 'm5', '80', 'GB', 'kaup', '512mb'].map(
		word =>
			[
				word,
				({backend, region, zone = '', instanceType, memory, gpus}: Offer) =>
					[backend, region, zone, instanceType, formatMemory(memory), formatGpus(gpus)].some(text =>
						text.toLowerCase().includes(word.toLowerCase()),
					),
			] as const,
	),
	['gpu=a10', ({gpus}) => gpus.some(({name}) => name === 'A10')],
	['gpu:a10', ({gpus}) => gpus.some(({name}) => name.includes('A10'))],
	['vendor:amd', ({gpus}) => gpus.some(({vendor}) => vendor === 'amd')],
	['region:us-*', ({region}) => region.startsWith('us-')],
	['backend:aws,local', ({backend}) => backend === 'aws' || backend === 'local'],
	['instance:*xlarge', ({instanceType}) => instanceType.endsWith('xlarge')],
	['price<1.5', ({price}) => price < 1.5],
	['price>=1.5', ({price}) => price >= 1.5],
	['mem>=16', ({memory}) => memory >= 16 * gb],
	['cpu<2', ({cpu}) => cpu < 2],
	['gpus>=2', ({gpus}) => gpus.reduce((sum, {count}) => sum + count, 0) >= 2],
	['vram>=40', ({gpus}) => gpus.some(({memory}) => memory >= 40 * gb)],
	['$/gpu<1', ({gpus, price}) => gpus.length > 0 && price / gpus.reduce((sum, {count}) => sum + count, 0) < 1],
	['interruption<=10', ({interruption}) => interruption === '<5%' || interruption === '5-10%'],
	['disk>50', ({disk}) => disk !== undefined && disk > 50 * gb],
	['spot', ({spot}) => spot],
	['ondemand', ({spot}) => !spot],
	['available', ({availability}) => availability === 'available'],
	['availability:no-quota', ({availability}) => availability === 'no quota'],
	['estimated', ({estimated}) => estimated === true],
	['arch:arm', ({architecture}) => architecture === 'arm64'],
];
const anyTerms = fc.array(fc.tuple(fc.constantFrom(...slowTerms), fc.boolean()), {minLength: 1, maxLength: 4});
const write = (terms: ReadonlyArray<readonly [(typeof slowTerms)[number], boolean]>) =>
	terms.map(([[word], isNegated]) => `${isNegated ? '-' : ''}${word}`).join(' ');

describe('filtering a table', () => {
	it('is asking each offer each term', () => {
		fc.assert(
			fc.property(anyTable, anyTerms, (table, terms) => {
				const expected = [...table.listed()].filter(row =>
					terms.every(([[, test], isNegated]) => test(table.offer(row)) !== isNegated),
				);
				expect([...new OfferFilter(table).apply(write(terms), table.listed()).rows]).toEqual(expected);
			}),
			{numRuns: 2000},
		);
	});

	it('is so for the whole snapshot', async () => {
		const table = await snapshotTable();
		const offers = Array.from(table.listed(), row => table.offer(row));
		fc.assert(
			fc.property(anyTerms, terms => {
				const expected = offers
					.map((offer, index) => ({offer, row: table.listed()[index]}))
					.filter(({offer}) => terms.every(([[, test], isNegated]) => test(offer) !== isNegated))
					.map(({row}) => row);
				expect([...new OfferFilter(table).apply(write(terms), table.listed()).rows]).toEqual(expected);
			}),
			{numRuns: 40},
		);
	});

	it('gives on each key what it would give at once, whatever was typed before', async () => {
		const table = await snapshotTable();
		const piece = fc.constantFrom(
			...[
				'a',
				'a1',
				'a10',
				'a100',
				' ',
				' ',
				'-',
				'"',
				'spo',
				'spot',
				'pot',
				'on',
				'ond',
				'gpu:',
				'price<',
				'2',
				'*',
				'us-',
				'east',
				',',
				'mem>=',
				'n',
			],
		);
		fc.assert(
			fc.property(fc.array(fc.tuple(piece, fc.boolean(), fc.nat(20)), {maxLength: 14}), edits => {
				const filter = new OfferFilter(table);
				let text = '';
				for (const [more, isRemoved, at] of edits) {
					const place = Math.min(at, text.length);
					text = isRemoved ? text.slice(0, place) + text.slice(place + 1) : text.slice(0, place) + more + text.slice(place);
					const {rows} = filter.apply(text, table.listed());
					const fresh = new OfferFilter(table).apply(text, table.listed()).rows;
					if (Buffer.compare(Buffer.from(rows.slice().buffer), Buffer.from(fresh.slice().buffer)) !== 0) {
						expect.fail(`${JSON.stringify(text)}: ${rows.length} rows, and ${fresh.length} at once`);
					}
				}
			}),
			{numRuns: 150},
		);
	});

	it('sees what came since the last key', () => {
		const table = tableOf([facts()]);
		const filter = new OfferFilter(table);
		expect(filter.apply('m5', table.listed()).rows).toHaveLength(1);
		table.addFacts([facts({instanceType: 'm5.large'}), facts({backend: 'gcp', region: 'm5-land', instanceType: 'x'})]);
		expect(filter.apply('m5', table.listed()).rows).toHaveLength(3);
	});

	it('keeps the order that it is given, and gives the same array for the same question', () => {
		const rows = Uint32Array.from([5, 4, 3, 2, 1, 0]);
		const filter = new OfferFilter(field);
		const first = filter.apply('gpu:a10', rows).rows;
		expect([...first]).toEqual([4, 3, 2, 1]);
		expect(filter.apply('gpu:a10', rows).rows).toBe(first);
		expect(filter.apply('', rows).rows).toBe(rows);
	});

	it('never throws, and its places lie in the text', () => {
		const pieces = fc.array(
			fc.oneof(
				fc.string({unit: 'binary', maxLength: 6}),
				fc.constantFrom(
					'gpu',
					'price',
					':',
					'<',
					'<=',
					'=',
					'>',
					'"',
					'-',
					'!',
					' ',
					',',
					'..',
					'*',
					'1',
					'GB',
					'$/gpu',
					'constructor',
				),
			),
			{maxLength: 12},
		);
		fc.assert(
			fc.property(pieces, parts => {
				const text = parts.join('');
				const {rows, terms, errors} = new OfferFilter(field).apply(text, field.listed());
				expect(rows.length).toBeLessThanOrEqual(field.length);
				for (const {from, to} of [...terms, ...errors]) {
					expect(from).toBeLessThanOrEqual(to);
					expect(from).toBeGreaterThanOrEqual(0);
					expect(to).toBeLessThanOrEqual(text.length);
				}

				completeFilter(text, Math.min(3, text.length), field);
			}),
			{numRuns: 3000},
		);
	});

	it('patterns match as regular expressions would', () => {
		const letters = fc.string({unit: fc.constantFrom('a', 'b', '*'), maxLength: 8});
		fc.assert(
			fc.property(letters, fc.string({unit: fc.constantFrom('a', 'b'), maxLength: 8}), (pattern, text) => {
				fc.pre(pattern.includes('*'));
				expect(textMatcher(pattern)(text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
			}),
		);
	});
});

describe('completion', () => {
	const complete = (marked: string) => {
		const cursor = marked.indexOf('|');
		const text = marked.replace('|', '');
		const {from, to, candidates} = completeFilter(text, cursor, field);
		return {
			part: text.slice(from, to),
			texts: candidates.map(each => each.text),
			words: candidates.map(each => each.words),
			from,
			to,
		};
	};

	it.each([
		['|', '', ['gpu:', 'price<', 'mem<']],
		['aws |', '', ['gpu:', 'price<', 'mem<']],
		['gp|', 'gp', ['gpu:', 'gpus<']],
		['-reg|', 'reg', ['region:']],
		['sp|', 'sp', ['spot:', 'spot']],
		['a10|', 'a10', ['gpu:A10', 'gpu:A100', 'gpu:A10G', 'instance:gpu_1x_a10']],
		['gpu:|', '', ['A10', 'A100', 'A10G', 'L40S']],
		['gpu:a10| aws', 'a10', ['A10', 'A100', 'A10G']],
		['gpu:0s|', '0s', ['L40S']],
		['backend:aws,g|', 'g', ['gcp']],
		['backend:a|,gcp', 'a', ['aws', 'azure', 'lambda', 'vastai']],
		['region:haf|', 'haf', ['"Hafnarfjarðarkaupstaður, IS, EU"']],
		['region:"haf|"', '"haf"', ['"Hafnarfjarðarkaupstaður, IS, EU"']],
		['spot:|', '', ['yes', 'no']],
		['vram>=|', '', ['24GB', '40GB', '48GB', '80GB']],
		['mem>=2|', '2', ['220GB', '512MB', '32GB']],
		['price<|', '', []],
		['nothing:|', '', []],
		['re|:us', 're', ['region']],
	])('of %s replaces %j', (marked, part, texts) => {
		const completed = complete(marked);
		expect(completed.part).toBe(part);
		expect(texts.length === 0 ? completed.texts : completed.texts.slice(0, texts.length)).toEqual(texts);
	});

	it('says what keys and words mean', () => {
		expect(complete('pri|').words[0]).toContain('price<2');
		expect(complete('ond|').words).toContain('on-demand offers');
	});

	it('whatever it offers is read without an error', () => {
		for (const marked of [
			'|',
			'aws |',
			'a|',
			'gpu:|',
			'region:|',
			'instance:|',
			'mem>=|',
			'source:|',
			'availability:|',
			'cpu:1,|',
		]) {
			const {from, to, texts} = complete(marked);
			const text = marked.replace('|', '');
			for (const candidate of texts) {
				const next = `${text.slice(0, from)}${candidate}${text.slice(to)}`;
				const errors = parseFilter(next).errors.filter(({message}) => !message.startsWith('expected a number after'));
				expect({next, errors}).toEqual({next, errors: []});
			}
		}
	});
});
