import {availableParallelism} from 'node:os';
import process from 'node:process';
import {defineConfig, type TestProjectConfiguration} from 'vitest/config';
import {scriptFilesForTests} from './scripts/script-files.js';

// A file's project is in its name: `x.test.ts` is pure, `x.program.test.ts`, `x.parts.test.ts` and `x.heap.test.ts` are the others
// (test/README.md). Projects run one after the other, in this order.
const kinds = ['program', 'parts', 'heap'] as const;

const cores = availableParallelism();

type Options = NonNullable<Extract<TestProjectConfiguration, {test?: unknown}>['test']>;

const project = (name: 'pure' | (typeof kinds)[number], options: Options): TestProjectConfiguration => ({
	plugins: [scriptFilesForTests],
	test: {
		name,
		include: [name === 'pure' ? 'test/**/*.test.{ts,tsx}' : `test/**/*.${name}.test.{ts,tsx}`],
		exclude: name === 'pure' ? [`test/**/*.{${kinds.join(',')}}.test.{ts,tsx}`] : [],
		testTimeout: 60_000,
		hookTimeout: 300_000,
		...options,
		sequence: {groupOrder: ['pure', ...kinds].indexOf(name), ...options.sequence},
	},
});

const projects = [
	// Ten seconds at most on a quiet machine; a busy one takes three times as long.
	project('pure', {maxWorkers: cores, testTimeout: 30_000}),
	project('program', {maxWorkers: cores}),
	// Suites with real parts mostly wait for them; more at once than this disturb each other's timing.
	project('parts', {maxWorkers: Math.max(2, cores), globalSetup: 'test/support/global-setup.ts'}),
	// What measures memory shares its process and the machine with nothing.
	project('heap', {maxWorkers: 1, fileParallelism: false, globalSetup: 'test/support/global-setup.ts'}),
];

export default defineConfig({
	plugins: [scriptFilesForTests],
	test: process.env['BENCH']
		? // What only measures is run by `npm run bench`.
			{
				include: ['test/bench/*.bench.ts'],
				globalSetup: 'test/support/global-setup.ts',
				testTimeout: 60_000,
				hookTimeout: 300_000,
			}
		: {projects},
});
