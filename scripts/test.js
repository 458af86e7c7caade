// Runs the tests and ends with one line that machines read: `N passed, N failed, N skipped`.
// usage: node scripts/test.js [--all | --rest] [files or vitest's own options]
// Without files: what a bare machine can run in minutes; --all: every project of vitest.config.ts; --rest: those that are left out without it.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(path.join(tmpdir(), 'dstack-tui-tests-'));
const report = path.join(folder, 'report.json');

const fast = ['pure', 'program'];
const slow = ['parts', 'heap'];
const flags = new Set(['--all', '--rest']);
const given = process.argv.slice(2).filter(each => !flags.has(each));
const isNamed = given.some(each => !each.startsWith('-'));
const projects = process.argv.includes('--rest') ? slow : process.argv.includes('--all') || isNamed ? [] : fast;

const {status} = spawnSync(
	process.execPath,
	[
		path.join(root, 'node_modules/vitest/vitest.mjs'),
		'run',
		'--reporter=default',
		'--reporter=json',
		`--outputFile.json=${report}`,
		...projects.flatMap(name => ['--project', name]),
		...given,
	],
	{cwd: root, stdio: ['ignore', 'inherit', 'inherit']},
);

const tally = () => {
	let result;
	try {
		result = JSON.parse(readFileSync(report, 'utf8'));
	} catch (error) {
		process.stderr.write(`The tests left no report: ${error.message}\n`);
		return {passed: 0, failed: 1, skipped: 0};
	}

	// A file that could not be read holds no tests, and is a failure all the same.
	const broken = result.testResults.filter(
		file => file.status === 'failed' && file.assertionResults.every(test => test.status !== 'failed'),
	);
	return {
		passed: result.numPassedTests,
		failed: result.numFailedTests + broken.length,
		skipped: result.numPendingTests + result.numTodoTests,
	};
};

/** What was left out, and how to run it; empty where nothing was. */
const leftOut = () => {
	if (projects !== fast) {
		return '';
	}

	const files = readdirSync(path.join(root, 'test'), {recursive: true});
	const count = files.filter(file => slow.some(name => new RegExp(`\\.${name}\\.test\\.tsx?$`).test(file))).length;
	return `Left out: ${count} files that need an engine, whole machines, a registry, servers or minutes (\`npm run test:all\`).\n`;
};

const {passed, failed, skipped} = tally();
process.stdout.write(leftOut());
rmSync(folder, {recursive: true, force: true});
// A run that failed for another reason (an error outside of any test) must not end as if all were well.
const failures = failed === 0 && status !== 0 ? 1 : failed;
process.stdout.write(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failures > 0 ? 1 : 0;
