import fc from 'fast-check';
import {describe, expect, it, test} from 'vitest';
import {parseMemory} from '../../source/configuration/grammar/grammar.js';
import {formatGpus, formatMemory, formatPrice, priceLength} from '../../source/offers/format.js';
import {formatBytes, formatDuration} from '../../source/system/format.js';
import {gpu} from './support.js';

const tb = 1024 * 1024;

describe('formatMemory', () => {
	it.each([
		[0, '0MB'],
		[512, '512MB'],
		[1023, '1023MB'],
		[1023.7, '1GB'],
		[1024, '1GB'],
		[1536, '1.5GB'],
		[15_987, '16GB'],
		[32 * 1024, '32GB'],
		[tb - 1, '1TB'],
		[tb, '1TB'],
		[1.5 * tb, '1.5TB'],
		[2000 * tb, '2000TB'],
	])('%d MiB is %s', (mebibytes, text) => {
		expect(formatMemory(mebibytes)).toBe(text);
	});

	it('whole sizes are read back as they were', () => {
		fc.assert(
			fc.property(fc.integer({min: 1, max: 1023}), fc.constantFrom(1, 1024, tb), (number, unit) => {
				fc.pre(number * unit <= 1000 * tb);
				expect(parseMemory(formatMemory(number * unit))).toBe(number * unit);
			}),
		);
	});

	it('never shows more memory as less, is near the truth, and short', () => {
		const size = fc.integer({min: 1, max: 900 * tb});
		fc.assert(
			fc.property(size, size, (a, b) => {
				const [less, more] = [Math.min(a, b), Math.max(a, b)];
				expect(parseMemory(formatMemory(less))).toBeLessThanOrEqual(parseMemory(formatMemory(more)));
				expect(Math.abs(parseMemory(formatMemory(a)) / a - 1)).toBeLessThan(0.06);
				expect(formatMemory(a)).toMatch(/^\d{1,4}(?:\.\d)?[MGT]B$/);
				expect(formatMemory(a)).not.toMatch(/^1024[MG]B/);
			}),
		);
	});
});

describe('formatBytes', () => {
	it.each([
		[0, '0B'],
		[812, '812B'],
		[1023, '1023B'],
		[1024, '1KB'],
		[14.2 * 1024, '14.2KB'],
		[1024 ** 2 - 1, '1MB'],
		[3.1 * 1024 ** 2, '3.1MB'],
		[2 * 1024 ** 3, '2GB'],
		[1024 ** 4, '1TB'],
	])('%d is %s', (bytes, text) => {
		expect(formatBytes(bytes)).toBe(text);
	});

	it('stays below 1024 of a unit', () => {
		fc.assert(
			fc.property(fc.integer({min: 0, max: 1000 * 1024 ** 4}), bytes => {
				expect(formatBytes(bytes)).toMatch(/^\d{1,4}(?:\.\d)?(?:B|[KMGT]B)$/);
				expect(Number.parseFloat(formatBytes(bytes))).toBeLessThan(1024);
			}),
		);
	});
});

describe('formatPrice', () => {
	it.each([
		[0, '$0'],
		[0.53, '$0.53'],
		[0.0547, '$0.0547'],
		[0.05, '$0.05'],
		[0.5, '$0.50'],
		[0.1, '$0.10'],
		[0.099_99, '$0.10'],
		[1.5, '$1.50'],
		[98.32, '$98.32'],
		[2, '$2.00'],
	])('%d is %s', (dollars, text) => {
		expect(formatPrice(dollars)).toBe(text);
	});

	it('what costs something is never shown as free, nor far from its price', () => {
		fc.assert(
			fc.property(fc.double({min: 1e-9, max: 1000, noNaN: true}), dollars => {
				const text = formatPrice(dollars);
				expect(text).not.toMatch(/^\$0(?:\.0*)?$/);
				expect(text).not.toContain('e');
				if (dollars >= 0.001) {
					expect(Math.abs(Number(text.slice(1)) / dollars - 1)).toBeLessThan(0.06);
				}
			}),
		);
	});
});

describe('formatGpus', () => {
	it.each([
		[[], ''],
		[[gpu({name: 'L40S', memory: 48 * 1024})], '1×L40S 48GB'],
		[[gpu({count: 8, memory: 80 * 1024})], '8×A100 80GB'],
		[[gpu({memory: 0})], '1×A100'],
		[[gpu(), gpu({name: 'T4', count: 2, memory: 16 * 1024})], '1×A100 40GB + 2×T4 16GB'],
	])('%j', (gpus, text) => {
		expect(formatGpus(gpus)).toBe(text);
	});
});

describe('formatDuration', () => {
	it.each([
		[0, '0s'],
		[-5, '0s'],
		[45, '45s'],
		[59.4, '59s'],
		[59.6, '1m'],
		[60, '1m'],
		[65, '1m05'],
		[725, '12m05'],
		[3600, '1h'],
		[3599.9, '1h'],
		[3660, '1h01'],
		[81_600, '22h40'],
		[86_400, '1d'],
		[3 * 86_400 + 4 * 3600 + 59, '3d4h'],
	])('%d s is %s', (seconds, text) => {
		expect(formatDuration(seconds)).toBe(text);
	});

	it('is the time in the two units that matter, cut and not rounded up', () => {
		const sizes: Record<string, number> = {d: 86_400, h: 3600, m: 60, s: 1};
		fc.assert(
			fc.property(fc.nat(400 * 86_400), seconds => {
				const [, first = '', unit = '', second = '0', given] =
					/^(\d+)([dhms])(?:(\d+)([hms]?))?$/.exec(formatDuration(seconds)) ?? [];
				const next: Record<string, string> = {d: 'h', h: 'm', m: 's'};
				const shown = Number(first) * (sizes[unit] ?? 0) + Number(second) * (sizes[given || (next[unit] ?? 's')] ?? 0);
				const rest = unit === 'd' ? 3600 : unit === 'h' ? 60 : 1;
				expect(seconds - shown).toBeGreaterThanOrEqual(0);
				expect(seconds - shown).toBeLessThan(rest);
			}),
		);
	});
});

test('the length of a price is told without writing it, and never too short', () => {
	fc.assert(
		fc.property(fc.oneof(fc.double({min: 0, max: 0.2, noNaN: true}), fc.double({min: 0, max: 5000, noNaN: true})), dollars => {
			const {length} = formatPrice(dollars).replace('$', '');
			expect(priceLength(dollars)).toBeGreaterThanOrEqual(length);
			expect(priceLength(dollars)).toBeLessThanOrEqual(Math.max(length, 6));
		}),
	);
	expect([0.5, 9.99, 9.996, 99.99, 99.996, 1234].map(priceLength)).toEqual([4, 4, 5, 5, 6, 7]);
});
