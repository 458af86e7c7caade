import {chmod, mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {readSecretsFile, removeSecret, setSecret} from '../../source/configuration/files/secrets.js';
import {temporaryFolder} from '../support/folders.js';
import {problemOf} from './support.js';

const place = async (): Promise<string> => path.join(await temporaryFolder(), 'config', 'secrets');
const modeOf = async (file: string): Promise<string> => ((await stat(file)).mode & 0o777).toString(8);

describe('secrets', () => {
	it('are none without a file', async () => {
		expect(await readSecretsFile(await place())).toEqual({});
	});

	it('are kept under their names, and forgotten one by one', async () => {
		const file = await place();
		await setSecret(file, 'TOKEN', 'first');
		await setSecret(file, 'my-key_2', 'line\nline "quoted" 名前');
		await setSecret(file, 'TOKEN', 'second');
		expect(await readSecretsFile(file)).toEqual({TOKEN: 'second', 'my-key_2': 'line\nline "quoted" 名前'});
		expect(await removeSecret(file, 'TOKEN')).toBe(true);
		expect(await removeSecret(file, 'TOKEN')).toBe(false);
		expect(await removeSecret(file, 'toString')).toBe(false);
		expect(await readSecretsFile(file)).toEqual({'my-key_2': 'line\nline "quoted" 名前'});
	});

	it('forgetting where there is no file makes none', async () => {
		const file = await place();
		expect(await removeSecret(file, 'TOKEN')).toBe(false);
		expect(await stat(file).catch(() => 'none')).toBe('none');
	});

	it.skipIf(process.platform === 'win32')(
		'lie in a file that only its owner reads, in a folder of the owner, and nothing is left beside it',
		async () => {
			const before = process.umask(0);
			try {
				const file = await place();
				await setSecret(file, 'A', 'a');
				expect(await modeOf(file)).toBe('600');
				expect(await modeOf(path.dirname(file))).toBe('700');
				await setSecret(file, 'B', 'b');
				expect(await modeOf(file)).toBe('600');
				expect(await readdir(path.dirname(file))).toEqual(['secrets']);
			} finally {
				process.umask(before);
			}
		},
	);

	it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o644, 0o620, 0o666])(
		'a file that others may reach (%o) is refused, with what to do, and is not written over',
		async mode => {
			const file = await place();
			await mkdir(path.dirname(file));
			await writeFile(file, '{"TOKEN": "hunter2"}');
			await chmod(file, mode);
			for (const act of [
				async () => readSecretsFile(file),
				async () => setSecret(file, 'A', 'b'),
				async () => removeSecret(file, 'TOKEN'),
			]) {
				const problem = await problemOf(act);
				expect(problem).toMatchObject({kind: 'configuration', next: expect.stringContaining('chmod 600') as string});
				expect(problem.message + problem.details.join('')).not.toContain('hunter2');
			}

			expect(await readFile(file, 'utf8')).toBe('{"TOKEN": "hunter2"}');
		},
	);

	it.each(['', '{', 'TOKEN=hunter2', '["hunter2"]', '{"TOKEN": {"a": "hunter2"}}', '{"TOKEN": 3}', 'null', '"hunter2"'])(
		'a damaged file (%j) is refused, nothing of it is repeated, and it is not written over',
		async text => {
			const file = await place();
			await mkdir(path.dirname(file));
			await writeFile(file, text, {mode: 0o600});
			for (const act of [async () => readSecretsFile(file), async () => setSecret(file, 'A', 'b')]) {
				const problem = await problemOf(act);
				expect(problem).toMatchObject({kind: 'configuration', next: expect.stringMatching(/\S/) as string});
				expect([problem.message, problem.next, ...problem.details].join('')).not.toContain('hunter2');
				expect(problem.cause).toBeUndefined();
			}

			expect(await readFile(file, 'utf8')).toBe(text);
		},
	);

	it.each(['', ' ', '1A', 'A B', 'A.B', 'A=B', '-a', '}}', 'x'.repeat(101), 'é'])('%j cannot be a name', async name => {
		const file = await place();
		const problem = await problemOf(async () => setSecret(file, name, 'hunter2'));
		expect(problem.kind).toBe('usage');
		expect(problem.message + problem.next).not.toContain('hunter2');
		expect(await stat(file).catch(() => 'none')).toBe('none');
	});

	it('any value of any name comes back as it was', async () => {
		const file = await place();
		const name = fc.oneof(fc.stringMatching(/^[A-Za-z_][\w-]{0,20}$/), fc.constantFrom('constructor', 'toString', '__proto__'));
		await fc.assert(
			fc.asyncProperty(name, fc.string({unit: 'binary', maxLength: 50}), async (called, value) => {
				await setSecret(file, called, value);
				const secrets = await readSecretsFile(file);
				expect(Object.hasOwn(secrets, called)).toBe(true);
				expect(secrets[called]).toBe(value);
				expect(await removeSecret(file, called)).toBe(true);
			}),
			{numRuns: 100},
		);
	});
});
