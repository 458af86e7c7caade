import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
	GrammarError,
	parseDuration,
	parseMemory,
	parseNumber,
	parsePort,
	parseReversePort,
	parseVariable,
} from '../../source/configuration/grammar/grammar.js';
import {durationWords} from '../../source/configuration/grammar/requirement-words.js';
import {answersOrComplains} from './support.js';

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
				// `90 minutes` is written `90m`.
				expect(parseDuration(durationWords(seconds).replace(/ (\w)\w*$/, '$1'))).toBe(seconds);
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

describe('ports that lead here', () => {
	it.each([
		['9000', {remote: 9000, local: 9000}],
		[' 9000:3000 ', {remote: 9000, local: 3000}],
	])('%j', (text, port) => {
		expect(parseReversePort(text)).toEqual(port);
	});

	it.each(['', ':', '9000:', ':9000', '*:9000', '1:2:3', '0:1', '1:65536'])('refuses %j', text => {
		expect(() => parseReversePort(text)).toThrow(GrammarError);
	});
});

describe('variables', () => {
	it.each([
		['A=b', ['A', 'b']],
		['A=', ['A', '']],
		['_a1=b=c', ['_a1', 'b=c']],
		['A= b ', ['A', ' b ']],
		['A=line\nline', ['A', 'line\nline']],
		['A', ['A', undefined]],
		['_', ['_', undefined]],
	])('%j', (text, pair) => {
		expect(parseVariable(text)).toEqual(pair);
	});

	it.each(['', ' ', '1A', 'A B', '=b', '1A=b', 'A B=c', 'A-B=c'])('refuses %j', text => {
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
