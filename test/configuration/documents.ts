import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import {accepted, rejected} from './wish-tables.js';

const folders = ['examples', 'golden'].map(name => path.join(import.meta.dirname, name));

/** Real documents, good and bad, to be mutated. */
export const seeds: readonly string[] = [
	...folders.flatMap(folder =>
		readdirSync(folder)
			.filter(name => name.endsWith('.yml'))
			.map(name => readFileSync(path.join(folder, name), 'utf8')),
	),
	...[...accepted, ...rejected].map(([lines]) => `type: dev-environment\n${lines}\n`),
	...accepted.map(([lines]) => `profiles:\n  - name: p\n${lines.replace(/^/gm, '    ')}\n`),
];

const keys =
	'type name ide image python env build setup init ports files registry_auth cache resources cpu memory gpu disk shm_size count vendor min max size arch backends regions retry retry_policy on_events limit duration spot_policy max_price max_duration tags fleets profiles default commands nmae __proto__ <<'.split(
		' ',
	);

const scalars =
	'dev-environment vscode 3.10 "3.11" 24GB 24GB..80GB 1..4 A100:2:40GB A10G,A100 ..8 arm:8.. nvidia tpu:v2-8 0 -1 1e400 .nan .inf ~ null true yes off 22:22 *:8000 ${{ run.name }} ${{secrets.T}} ${{ $$ $$$$ A=b A= =b [1,2] {a: b} {min: 1, max: } &a x *a !t x !!binary aGk= !!int 3 | > - ? : # @ % ` , " \' 2026-01-01 0x1F 0o17 1_000'
		.split(' ')
		.concat([
			'${{ run.name }}',
			'&a [*a]',
			'{<<: *a}',
			'|\n    text\n',
			'>-\n    text',
			'"\\u0000\\e[2J"',
			'\u202E',
			'\uFFFD',
			'名前',
		]);

/** A document of our own keys with values of every sort at every depth. */
const made: fc.Arbitrary<string> = fc
	.array(
		fc.tuple(
			fc.constantFrom('', '', '', '  ', '    ', '- ', '  - ', '\t', '? '),
			fc.constantFrom(...keys, ''),
			fc.constantFrom(': ', ':', ': ', ' : ', ':\t', '=', '- '),
			fc.oneof(fc.constantFrom(...scalars), fc.json({maxDepth: 3}), fc.string({unit: 'binary', maxLength: 12})),
		),
		{maxLength: 14},
	)
	.map(lines => lines.map(parts => parts.join('')).join('\n'));

type Cut = readonly [at: number, length: number, put: string];

const cuts: fc.Arbitrary<readonly Cut[]> = fc.array(
	fc.tuple(
		fc.double({min: 0, max: 1, noNaN: true}),
		fc.nat(12),
		fc.oneof(
			fc.constantFrom('', ...scalars, ...keys.map(key => `\n${key}: `), '\n', '  ', ': ', '- '),
			fc.string({unit: 'binary', maxLength: 4}),
		),
	),
	{minLength: 1, maxLength: 4},
);

/** A real document with pieces cut out and put in. */
const mutated: fc.Arbitrary<string> = fc.tuple(fc.constantFrom(...seeds), cuts).map(([seed, changes]) =>
	changes.reduce((text, [at, length, put]) => {
		const index = Math.floor(at * (text.length + 1));
		return text.slice(0, index) + put + text.slice(index + length);
	}, seed),
);

/** One of a few things a thousand times over: what makes careless work quadratic, or deep. */
const repeated: fc.Arbitrary<string> = fc
	.tuple(
		fc.constantFrom('', 'type: dev-environment\n', 'profiles:\n  - name: a\n    ', 'type: dev-environment\nenv: &a\n'),
		fc.constantFrom(
			'- ',
			'[',
			'{',
			'{a: ',
			'? ',
			'a: 1\n',
			'  - *a\n',
			'  A: *a\n',
			'&a ',
			'!t ',
			'"',
			"'",
			'|\n',
			'# x\n',
			'\t',
			'\n',
			' ',
			'---\n',
			'<<: *a\n',
			'  - ${{ run.name }}\n',
			'$',
			'x',
			'é',
			'🎉',
		),
		fc.nat(3000),
		fc.constantFrom('', '\n', ']', 'x\n'),
	)
	.map(([head, piece, times, tail]) => head + piece.repeat(times) + tail);

/** Whatever a file may hold: random, made, mutated, repeated; now and then with the line ends and marks of Windows. */
export const anyDocument: fc.Arbitrary<string> = fc
	.tuple(
		fc.oneof(
			{arbitrary: mutated, weight: 6},
			{arbitrary: made.map(text => `type: dev-environment\n${text}`), weight: 3},
			{arbitrary: made, weight: 1},
			{arbitrary: made.map(text => `profiles:\n  - name: a\n${text.replace(/^/gm, '    ')}`), weight: 2},
			{arbitrary: fc.string({unit: 'binary', maxLength: 300}), weight: 1},
			{arbitrary: repeated, weight: 1},
		),
		fc.nat(20),
	)
	.map(([text, odd]) => (odd === 0 ? `\uFEFF${text.replaceAll('\n', '\r\n')}` : text));
