import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {runScriptStep} from '../../source/environment/runner.js';
import type {ScriptStep} from '../../source/environment/step.js';
import {Heard, OutputParts, pieceSize, sendFunctions} from '../../source/environment/step-output.js';
import {countLines} from '../../source/system/count-lines.js';
import {temporaryFolder} from '../support/folders.js';
import {makePlaces} from './support.js';

const step = (script: string): ScriptStep => ({
	id: 'setup',
	title: 'Set up',
	pane: 'setup',
	script,
	when: 'always',
	optional: false,
});

const sizeOf = (folder: string): number =>
	readdirSync(folder).reduce((sum, name) => sum + (/^log/.test(name) ? statSync(path.join(folder, name)).size : 0), 0);

/** Everything that may be kept of one step, bytes. */
const most = 4 * (pieceSize + 1024 * 1024);

describe('the output of a step', () => {
	test('that says more than anybody can read is held back, kept to its bounds, and told with what is missing', async () => {
		const places = await makePlaces();
		const folder = path.join(places.context.stateFolder, 'steps', 'setup');
		const size = 400 * 1024 * 1024;
		const script = `echo first; yes 'a line of forty bytes, the same each tim' | head -c ${size}; echo; echo last; exit 3`;
		let [bytes, lines, missing, missingLines, largest, gaps] = [0, 0, 0, 0, 0, 0];
		let first = '';
		const before = process.memoryUsage.rss();
		let grown = 0;
		const {code, lastLines} = await runScriptStep(places.link, step(script), places.context, ({log = '', leftOut}) => {
			first ||= log.slice(0, 6);
			bytes += Buffer.byteLength(log);
			lines += countLines(Buffer.from(log));
			missing += leftOut?.bytes ?? 0;
			missingLines += leftOut?.lines ?? 0;
			gaps += leftOut ? 1 : 0;
			if (leftOut) {
				largest = Math.max(largest, sizeOf(folder));
			}

			grown = Math.max(grown, process.memoryUsage.rss() - before);
		});
		expect({code, last: lastLines.at(-1), first}).toEqual({code: 3, last: 'last', first: 'first\n'});
		expect(gaps).toBeGreaterThan(0);
		const whole = 'first\n'.length + size + '\nlast\n'.length;
		// The mark at its end is nobody's text.
		expect(bytes + missing).toBe(whole);
		expect(lines + missingLines).toBe(1 + Math.floor(size / 41) + 2);
		expect(Math.max(largest, sizeOf(folder))).toBeLessThanOrEqual(most);
		expect(grown).toBeLessThan(100 * 1024 * 1024);
	});

	test('of what it left running goes on within its bounds, and is nobody’s once the step has begun again', async () => {
		const places = await makePlaces();
		const folder = path.join(places.context.stateFolder, 'steps', 'setup');
		const script = `( while [ ! -e stop ]; do echo "$1 still here"; sleep 0.1; done; echo out > ended ) & echo begun`;
		const first = await runScriptStep(places.link, step(script), places.context, () => undefined);
		expect(first).toMatchObject({code: 0});
		await expect.poll(() => readFileSync(path.join(folder, 'log'), 'utf8')).toMatch(/begun[^]*still here\n[^]*still here\n/);
		const second = await runScriptStep(places.link, step('echo anew; sleep 1'), places.context, () => undefined);
		expect(second.lastLines).toEqual(['anew']);
		writeFileSync(path.join(places.context.workspace, 'stop'), '');
		// It was not ended by that nobody heard it.
		await expect.poll(() => existsSync(path.join(places.context.workspace, 'ended'))).toBe(true);
		expect(readFileSync(path.join(folder, 'log'), 'utf8')).not.toContain('still here');
	});

	test('survives that what keeps it is killed: who writes is not', async () => {
		const places = await makePlaces();
		const script = `pkill -KILL -P $PPID dd; echo one; pkill -KILL -P $PPID dd; echo two; sleep 0.3; echo three`;
		const {code, lastLines} = await runScriptStep(places.link, step(script), places.context, () => undefined);
		expect({code, last: lastLines.at(-1)}).toEqual({code: 0, last: 'three'});
	});

	test.skipIf(process.getuid?.() !== 0)('goes on where the disk there is full', async () => {
		const places = await makePlaces();
		const small = path.join(places.context.stateFolder, 'steps');
		mkdirSync(small);
		expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small]).status).toBe(0);
		try {
			const script = `yes 'much to say' | head -c 20000000; cat /dev/zero > "$STEP_FOLDER/more"; echo last; exit 5`;
			const {code} = await runScriptStep(places.link, step(script), places.context, () => undefined);
			expect(code).toBe(5);
		} finally {
			spawnSync('umount', [small]);
		}
	});
});

/** What the shell functions print of a folder of pieces, from a byte on. */
function sent(folder: string, from: number, limit: number): Buffer {
	const script = `d='${folder}'\n${sendFunctions}\nbegin_at ${from}\nsend_new ${limit}`;
	const {stdout, stderr} = spawnSync('sh', ['-c', script]);
	expect(stderr.toString()).toBe('');
	return stdout;
}

describe('parts on their way', () => {
	const bytes = fc.uint8Array({maxLength: 3000}).map(each => Buffer.from(each));

	test('come out as they went in, however they are cut, with what is missing between them', async () => {
		const folder = await temporaryFolder();
		fc.assert(
			fc.property(
				bytes,
				fc.array(bytes, {maxLength: 3}),
				fc.nat({max: 5000}),
				fc.integer({min: 1, max: 400}),
				(head, tails, gap, cut) => {
					for (const name of readdirSync(folder)) {
						spawnSync('rm', [path.join(folder, name)]);
					}

					writeFileSync(path.join(folder, 'log'), head);
					let [at, line] = [head.length, countLines(head)];
					for (const [index, tail] of tails.entries()) {
						at += index === 0 ? gap : 0;
						line += index === 0 && gap > 0 ? 7 : 0;
						if (at > 0 && tail.length > 0) {
							writeFileSync(path.join(folder, `log.${at}-${line}`), tail);
						}

						at += at > 0 ? tail.length : 0;
						line += countLines(tail);
					}

					const heard = new Heard();
					let text = '';
					const missing: unknown[] = [];
					const parts = new OutputParts(heard, ({log, leftOut}) => {
						text += log;
						missing.push(...(leftOut ? [leftOut] : []));
					});
					const all = sent(folder, 0, 1_000_000);
					for (let from = 0; from < all.length; from += cut) {
						parts.take(all.subarray(from, from + cut));
					}

					const kept = tails.filter(tail => tail.length > 0);
					const isGap = gap > 0 && kept.length > 0;
					const decoded = isGap && tails[0]?.length ? head.toString() + Buffer.concat(kept).toString() : undefined;
					if (!isGap) {
						expect(missing).toEqual([]);
					} else if (decoded !== undefined) {
						expect(missing).toEqual([{bytes: gap, lines: 7}]);
					}

					expect(text.replaceAll('\uFFFD', '').length).toBeLessThanOrEqual(head.length + Buffer.concat(kept).length);
				},
			),
			{numRuns: 40},
		);
	});

	test('of something else are refused, and hold nothing', () => {
		for (const text of ['x'.repeat(1000), '\n', '\u001E1 2\n', '\u001E1 - 2 3\n', '\u001E-1 - 2\n']) {
			expect(() => new OutputParts(new Heard(), () => undefined).take(Buffer.from(text))).toThrow('its log cannot be read');
		}
	});
});
