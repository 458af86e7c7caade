import {describe, expect, it} from 'vitest';
import {cleanRegion, normalise, normaliseGpu, type RawGpu, type RawOffer} from '../../../source/offers/feeds/normalise.js';
import {gpuName, gpuVendor} from '../../../source/offers/gpu-names.js';
import {cardSizes, knownCards, nominalMemory} from '../../../source/offers/nominal.js';

const gb = 1024;
const origin = {backend: 'aws', source: 'test', date: 1};
const raw = (given: Partial<RawOffer> = {}): RawOffer => ({
	region: 'us-east-1',
	instanceType: 'm5.xlarge',
	cpu: 4,
	memory: 16 * gb,
	spot: false,
	price: 0.192,
	...given,
});

describe("a GPU's name", () => {
	it.each([
		['NVIDIA A100-SXM4-80GB', 'A100'],
		['A100 PCIE', 'A100'],
		['A100 SXM4', 'A100'],
		['A100-80GB-SXM', 'A100'],
		['A100_80G', 'A100'],
		['NVIDIA A100 80GB PCIe', 'A100'],
		['Tesla V100-SXM2-32GB', 'V100'],
		['V100 FHHL', 'V100'],
		['Tesla T4', 'T4'],
		['T4G', 'T4g'],
		['h100', 'H100'],
		['H100 SXM', 'H100'],
		['H100-SXM5', 'H100'],
		['H100 PCIe', 'H100'],
		['NVIDIA H100 80GB HBM3', 'H100'],
		['H100-MEGA', 'H100'],
		['H100 NVL', 'H100NVL'],
		['H200 NVL', 'H200NVL'],
		['H200 SXM', 'H200'],
		['B300 SXM6 AC', 'B300'],
		['B300 PC', 'B300'],
		['RTXA6000', 'A6000'],
		['RTX A6000', 'A6000'],
		['NVIDIA RTX A4000', 'A4000'],
		['RTX6000-Ada', 'RTX6000Ada'],
		['RTX 6000Ada', 'RTX6000Ada'],
		['NVIDIA RTX 6000 Ada Generation', 'RTX6000Ada'],
		['Quadro RTX 6000', 'RTX6000'],
		['Q RTX 6000', 'RTX6000'],
		['RTX PRO Server 6000', 'RTXPRO6000'],
		['NVIDIA RTX PRO 6000 Blackwell Server Edition', 'RTXPRO6000'],
		['RTX PRO 6000 WK', 'RTXPRO6000'],
		['NVIDIA GeForce RTX 4090', 'RTX4090'],
		['RTX 4070S Ti', 'RTX4070TiSUPER'],
		['RTX 4080S', 'RTX4080SUPER'],
		['RTX 3090 Ti', 'RTX3090Ti'],
		['AMD Instinct MI300X OAM', 'MI300X'],
		['Radeon Pro V520', 'V520'],
		['GAUDI2', 'Gaudi2'],
	])('%s is %s', (written, name) => {
		expect(gpuName(written)).toBe(name);
	});

	it('keeps apart what is not the same card', () => {
		const apart = [
			...[
				'A10',
				'A10G',
				'A100',
				'A100X',
				'A16',
				'A40',
				'A4000',
				'A800',
				'T4',
				'T4g',
				'L4',
				'L40',
				'L40S',
				'H100',
				'H100 NVL',
				'H200',
				'H20',
			],
			...[
				'GH200',
				'B200',
				'GB200',
				'B300',
				'RTX 6000',
				'RTX A6000',
				'RTX 6000 Ada',
				'RTX PRO 6000',
				'RTX PRO 6000 MaxQ',
				'RTX PRO 4500',
			],
			...[
				'RTX 4090',
				'RTX 4090D',
				'RTX 3070',
				'RTX 3070 laptop',
				'RTX 3080',
				'RTX 3080 Ti',
				'RTX 4070',
				'RTX 4070 Ti',
				'RTX 4070S',
			],
			...['V100', 'V520', 'P100', 'p100a', 'MI300X', 'MI300A', 'MI325X'],
		];
		expect(new Set(apart.map(gpuName)).size).toBe(apart.length);
	});

	it('that is known stays itself, and one that is not stays as written', () => {
		for (const name of knownCards) {
			expect([gpuName(name), gpuName(name.toLowerCase())]).toEqual([name, name]);
		}

		expect(gpuName('Some New Card 9000')).toBe('SomeNewCard9000');
	});

	it('tells the vendor where the source does not', () => {
		expect(
			['A100', 'MI300X', 'V520', 'V100', 'Gaudi2', 'v5litepod-8', 'n300', 'NewCard'].map(name => gpuVendor(name, undefined)),
		).toEqual([...['nvidia', 'amd', 'amd', 'nvidia', 'intel', 'google', 'tenstorrent', 'nvidia']]);
		expect(gpuVendor('A100', ' NVIDIA ')).toBe('nvidia');
	});
});

describe("a GPU's memory is that of the box", () => {
	it.each([
		['L4', 22_888, 24],
		['L4', 23_034, 24],
		['A10G', 22_731, 24],
		['L40S', 45_776, 48],
		['A100', 40_536, 40],
		['A100', 81_251, 80],
		['V100', 16_160, 16],
		['V100', 32_510, 32],
		['H100NVL', 95_830, 94],
		['H200', 143_771, 141],
		['GH200', 97_871, 96],
		['B200', 183_359, 180],
		['B300', 275_040, 270],
		['RTXPRO6000', 97_887, 96],
		['RTX3060', 12_288, 12],
		['MI325X', 256 * gb, 256],
	])('%s with %i MiB is one of %i GB', (name, reported, nominal) => {
		expect(nominalMemory(reported, name)).toBe(nominal * gb);
		expect(normaliseGpu({name, count: 1, memory: reported}).memory).toBe(nominal * gb);
	});

	it('every known size is its own', () => {
		for (const name of knownCards) {
			for (const size of cardSizes(name)) {
				expect(normaliseGpu({name, count: 2, memory: size * gb})).toMatchObject({name, count: 2, memory: size * gb});
			}
		}
	});

	it.each<[string, RawGpu, number, number]>([
		['a total instead of each', {name: 'H100', count: 8, memory: 640 * gb}, 8, 80],
		['gigabytes under the name of megabytes', {name: 'A100', count: 1, memory: 80}, 1, 80],
		['the same for several', {name: 'H100 SXM', count: 8, memory: 80}, 8, 80],
		['nothing said of a card with one size', {name: 'L4', count: 1}, 1, 24],
		['nothing said of a card with two sizes', {name: 'A100', count: 1}, 1, 0],
		['an unknown card, as reported', {name: 'Mystery', count: 1, memory: 23_034}, 1, 24],
		['a card made larger than it was', {name: 'RTX 4090', count: 1, memory: 49_140}, 1, 48],
		['a chip that has no memory of its own', {vendor: 'google', name: 'v5litepod-8', count: 1}, 1, 0],
	])('%s', (_, gpu, count, memory) => {
		expect(normaliseGpu(gpu)).toMatchObject({count, memory: memory * gb});
	});

	it('that cannot be is not believed', () => {
		expect(() => normaliseGpu({name: 'H100', count: 1, memory: 500})).toThrow(/500 MiB is not what a H100 has/);
		expect(() => normaliseGpu({name: 'T4', count: 1, memory: 16 * gb * gb})).toThrow(/is not what a T4 has/);
		expect(() => normaliseGpu({name: ' ', count: 1})).toThrow(/without a name/);
	});
});

describe('a part of a card is a fraction', () => {
	it.each<[string, RawGpu, number, number]>([
		['by rule, an eighth of an L4', {name: 'L4', count: 1, part: 1 / 8}, 0.125, 3],
		['by rule, a sixth of an A10', {name: 'A10', count: 1, part: 1 / 6}, 0.1667, 4],
		['a sixth of an A10, by its 4 GB', {name: 'A10', count: 1, memory: 4 * gb}, 0.1667, 4],
		['half an A10, by its 12 GB', {name: 'A10', count: 1, memory: 12 * gb}, 0.5, 12],
		['a quarter of an L4, by what the driver reports', {name: 'L4', count: 1, memory: 5_722}, 0.25, 6],
		['an eighth of an L4, by what the driver reports', {name: 'L4', count: 1, memory: 2_861}, 0.125, 3],
		['a twentieth', {name: 'H100', count: 1, memory: 4 * gb}, 0.05, 4],
	])('%s', (_, gpu, count, memory) => {
		expect(normaliseGpu(gpu)).toMatchObject({count, memory: memory * gb});
	});

	it('but the smaller of two sizes is a whole one, and so is a whole one', () => {
		expect(normaliseGpu({name: 'A100', count: 1, memory: 40 * gb}).count).toBe(1);
		expect(normaliseGpu({name: 'RTX 3080', count: 1, memory: 10_240})).toMatchObject({count: 1, memory: 10 * gb});
		expect(normaliseGpu({name: 'A10', count: 1, memory: 24 * gb, part: 1}).count).toBe(1);
	});
});

describe('an offer', () => {
	it('is taken as it is where it is right', () => {
		expect(normalise(raw(), origin)).toEqual({
			backend: 'aws',
			region: 'us-east-1',
			instanceType: 'm5.xlarge',
			architecture: 'unknown',
			cpu: 4,
			memory: 16 * gb,
			spot: false,
			price: 0.192,
			estimated: false,
			source: 'test',
			date: 1,
			availability: 'unknown',
		});
	});

	it.each<[string, Partial<RawOffer>, RegExp]>([
		['costs nothing', {price: 0}, /price of zero/],
		['costs less than nothing', {price: -1}, /below zero/],
		['has a price that is no number', {price: Number.NaN}, /no price/],
		['costs more than anything does', {price: 98_320}, /nobody asks/],
		['costs next to nothing', {price: 0.00001}, /nobody asks/],
		['has no cores', {cpu: 0}, /core/],
		['has cores that are no number', {cpu: Number.NaN}, /core/],
		['has no memory', {memory: 0}, /memory/],
		['has more memory than is made', {memory: 65 * 1024 * gb * gb}, /memory/],
		['has no name', {instanceType: ' \u001B[31m '}, /no instance type/],
	])('that %s is left out', (_, given, reason) => {
		expect(() => normalise(raw(given), origin)).toThrow(reason);
	});

	it('that is the largest sold, or the smallest, is believed', () => {
		expect(
			normalise(raw({instanceType: 'u7in-32tb.224xlarge', memory: 32_768 * gb, cpu: 896, price: 360.98695}), origin).price,
		).toBe(360.98695);
		expect(normalise(raw({instanceType: 't4g.nano', memory: 512, cpu: 2, price: 0.0013}), origin).memory).toBe(512);
	});

	it('shows no noise of arithmetic in its price', () => {
		expect(normalise(raw({price: 0.1 + 0.2}), origin).price).toBe(0.3);
	});
});

describe('a region', () => {
	it.each([
		['Hafnarfjarðarkaupstaður, IS, EU', 'Hafnarfjarðarkaupstaður, IS, EU'],
		[', US, NA', 'US, NA'],
		['東京, JP, AS', '東京, JP, AS'],
		['Sa\u0303o Paulo, BR', 'São Paulo, BR'],
		['  two   spaces\nand a line ', 'two spaces and a line'],
		['evil\u001B[2J\u001B]0;title\u0007', 'evil'],
		['\u202Etxet', 'txet'],
		['', 'any'],
		[undefined, 'any'],
		['x'.repeat(500), 'x'.repeat(100)],
	])('%j is drawn as %j', (written, shown) => {
		expect(cleanRegion(written)).toBe(shown);
	});

	it('is never cut within a character', () => {
		expect(cleanRegion('😀'.repeat(200))).toBe('😀'.repeat(100));
	});
});
