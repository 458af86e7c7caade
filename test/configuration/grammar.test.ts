import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
	GrammarError,
	parseDuration,
	parseGpu,
	parseMemory,
	parseNumber,
	parsePort,
	parseVariable,
} from '../../source/configuration/grammar.js';
import {durationWords} from '../../source/configuration/words.js';

const anyText = fc.oneof(
	fc.string(),
	fc.string({unit: 'binary'}),
	fc.string({unit: fc.constantFrom(...'0123456789:.,*=-GMBgbshdwoff A')}),
);

/** Whatever is typed, a parser answers or complains in its own words. */
const answersOrComplains = (parse: (text: string) => unknown, sound: (value: never) => boolean) => {
	fc.assert(
		fc.property(anyText, text => {
			try {
				expect(sound(parse(text) as never)).toBe(true);
			} catch (error) {
				expect(error).toBeInstanceOf(GrammarError);
				expect((error as GrammarError).message).toMatch(/^.*\S/);
				expect((error as GrammarError).message.length).toBeLessThan(250);
			}
		}),
		{numRuns: 500},
	);
};

describe('memory', () => {
	it.each([
		['24GB', 24 * 1024],
		['24gb', 24 * 1024],
		['24 GB', 24 * 1024],
		[' 24GB ', 24 * 1024],
		['24G', 24 * 1024],
		['24GiB', 24 * 1024],
		['512MB', 512],
		['1.5TB', 1.5 * 1024 * 1024],
		['0.5GB', 512],
		['2048KB', 2],
	])('%j is %d MiB', (text, mebibytes) => {
		expect(parseMemory(text)).toBe(mebibytes);
	});

	it('refuses a bare number and offers both units', () => {
		expect(() => parseMemory('24')).toThrow('24GB or 24MB');
	});

	it.each(['', 'GB', '-1GB', '1e3GB', '1,5GB', '24 G B', '24GBs', 'lots', '0GB', '0MB', '0.1KB', '١GB'])('refuses %j', text => {
		expect(() => parseMemory(text)).toThrow(GrammarError);
	});

	it('refuses what no machine has, instead of calculating with infinity', () => {
		expect(() => parseMemory(`${'9'.repeat(400)}TB`)).toThrow(GrammarError);
	});

	it('reads back every whole number of each unit', () => {
		fc.assert(
			fc.property(
				fc.integer({min: 1, max: 1_000_000}),
				fc.constantFrom(['MB', 1] as const, ['GB', 1024] as const),
				fc.boolean(),
				(number, [unit, factor], lower) => {
					expect(parseMemory(`${number}${lower ? unit.toLowerCase() : unit}`)).toBe(number * factor);
				},
			),
		);
	});

	it('answers any text with whole MiB or a complaint', () => {
		answersOrComplains(parseMemory, (value: number) => Number.isSafeInteger(value) && value > 0);
	});
});

describe('durations', () => {
	it.each([
		['45s', 45],
		['90m', 5400],
		['6h', 21_600],
		['1d', 86_400],
		['2w', 1_209_600],
		['1h30m', 5400],
		['1D', 86_400],
		['3600', 3600],
		['off', 'off'],
		['OFF', 'off'],
	])('%j is %j', (text, seconds) => {
		expect(parseDuration(text)).toBe(seconds);
	});

	it.each(['', '0', '0h', '1.5h', '-1h', '1y', 'h', 'on', '1h 30', '11y', '3651d', '9'.repeat(400), 'tomorrow'])(
		'refuses %j',
		text => {
			expect(() => parseDuration(text)).toThrow(GrammarError);
		},
	);

	it('reads back every duration that is said in words', () => {
		fc.assert(
			fc.property(fc.integer({min: 1, max: 10 * 365 * 86_400}), seconds => {
				expect(parseDuration(durationWords(seconds))).toBe(seconds);
			}),
		);
	});

	it('adds the parts up', () => {
		fc.assert(
			fc.property(fc.nat(300), fc.nat(23), fc.nat(59), fc.integer({min: 1, max: 59}), (days, hours, minutes, seconds) => {
				expect(parseDuration(`${days}d${hours}h${minutes}m${seconds}s`)).toBe(
					days * 86_400 + hours * 3600 + minutes * 60 + seconds,
				);
			}),
		);
	});

	it('answers any text with seconds above nothing, off or a complaint', () => {
		answersOrComplains(parseDuration, (value: number | 'off') => value === 'off' || (Number.isSafeInteger(value) && value > 0));
	});
});

describe('GPUs', () => {
	it.each([
		['A10', {names: ['A10'], count: 1}],
		['A100:8', {names: ['A100'], count: 8}],
		['8:A100', {names: ['A100'], count: 8}],
		['24GB', {names: [], count: 1, memory: 24 * 1024}],
		['A100:2:40GB', {names: ['A100'], count: 2, memory: 40 * 1024}],
		['A100:40GB:2', {names: ['A100'], count: 2, memory: 40 * 1024}],
		['40gb:2:A100', {names: ['A100'], count: 2, memory: 40 * 1024}],
		['2', {names: [], count: 2}],
		['nvidia:A100', {vendor: 'nvidia', names: ['A100'], count: 1}],
		['AMD:2', {vendor: 'amd', names: [], count: 2}],
		['tpu:v2-8', {vendor: 'google', names: ['v2-8'], count: 1}],
		['A10G,A100', {names: ['A10G', 'A100'], count: 1}],
		['A10G, A100:2', {names: ['A10G', 'A100'], count: 2}],
		[' A10 : 2 ', {names: ['A10'], count: 2}],
		['0', {names: [], count: 0}],
	])('%j', (text, request) => {
		// Deep equality that takes a missing key for an undefined one.
		expect(parseGpu(text)).toEqual(request);
	});

	it.each([
		['', 'expected a GPU'],
		['A100:', 'expected a GPU'],
		[':', 'expected a GPU'],
		['A100,', 'expected a GPU'],
		['2:4', 'two counts'],
		['24GB:40GB', 'two sizes'],
		['A100:A10', 'two names'],
		['nvidia:amd', 'two vendors'],
		['-1', 'expected a GPU'],
		['1.5', 'expected a GPU'],
		['A100;2', 'expected a GPU'],
		['A100:0', 'no GPU'],
		['0:24GB', 'no GPU'],
		['9'.repeat(400), 'at most'],
	])('refuses %j: %s', (text, words) => {
		expect(() => parseGpu(text)).toThrow(GrammarError);
		expect(() => parseGpu(text)).toThrow(words);
	});

	it('takes name, count, size and vendor in any order', () => {
		const parts = fc.record({
			name: fc.constantFrom('A10', 'A100', 'L40S', 'H100', 'RTX4090'),
			count: fc.integer({min: 1, max: 16}),
			size: fc.integer({min: 1, max: 200}),
			vendor: fc.constantFrom('nvidia', 'amd'),
		});
		fc.assert(
			fc.property(parts, fc.array(fc.nat(), {minLength: 4, maxLength: 4}), ({name, count, size, vendor}, keys) => {
				const shuffled = [name, String(count), `${size}GB`, vendor]
					.map((part, index) => ({part, key: keys[index] ?? 0}))
					.sort((a, b) => a.key - b.key)
					.map(({part}) => part);
				expect(parseGpu(shuffled.join(':'))).toEqual({vendor, names: [name], count, memory: size * 1024});
			}),
		);
	});

	it('answers any text with a request or a complaint', () => {
		answersOrComplains(
			parseGpu,
			({count, names, memory}: ReturnType<typeof parseGpu>) =>
				Number.isSafeInteger(count) && names.every(name => name.trim() !== '') && (memory === undefined || memory > 0),
		);
	});
});

describe('ports', () => {
	it.each([
		['8000', {local: 8000, remote: 8000}],
		['3333:8000', {local: 3333, remote: 8000}],
		['*:8000', {local: undefined, remote: 8000}],
		['22:22', {local: 22, remote: 22}],
		['1', {local: 1, remote: 1}],
		['65535', {local: 65_535, remote: 65_535}],
	])('%j', (text, mapping) => {
		expect(parsePort(text)).toEqual(mapping);
	});

	it.each([
		'',
		':',
		'0',
		'65536',
		'8000:',
		':8000',
		'8000:*',
		'*',
		'1:2:3',
		'-1',
		'80.5',
		'0x50',
		'1e3',
		'http',
		'127.0.0.1:80:80',
	])('refuses %j', text => {
		expect(() => parsePort(text)).toThrow(GrammarError);
	});

	it('answers any text with ports or a complaint', () => {
		const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535;
		answersOrComplains(
			parsePort,
			({local, remote}: ReturnType<typeof parsePort>) => isPort(remote) && (local === undefined || isPort(local)),
		);
	});
});

describe('variables', () => {
	it.each([
		['A=b', ['A', 'b']],
		['A=', ['A', '']],
		['_a1=b=c', ['_a1', 'b=c']],
		['A= b ', ['A', ' b ']],
		['A=line\nline', ['A', 'line\nline']],
	])('%j', (text, pair) => {
		expect(parseVariable(text)).toEqual(pair);
	});

	it.each(['A', '', '=b', '1A=b', 'A B=c', 'A-B=c'])('refuses %j', text => {
		expect(() => parseVariable(text)).toThrow(GrammarError);
	});

	it('never repeats a value: it may be a secret', () => {
		fc.assert(
			fc.property(fc.constantFrom('1A=', 'A B=', '=', '-='), fc.stringMatching(/^[a-z]{8,20}$/), (name, secret) => {
				expect(() => parseVariable(name + secret)).toThrow(GrammarError);
				try {
					parseVariable(name + secret);
				} catch (error) {
					expect((error as Error).message).not.toContain(secret);
				}
			}),
		);
	});
});

describe('prices and other numbers', () => {
	it.each([
		['16', 16],
		['0.5', 0.5],
		['1.50', 1.5],
	])('%j', (text, number) => {
		expect(parseNumber(text)).toBe(number);
	});

	it.each(['', ' ', '0', '-1', '$1.5', '1,5', 'NaN', 'Infinity', 'cheap', '1e999'])('refuses %j', text => {
		expect(() => parseNumber(text)).toThrow('above 0');
	});
});
