import {chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, it} from 'vitest';
import {appendTo, EditError, setIn, writeEdited} from '../../source/configuration/yaml/edit.js';
import {readYaml} from '../../source/configuration/yaml/yaml-file.js';
import {temporaryFolder} from '../support/folders.js';
import {problemOf, writeFiles} from './support.js';

const toFive = (text: string) => setIn(text, ['a'], 5);

async function fileWith(content: string | Uint8Array): Promise<string> {
	const folder = await temporaryFolder();
	await writeFiles(folder, {'x.yml': content});
	return path.join(folder, 'x.yml');
}

describe('writeEdited', () => {
	it('writes what the edit makes, and nothing is left beside it', async () => {
		const file = await fileWith('a: 1 # c\n');
		expect(await writeEdited(file, 'a: 1 # c\n', toFive)).toBe('a: 5 # c\n');
		expect(await readFile(file, 'utf8')).toBe('a: 5 # c\n');
		expect(await readdir(path.dirname(file))).toEqual(['x.yml']);
	});

	it.skipIf(process.platform === 'win32').each([0o600, 0o644, 0o664, 0o755])('keeps the mode %o', async mode => {
		const file = await fileWith('a: 1\n');
		await chmod(file, mode);
		await writeEdited(file, 'a: 1\n', toFive);
		expect((await stat(file)).mode & 0o777).toBe(mode);
	});

	it('follows a link, which stays one', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'real/x.yml': 'a: 1\n'});
		const link = path.join(folder, 'x.yml');
		await symlink('real/x.yml', link);
		await writeEdited(link, 'a: 1\n', toFive);
		expect((await lstat(link)).isSymbolicLink()).toBe(true);
		expect(await readlink(link)).toBe('real/x.yml');
		expect(await readFile(path.join(folder, 'real', 'x.yml'), 'utf8')).toBe('a: 5\n');
		expect(await readdir(folder)).toEqual(['real', 'x.yml']);
	});

	it('refuses a file that was changed in the meantime', async () => {
		const file = await fileWith('a: 2\n');
		expect(await problemOf(async () => writeEdited(file, 'a: 1\n', toFive))).toMatchObject({
			kind: 'configuration',
			message: expect.stringContaining('changed in the meantime') as string,
			next: expect.stringMatching(/\S/) as string,
		});
		expect(await readFile(file, 'utf8')).toBe('a: 2\n');
	});

	it('refuses one that is gone, and one that was made', async () => {
		const folder = await temporaryFolder();
		const missing = path.join(folder, 'x.yml');
		expect((await problemOf(async () => writeEdited(missing, 'a: 1\n', toFive))).message).toContain('not there any more');
		expect(await readdir(folder)).toEqual([]);
		await writeFile(missing, 'a: 1\n');
		expect((await problemOf(async () => writeEdited(missing, '', toFive))).message).toContain('changed in the meantime');
		expect(await readFile(missing, 'utf8')).toBe('a: 1\n');
	});

	it('makes a file that is not there, with its folder', async () => {
		const file = path.join(await temporaryFolder(), '.dstack', 'profiles.yml');
		await writeEdited(file, '', text => appendTo(text, ['profiles'], {name: 'large'}));
		expect(await readFile(file, 'utf8')).toBe('profiles:\n  - name: large\n');
	});

	it('does not write through a link that leads nowhere', async () => {
		const folder = await temporaryFolder();
		await symlink('nowhere', path.join(folder, 'x.yml'));
		expect((await problemOf(async () => writeEdited(path.join(folder, 'x.yml'), '', toFive))).kind).toBe('configuration');
		expect(await readdir(folder)).toEqual(['x.yml']);
	});

	it('keeps a byte order mark, which readers do not show', async () => {
		const file = await fileWith('\uFEFFa: 1\r\n');
		const {text} = await readYaml(file, 'x.yml');
		expect(text).toBe('a: 1\r\n');
		await writeEdited(file, text, toFive);
		expect(await readFile(file, 'utf8')).toBe('\uFEFFa: 5\r\n');
	});

	it('refuses what is not UTF-8 rather than spoil it', async () => {
		const utf16 = Buffer.from('\uFEFFa: 1\n', 'utf16le');
		const file = await fileWith(utf16);
		const {text} = await readYaml(file, 'x.yml');
		await expect(writeEdited(file, text, toFive)).rejects.toThrow(EditError);
		expect(await readFile(file)).toEqual(utf16);
		const latin = await fileWith(Buffer.from('a: 1 # \u00FC\n', 'latin1'));
		await expect(writeEdited(latin, 'a: 1 # \uFFFD\n', toFive)).rejects.toThrow('UTF-8');
	});

	it('a failing edit writes nothing', async () => {
		const file = await fileWith('a: [1\n');
		await expect(writeEdited(file, 'a: [1\n', toFive)).rejects.toThrow(EditError);
		expect(await readFile(file, 'utf8')).toBe('a: [1\n');
	});

	it('an edit that changes nothing leaves the file alone', async () => {
		const file = await fileWith('a: 5\n');
		const before = await stat(file);
		await writeEdited(file, 'a: 5\n', toFive);
		const after = await stat(file);
		expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
	});

	it('a folder is no file', async () => {
		const folder = await temporaryFolder();
		await mkdir(path.join(folder, 'x.yml'));
		await expect(writeEdited(path.join(folder, 'x.yml'), '', toFive)).rejects.toThrow('no file');
	});

	it.skipIf(process.platform === 'win32')('a file that may not be written is not replaced', async () => {
		const file = await fileWith('a: 1\n');
		await chmod(path.dirname(file), 0o777);
		await chmod(file, 0o444);
		const root = process.geteuid?.() === 0;
		if (root) {
			process.seteuid?.(65_534);
		}

		try {
			expect((await problemOf(async () => writeEdited(file, 'a: 1\n', toFive))).message).toContain('may not write');
		} finally {
			if (root) {
				process.seteuid?.(0);
			}
		}

		expect(await readFile(file, 'utf8')).toBe('a: 1\n');
	});
});
