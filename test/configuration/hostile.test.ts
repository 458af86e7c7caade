import {spawnSync} from 'node:child_process';
import {mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {build} from 'esbuild';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {least} from './support.js';

type Told = {refused: boolean; profiles: number; messages: string[]; processor: number; memory: number};

const root = path.join(import.meta.dirname, '../..');
const most = 65_000;
const fill = (head: string, piece: string, tail = ''): string =>
	head + piece.repeat(Math.floor((most - head.length - tail.length) / Buffer.byteLength(piece))) + tail;

const laughs = (width: number, names: string): string =>
	`${least}a: &a [${'x,'.repeat(width)}]\n${[...names].map((name, index) => `${name}: &${name} [${`*${index === 0 ? 'a' : names[index - 1]},`.repeat(width)}]\n`).join('')}`;

const hostile: ReadonlyArray<readonly [name: string, text: string]> = [
	['a billion laughs', laughs(9, 'bcdefghi')],
	['a billion laughs in env', `${laughs(9, 'bcdefghi')}env: {A: *i}\nsetup: *i\n`],
	[
		'laughs by merging',
		`${least}a: &a {${Array.from({length: 20}, (_, index) => `k${index}: v`).join(', ')}}\n${[...'bcdefgh'].map((name, index) => `${name}: &${name}\n${Array.from({length: 9}, (_, at) => `  x${at}: {<<: *${'abcdefgh'[index]}}\n`).join('')}`).join('')}`,
	],
	['one anchor, named without end', fill(`${least}a: &a x\nsetup:\n`, '  - *a\n')],
	['anchors without end', fill(`${least}setup:\n`, '  - &a x\n')],
	['anchors and names in turn', fill(`${least}setup:\n`, '  - &a x\n  - *a\n')],
	['merges without end', fill(`${least}a: &a {b: c}\nenv:\n`, '  <<: *a\n')],
	['brackets without end', fill(least, '[')],
	['brackets that are closed', fill(`${least}setup: `, '[]')],
	['maps in maps', fill(least, '{a: ')],
	['lists in lists', fill(`${least}setup: `, '- ')],
	['keys of keys', fill(least, '? ')],
	...[500, 1500, 2000, 3000, 5000].map(times => [`${times} keys of keys`, `${least}${'? '.repeat(times)}`] as const),
	...[200, 1000, 4000].map(
		times => [`${times} lists in lists`, `${least}setup: ${'['.repeat(times)}${']'.repeat(times)}\n`] as const,
	),
	['some keys of keys', `${least}${'? '.repeat(1000)}`],
	[
		'keys that are named lists',
		`${least}a: &a [x]\n${Array.from({length: 30}, (_, index) => `? {? *a : ${index}}\n: b\n`).join('')}`,
	],
	['quotes without end', fill(least, '"')],
	['apostrophes', fill(`${least}name: `, "''")],
	['double keys', fill(least, 'a: 1\n')],
	['unknown keys', least + Array.from({length: 5000}, (_, index) => `k${index}: 1\n`).join('')],
	['long unknown keys', least + Array.from({length: 120}, (_, index) => `${'k'.repeat(500)}${index}: 1\n`).join('')],
	['wrong variables', fill(`${least}env:\n`, '  - X Y\n')],
	['variables', `${least}env:\n${Array.from({length: 4300}, (_, index) => `  V${index}: ${index}\n`).join('')}`],
	['ports', fill(`${least}ports:\n`, '  - 99999\n')],
	['references', fill(`${least}setup:\n`, '  - ${{ run.nmae }}\n')],
	['references in one line', fill(`${least}name: x\nimage: "`, '${{ env.A }}', '"\n')],
	['dollars', fill(`${least}setup: ["`, '$', '"]\n')],
	['references that are not closed', fill(`${least}setup: ["`, '${{ ', '"]\n')],
	['a GPU of many parts', fill(`${least}resources:\n  gpu: "`, 'A100:', '"\n')],
	['a GPU of many names', fill(`${least}resources:\n  gpu: "`, 'A100,', 'L4"\n')],
	['a GPU of many dots', fill(`${least}resources:\n  gpu: "`, '..', '"\n')],
	['a GPU with spaces', fill(`${least}resources:\n  gpu: "a`, ' a', '!"\n')],
	['a number of many digits', fill(`${least}resources:\n  memory: `, '9', 'GB\n')],
	['a duration of many parts', fill(`${least}max_duration: `, '1h', '\n')],
	['a range of many ends', fill(`${least}resources:\n  cpu: "`, '1..', '"\n')],
	['numbers to the base of sixty', fill(`${least}ports:\n`, '  - 22:22\n')],
	['one number to the base of sixty', fill(`${least}ports:\n  - 22`, ':22', '\n')],
	['backends that are none', fill(`${least}backends:\n`, '  - aaaaaaaaaaaaaaaa\n')],
	['GPUs that are none', fill(`${least}resources:\n  gpu:\n    name:\n`, '      - A1000000\n')],
	['tags', fill(least, '!t ')],
	['tabs', fill(least, '\t')],
	['comments', fill(least, '#\n')],
	['spaces', fill(least, ' ')],
	['documents', fill(least, '---\n')],
	['profiles', fill('profiles:\n', '  - name: a\n')],
	['profiles without names', fill('profiles:\n', '  - {}\n')],
	['profiles with errors', fill('profiles:\n', '  - max_prise: 1\n')],
	['null bytes', fill(least, '\0')],
	['control characters', fill(`${least}name: "`, '\u001B[2J', '"\n')],
	['surrogates', fill(least, '\u{1F389}')],
];

describe('files that nobody wrote', () => {
	let folder: string;
	let program: string;
	const told: Array<{name: string; processor: number}> = [];

	beforeAll(async () => {
		folder = await mkdtemp(path.join(tmpdir(), 'dstack-tui-test-'));
		program = path.join(folder, 'child.mjs');
		await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
		await mkdir(path.join(folder, '.dstack'));
		await build({
			entryPoints: [path.join(import.meta.dirname, 'hostile-child.ts')],
			outfile: program,
			bundle: true,
			packages: 'external',
			platform: 'node',
			format: 'esm',
		});
	});

	afterAll(async () => {
		const slowest = told.sort((one, other) => other.processor - one.processor).slice(0, 3);
		console.log(slowest.map(({name, processor}) => `${name}: ${processor.toFixed(0)} ms of the processor`).join('\n'));
		await rm(folder, {recursive: true, force: true});
	});

	async function read(text: string): Promise<Told> {
		const file = path.join(folder, '.dstack.yml');
		await writeFile(file, text);
		await writeFile(path.join(folder, '.dstack/profiles.yml'), text);
		const {status, stdout, stderr} = spawnSync(process.execPath, ['--max-old-space-size=96', program, folder, file], {
			encoding: 'utf8',
			// Far above what any of them takes: only what multiplies without end comes here.
			timeout: 30_000,
		});
		expect(stderr).toBe('');
		expect(status).toBe(0);
		return JSON.parse(stdout) as Told;
	}

	it.each(hostile)('%s: answered, within 200 MB', {timeout: 40_000}, async (name, text) => {
		expect(Buffer.byteLength(text)).toBeLessThan(64 * 1024);
		const {messages, processor, memory} = await read(text);
		expect(messages.length).toBeLessThan(220);
		expect(Math.max(0, ...messages.map(({length}) => length))).toBeLessThan(450);
		expect(memory / 1024).toBeLessThan(200);
		told.push({name, processor});
	});

	it('a billion laughs is refused, with the reason', async () => {
		const {refused, profiles, messages} = await read(laughs(9, 'bcdefghi'));
		expect(refused).toBe(true);
		expect(profiles).toBe(0);
		expect(messages.join('\n')).toContain('anchors multiply');
	});
});
