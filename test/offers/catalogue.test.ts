import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {ByteReader, ByteWriter, DamageError, inFileOrder, type Numbers} from '../../source/offers/catalogue/bytes.js';
import {loadCatalogue} from '../../source/offers/catalogue/catalogue.js';
import {ForeignError, pack, unpack} from '../../source/offers/catalogue/container.js';
import {decodeBands, decodeOffers} from '../../source/offers/catalogue/decode.js';
import {encodeBands, encodeOffers} from '../../source/offers/catalogue/encode.js';
import {withPrevious, writeRefreshed} from '../../source/offers/catalogue/refresh.js';
import {bandsSection, offersSection} from '../../source/offers/catalogue/write.js';
import {type CatalogueFacts, OfferTable} from '../../source/offers/table.js';
import {Problem} from '../../source/system/problem.js';
import {card, facts, shown, snapshotPath} from './facts-support.js';

let folder = '';
beforeEach(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'catalogue-'));
});
afterEach(async () => {
	await rm(folder, {recursive: true});
});

const day = 86_400_000;
const snapshot = () => path.join(folder, 'snapshot.bin');
const refreshed = () => path.join(folder, 'refreshed');

/** Writes a snapshot; each of the lists is one backend's. */
const writeSnapshot = async (...lists: ReadonlyArray<readonly CatalogueFacts[]>) => {
	const sections = await Promise.all(lists.map(async list => offersSection(list[0]?.backend ?? '', list)));
	await writeFile(snapshot(), pack(sections));
};

const load = async () => {
	const table = new OfferTable();
	const report = await loadCatalogue(table, {folder: refreshed(), snapshot: snapshot()});
	return {table, ...report, ids: shown(table, table.listed())};
};

const anyFacts: fc.Arbitrary<CatalogueFacts> = fc
	.record({
		region: fc.oneof(fc.constantFrom('us-east-1', 'eu'), fc.string({unit: 'grapheme', minLength: 1})),
		zone: fc.constantFrom(undefined, 'a', 'b'),
		instanceType: fc.oneof(fc.constantFrom('m5.xlarge', 'b'), fc.string({minLength: 1})),
		architecture: fc.constantFrom('x86_64' as const, 'arm64' as const, 'unknown' as const),
		cpu: fc.oneof(fc.nat(200), fc.constantFrom(0.25, 0.1, 2.5)),
		memory: fc.oneof(fc.nat(1e6), fc.constant(15_987.5)),
		gpu: fc.option(
			fc.record({
				vendor: fc.string(),
				name: fc.string(),
				count: fc.constantFrom(0.125, 1 / 6, 1, 8),
				memory: fc.nat(200_000),
			}),
			{nil: undefined},
		),
		disk: fc.constantFrom(undefined, 0, 512, 100_000),
		spot: fc.boolean(),
		price: fc.oneof(
			fc.constantFrom(0.5, 0.033_505_7, 98.32, 1 / 3),
			fc.double({min: 1e-12, max: 1e6, noNaN: true, minExcluded: true}),
		),
		estimated: fc.boolean(),
		source: fc.constantFrom('one', 'the other', 'ðe þird'),
		date: fc.nat(2 ** 50),
		availability: fc.constantFrom('available' as const, 'unknown' as const, 'unavailable' as const),
		interruption: fc.constantFrom(undefined, '<5%', '>20%'),
		previousPrice: fc.constantFrom(undefined, 0.25, 1 / 7),
	})
	.map(given => facts({backend: 'aws', ...given}));

const sorted = (list: Iterable<CatalogueFacts>) => [...list].map(each => JSON.stringify(Object.entries(each).sort())).sort();

describe('the form of a catalogue', () => {
	it('gives back what was written, to the last bit', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(anyFacts, {maxLength: 30}), async list => {
				const before = new OfferTable();
				before.addFacts(list);
				const after = new OfferTable();
				const given = [...before.facts('aws')];
				const {bytes} = await encodeOffers(given);
				const steps = decodeOffers(bytes, 'aws', after);
				let step = steps.next();
				while (!step.done) {
					step = steps.next();
				}

				const listing = after.listing('aws', 'catalogue');
				listing.putBlock(step.value).next();
				expect(sorted(after.facts('aws'))).toEqual(sorted(given));
				expect(listing.tally.rows).toBe(given.length);
			}),
			{numRuns: 300},
		);
	});

	it('keeps prices before the last refresh', async () => {
		await writeSnapshot([facts({price: 2})]);
		await writeRefreshed(refreshed(), 'aws', [{...facts({price: 1, date: 2}), previousPrice: 2}]);
		const {table} = await load();
		expect(table.previousPrice(0)).toBe(2);
	});

	const each = (column: Numbers, count: number) =>
		typeof column === 'number' ? new Array<number>(count).fill(column) : [...column];

	it('writes numbers of any kind, and reads them', () => {
		const column = fc.oneof(
			fc.array(fc.double()),
			fc.array(fc.nat(255)),
			fc.array(fc.nat(0xff_ff)),
			fc.array(fc.nat(0xff_ff_ff_ff)),
			fc.array(fc.constantFrom(0, -0, 0.1, 5e-324, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, -1)),
			fc.tuple(fc.double(), fc.nat(20)).map(([value, count]) => new Array<number>(count).fill(value)),
		);
		fc.assert(
			fc.property(
				fc.array(column),
				fc.uniqueArray(fc.string({unit: 'grapheme'})),
				fc.array(fc.maxSafeInteger().map(Math.abs)),
				fc.nat(7),
				(columns, texts, wholes, shift) => {
					const writer = new ByteWriter();
					for (const whole of wholes) {
						writer.number(whole);
					}

					for (const values of columns) {
						writer.column(values);
					}

					writer.texts(texts);
					// Wherever in memory it lies.
					const moved = new Uint8Array(writer.bytes.length + shift).subarray(shift);
					moved.set(writer.bytes);
					const reader = new ByteReader(moved);
					expect(wholes.map(() => reader.number())).toEqual(wholes);
					expect(columns.map(({length}) => each(reader.column(length), length))).toEqual(columns);
					expect(reader.texts()).toEqual(texts.map(text => text.toWellFormed()));
					expect(reader.isAtEnd).toBe(true);
				},
			),
		);
	});

	it.each([
		[[0, 255], 1],
		[[0, 256], 2],
		[[0, 65_536], 4],
		[[0, 2 ** 32], 8],
		[[0, 0.5], 8],
	])('writes %j with %i bytes each', (values, width) => {
		const writer = new ByteWriter();
		writer.column(values);
		expect(writer.bytes).toHaveLength(8 + 2 * width);
		expect(each(new ByteReader(writer.bytes).column(2), 2)).toEqual(values);
	});

	it('writes one number that all are only once', () => {
		const writer = new ByteWriter();
		writer.column(new Array<number>(1000).fill(0.5));
		expect(writer.bytes).toHaveLength(16);
		expect(new ByteReader(writer.bytes).column(1000)).toBe(0.5);
	});

	it('is the same on machines that put the highest byte first', () => {
		const bytes = Uint8Array.from({length: 8}, (_, at) => at);
		expect([...inFileOrder(bytes, 1, true)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
		expect([...inFileOrder(bytes, 2, true)]).toEqual([1, 0, 3, 2, 5, 4, 7, 6]);
		expect([...inFileOrder(bytes, 4, true)]).toEqual([3, 2, 1, 0, 7, 6, 5, 4]);
		expect([...inFileOrder(bytes, 8, true)]).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
		expect(inFileOrder(bytes, 8, false)).toBe(bytes);
	});

	it('begins every column of a file where it can be used as it lies', async () => {
		const writer = new ByteWriter();
		const list = Array.from({length: 40}, (_, index) => facts({instanceType: `type-${index}`, price: index + 0.123}));
		for (const {open} of unpack(pack([await offersSection('aws', list), await offersSection('gcp', [])]))) {
			expect(open().byteOffset % 8).toBe(0);
		}

		writer.byte(1);
		writer.column([0.1, 0.2]);
		const column = new ByteReader(writer.bytes);
		column.byte();
		expect((column.column(2) as Float64Array).buffer).toBe(writer.bytes.buffer);
	});

	it('is small: some 15 bytes an offer, with the bands of 33 regions', async () => {
		expect((await stat(snapshotPath)).size).toBeLessThan(41_152 * 16);
	});
});

describe('a catalogue that is not what was written', () => {
	it('is a problem wherever it is damaged, and never half of the offers', async () => {
		const whole = pack([await offersSection('aws', [facts(), facts({instanceType: 'b', gpu: card()})]), bandsSection('aws', [])]);
		for (let at = 0; at < whole.length; at++) {
			const damaged = whole.slice();
			damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
			await writeFile(snapshot(), damaged);
			const {problems, ids} = await load();
			expect(problems[0], `byte ${at}`).toBeInstanceOf(Problem);
			expect([0, 2]).toContain(ids.length);
			expect(problems[0]?.next).toMatch(/catalog update/);
		}

		for (let length = 0; length < whole.length; length += 7) {
			await writeFile(snapshot(), whole.subarray(0, length));
			expect((await load()).problems, `${length} bytes`).toHaveLength(1);
		}
	});

	it('of another version, or another program, says so', async () => {
		const whole = pack([]);
		for (const version of [1, 3]) {
			whole[7] = version;
			expect(() => unpack(whole)).toThrow(ForeignError);
			expect(() => unpack(whole)).toThrow(`it is of version ${version}, this program reads version 2`);
		}

		whole[7] = 1;
		expect(() => unpack(Buffer.from('PK\u0003\u0004 and so on'))).toThrow(/no catalogue/);
		await writeSnapshot([facts()]);
		await writeRefreshed(refreshed(), 'gcp', [facts({backend: 'gcp'})]);
		await writeFile(path.join(refreshed(), 'gcp.bin'), whole);
		const {problems, ids} = await load();
		expect(problems.map(({message, next}) => `${message} ${next}`)).toEqual([
			expect.stringMatching(/refreshed catalogue.*version 1.*gcp\.bin.*It may be of another version/),
		]);
		expect(ids).toHaveLength(1);
	});

	it('never says more texts than there are', () => {
		const writer = new ByteWriter();
		writer.number(2 ** 40);
		writer.text('');
		writer.column([0]);
		expect(() => new ByteReader(writer.bytes).texts()).toThrow(DamageError);
	});

	it('never hangs or breaks what reads it, whatever its bytes are', async () => {
		const {bytes} = await encodeOffers([facts(), facts({instanceType: 'b', gpu: card(), spot: true, interruption: '<5%'})]);
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), {minLength: 1, maxLength: 4}), edits => {
				const damaged = bytes.slice();
				for (const [at, value] of edits) {
					damaged[at] = value;
				}

				try {
					const steps = decodeOffers(damaged, 'aws', new OfferTable());
					while (!steps.next().done) {
						// On to the next column.
					}
				} catch (error) {
					expect(error).toBeInstanceOf(DamageError);
				}
			}),
			{numRuns: 3000},
		);
	});

	it('never has bands that stand for nothing', () => {
		const {bytes} = encodeBands([
			{backend: 'aws', region: 'us-east-1', instanceType: 'a', interruption: '<5%'},
			{backend: 'aws', region: 'eu-west-1', instanceType: 'b', interruption: '>20%'},
		]);
		const strange = bytes.slice();
		strange[strange.length - 1] = 3;
		expect(() => decodeBands(strange, 'aws', new OfferTable())).toThrow(DamageError);
		fc.assert(
			fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
				const damaged = bytes.slice();
				damaged[at] = value;
				const table = new OfferTable();
				try {
					decodeBands(damaged, 'aws', table);
				} catch (error) {
					expect(error).toBeInstanceOf(DamageError);
					return;
				}

				for (let place = 0; place < table.places.size; place++) {
					for (let type = 0; type < table.shapes.types.size; type++) {
						const word = table.interruptions.values[table.store.bands.of(table.places, place, type)];
						expect(word).toBeDefined();
					}
				}
			}),
			{numRuns: 1000},
		);
	});

	it('that is missing is a problem too, and the program goes on', async () => {
		const {problems, ids, loaded} = await load();
		expect(ids).toEqual([]);
		expect(loaded).toEqual([]);
		expect(problems.map(({message}) => message)).toEqual([expect.stringMatching(/it is missing/)]);
	});
});

describe('what a table is filled from', () => {
	it('is the newest of snapshot and refreshed, for each backend', async () => {
		await writeSnapshot(
			[facts({date: 5 * day, price: 1}), facts({instanceType: 'snapshot-only', date: 4 * day})],
			[facts({backend: 'gcp', date: 5 * day, price: 1})],
			[facts({backend: 'azure', date: 5 * day, price: 1})],
		);
		await writeRefreshed(refreshed(), 'aws', [facts({date: 6 * day, price: 2})]);
		await writeRefreshed(refreshed(), 'gcp', [facts({backend: 'gcp', date: 4 * day, price: 2})]);
		await writeRefreshed(refreshed(), 'azure', [facts({backend: 'azure', date: 5 * day, price: 2})]);
		await writeRefreshed(refreshed(), 'vultr', [facts({backend: 'vultr', date: 1, price: 3})]);
		const {table, loaded, problems} = await load();
		expect(problems).toEqual([]);
		expect(Object.fromEntries(Array.from(table.listed(), row => [table.offer(row).backend, table.offer(row).price]))).toEqual({
			aws: 2,
			gcp: 1,
			azure: 2,
			vultr: 3,
		});
		expect(Object.fromEntries(loaded.map(({backend, from, date}) => [backend, `${from} ${date / day}`]))).toMatchObject({
			aws: 'refreshed 6',
			gcp: 'snapshot 5',
			azure: 'refreshed 5',
		});
	});

	it('is the older one where the newer is damaged', async () => {
		await writeSnapshot([facts({date: 1, price: 1})]);
		await writeRefreshed(refreshed(), 'aws', [facts({date: 2, price: 2})]);
		const file = path.join(refreshed(), 'aws.bin');
		const bytes = await readFile(file);
		bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
		await writeFile(file, bytes);
		const {table, loaded, problems} = await load();
		expect(table.offer(0).price).toBe(1);
		expect(loaded.map(({from}) => from)).toEqual(['snapshot']);
		expect(problems).toHaveLength(1);
	});

	it('keeps interruption bands of the snapshot for offers that are refreshed without', async () => {
		const band = {backend: 'aws', region: 'eu-west-1', instanceType: 'm5.xlarge', interruption: '<5%'};
		await writeFile(snapshot(), pack([await offersSection('aws', [facts()]), bandsSection('aws', [band])]));
		await writeRefreshed(refreshed(), 'aws', [facts({region: 'eu-west-1', spot: true, date: 9})]);
		const {table} = await load();
		expect(table.offer(0).interruption).toBe('<5%');
	});

	it('meets offers that came while it was read', async () => {
		const table = new OfferTable();
		await writeSnapshot([facts({spot: true, interruption: '>20%'}), facts({instanceType: 'b'})]);
		const loading = loadCatalogue(table, {folder: undefined, snapshot: snapshot()});
		table.listing('aws', 'live').addOffers([
			{
				...facts({price: 0.1, spot: true}),
				id: 'aws/us-east-1/m5.xlarge/spot',
				gpus: [],
				disk: undefined,
				priceSource: 'live',
				priceDate: 3,
				availability: 'available',
				deadline: 'guest',
				notes: [],
			},
		]);
		await loading;
		expect(Array.from(table.listed(), row => table.offer(row))).toMatchObject([
			{price: 0.1, interruption: '>20%', availability: 'available'},
			{instanceType: 'b'},
		]);
	});

	it('is written for nobody else to read, in one piece', async () => {
		await writeRefreshed(refreshed(), 'aws', [facts()]);
		await writeRefreshed(refreshed(), 'aws', [facts({date: 2})]);
		expect(await readdir(refreshed())).toEqual(['aws.bin']);
		if (process.platform !== 'win32') {
			expect((await stat(path.join(refreshed(), 'aws.bin'))).mode & 0o777).toBe(0o600);
			expect((await stat(refreshed())).mode & 0o777).toBe(0o700);
		}
	});

	it.each(['../aws', '', 'AWS', 'a/b', '.'])('has no file for a backend called %j', async name => {
		await expect(writeRefreshed(refreshed(), name, [])).rejects.toThrow(/no name for a file/);
	});

	it('keeps the old file when the new offers cannot be had', async () => {
		await writeRefreshed(refreshed(), 'aws', [facts()]);
		const before = await readFile(path.join(refreshed(), 'aws.bin'));
		const broken = (function* () {
			yield facts({date: 9});
			throw new Error('the line was cut');
		})();
		await expect(writeRefreshed(refreshed(), 'aws', broken)).rejects.toThrow('the line was cut');
		expect(await readFile(path.join(refreshed(), 'aws.bin'))).toEqual(before);
		expect(await readdir(refreshed())).toEqual(['aws.bin']);
	});

	it('shows what changed since the price list before, now and after the next start', async () => {
		await writeSnapshot([facts({price: 2}), facts({instanceType: 'gone'}), facts({instanceType: 'same'})]);
		const {table} = await load();
		const news = [
			facts({price: 1, date: 5}),
			facts({instanceType: 'same', date: 5}),
			facts({instanceType: 'free', price: 0}),
			facts({instanceType: 'new', date: 5}),
		];
		await writeRefreshed(refreshed(), 'aws', withPrevious(table, news));
		const rows = (given: OfferTable) =>
			Array.from(given.listed(), row => [given.offer(row).instanceType, given.offer(row).price, given.previousPrice(row)]).sort();
		const expected = [
			['m5.xlarge', 1, 2],
			['new', 0.5, undefined],
			['same', 0.5, undefined],
		];
		// Laid over what is there, as a program that goes on does, and at the next start.
		await loadCatalogue(table, {folder: refreshed(), snapshot: snapshot()});
		expect(rows(table)).toEqual(expected);
		expect(rows((await load()).table)).toEqual(expected);
	});

	it('that cannot be written leaves the table as it is', async () => {
		await writeSnapshot([facts({price: 2})]);
		await writeFile(path.join(folder, 'refreshed'), 'a file where the folder should be');
		await expect(writeRefreshed(refreshed(), 'aws', [facts({price: 1})])).rejects.toThrow();
		expect((await load()).table.offer(0).price).toBe(2);
	});

	it('has each offer once, the cheaper one, also where a file has it for each zone', async () => {
		await writeSnapshot([facts({price: 2}), facts({price: 1}), facts({instanceType: 'b'}), facts({price: 3})]);
		const {table, ids} = await load();
		expect(ids).toEqual(['aws/us-east-1/m5.xlarge/on-demand', 'aws/us-east-1/b/on-demand']);
		expect(table.offer(table.rowOf('aws/us-east-1/m5.xlarge/on-demand') ?? -1).price).toBe(1);
	});
});
