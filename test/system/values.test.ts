import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {
	absolutePath,
	admitValue,
	hostAddress,
	identifier,
	type Kind,
	loginName,
	oneLine,
	placeName,
	plainLine,
	portNumber,
	publicKeyLine,
	readValue,
	RefusedValue,
	runName,
	quotedValue,
	typeName,
} from '../../source/system/values.js';
import {hostileTexts, hostileTypes} from '../support/hostile.js';

const good: ReadonlyArray<readonly [Kind<unknown>, readonly unknown[]]> = [
	[
		hostAddress,
		['203.0.113.7', '::1', '2001:db8::7', 'localhost', 'ec2-1-2-3-4.compute-1.amazonaws.com', 'my_docker.local', 'host.'],
	],
	[loginName, ['root', 'ubuntu', 'jane.doe', 'CORP\\jane', 'jane@corp.example', 'u1000', 'zoë', '山田', '_apt', 'a-b+c']],
	[runName, ['fast-moth-1', 'x', 'exp-1']],
	[identifier, ['us-east-1', 'eu-west-1/i-0123456789abcdef0', 'docker:0a1b', 'process:7d0c2c1e-6c3f', 'g5.xlarge', 'us-east-1a']],
	[
		absolutePath,
		[
			'/workflow',
			'/home/zoë/my work',
			'/home/\u0639\u0644\u06CC\u200C\u0631\u0636\u0627',
			'C:\\Users\\jane',
			'D:/work',
			'\\\\server\\share',
		],
	],
	[placeName, ['us-east-1', 'us-gov-west-1', 'eastus', 'US-KS-2', 'here', 'us-east-1a']],
	[typeName, ['g5.xlarge', 'Standard_NC6s_v3', 'u-6tb1.112xlarge', 'docker']],
	[oneLine, ['', 'my folder', 'a\u200Db']],
	[plainLine, ['', 'Few are left.', '名前 🎉', 'naïve']],
	[portNumber, [1, 22, 65_535]],
	[publicKeyLine, [`ssh-ed25519 ${'A'.repeat(68)}`, `ssh-ed25519 ${'A'.repeat(68)} dstack-tui host fast-moth-1`]],
];

/** Those that go into a file, a command or an address of their own. */
const strict: ReadonlyArray<Kind<unknown>> = [hostAddress, loginName, runName, identifier, placeName, typeName, publicKeyLine];

describe('values from outside', () => {
	test.each(good)('$name: what there really is of it passes', (kind, values) => {
		for (const value of values) {
			expect(kind.is(value), JSON.stringify(value)).toBe(true);
		}
	});

	test('nothing of another type is taken for text, nor text for a number', () => {
		for (const [kind] of good) {
			for (const value of hostileTypes) {
				expect(kind.is(value), `${kind.name}: ${quotedValue(value)}`).toBe(false);
			}
		}

		expect([...hostileTexts, '22'].filter(text => portNumber.is(text))).toEqual([]);
	});

	test('whatever a strict one lets pass is one word to ssh, to a shell but for a backslash, and to an address', () => {
		const tricks = fc.oneof(fc.constantFrom(...hostileTexts), fc.string({unit: 'binary'}), fc.string({unit: 'grapheme'}));
		const text = fc
			.tuple(fc.constantFrom('', '203.0.113.7', 'us-east-1', 'root', 'fast-moth-1'), tricks)
			.map(parts => parts.join(''));
		fc.assert(
			fc.property(text, fc.constantFrom(...strict), (value, kind) => {
				if (readValue(kind, value) !== undefined) {
					expect(value, kind.name).not.toMatch(kind === publicKeyLine ? /[\r\n]/ : /[\s"'`$;&|<>(){}*?!#%~^=,]|^-/u);
				}
			}),
			{numRuns: 3000},
		);
	});

	test.each([
		['../../etc', identifier],
		['a/../b', identifier],
		['us-east-1.evil.example', placeName],
		['evil/x', typeName],
		['1.2.3', hostAddress],
		['256.1.1.1', hostAddress],
		['-host', hostAddress],
		['fe80::1%eth0', hostAddress],
		['a..b', hostAddress],
		['fast-moth-1-host', runName],
		['*', runName],
		['ssh-ed25519 AAAAAAAAAAAAAAAAAAAA\n* ssh-ed25519 AAAAAAAAAAAAAAAAAAAA', publicKeyLine],
		['workflow', absolutePath],
		['/a\nb', absolutePath],
		['a\u2028b', oneLine],
		['a\u{E0041}', plainLine],
	])('%j is refused', (value, kind) => {
		expect(kind.is(value)).toBe(false);
	});

	test('a refusal names what it was to be and what it was, and can be drawn', () => {
		for (const value of [...hostileTexts, ...hostileTypes]) {
			const refused = (() => {
				try {
					return admitValue(portNumber, value, 'the port');
				} catch (error) {
					return error;
				}
			})();
			expect(refused).toBeInstanceOf(RefusedValue);
			expect((refused as Error).message).toMatch(/^the port is refused: [ -~…]{1,900} is no port$/);
		}
	});
});
