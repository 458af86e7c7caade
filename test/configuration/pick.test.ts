import path from 'node:path';
import process from 'node:process';
import {describe, expect, it} from 'vitest';
import {findConfigurations} from '../../source/configuration/files/discover.js';
import {pickConfiguration, pickProfile} from '../../source/configuration/files/pick.js';
import {readProfiles} from '../../source/configuration/files/profiles.js';
import {temporaryFolder} from '../support/folders.js';
import {least, problemOf, readProfilesText, writeFiles} from './support.js';

/** The file that is picked in a folder with these files. */
async function pickIn(files: Readonly<Record<string, string>>, name?: string): Promise<string> {
	const folder = await temporaryFolder();
	await writeFiles(folder, files);
	return (await pickConfiguration(await findConfigurations(folder), name, folder)).file;
}

describe('pickConfiguration', () => {
	it("is the folder's default", async () => {
		expect(await pickIn({'a.dstack.yml': least, '.dstack.yml': least})).toBe('.dstack.yml');
		expect(await pickIn({'a.dstack.yml': least, '.dstack.yaml': least})).toBe('.dstack.yaml');
		expect(await pickIn({'.dstack.yaml': least, '.dstack.yml': least})).toBe('.dstack.yml');
	});

	it('is the only one, wherever it is', async () => {
		expect(await pickIn({'deep/down/a.dstack.yml': least})).toBe(path.join('deep', 'down', 'a.dstack.yml'));
	});

	it('is the one that is named: by file, by path or by its name', async () => {
		const files = {'.dstack.yml': least, 'a.dstack.yml': `${least}name: train\n`, 'deep/b.dstack.yml': least};
		expect(await pickIn(files, 'a.dstack.yml')).toBe('a.dstack.yml');
		expect(await pickIn(files, './a.dstack.yml')).toBe('a.dstack.yml');
		expect(await pickIn(files, 'train')).toBe('a.dstack.yml');
		expect(await pickIn(files, 'deep/b.dstack.yml')).toBe(path.join('deep', 'b.dstack.yml'));
	});

	it('is rather the file of that name than a configuration that calls itself so', async () => {
		const files = {'a.dstack.yml': `${least}name: b.dstack.yml\n`, 'b.dstack.yml': `${least}name: other\n`};
		expect(await pickIn(files, 'b.dstack.yml')).toBe('b.dstack.yml');
	});

	it('may be a file elsewhere, also seen from where the program was started', async () => {
		const [folder, elsewhere] = [await temporaryFolder(), await temporaryFolder()];
		const file = path.join(elsewhere, 'own-ending.yml');
		await writeFiles(elsewhere, {'own-ending.yml': least});
		expect((await pickConfiguration([], file, folder)).path).toBe(file);
		expect((await pickConfiguration([], path.relative(process.cwd(), file), folder)).path).toBe(file);
	});

	it('several and no default: says which there are, and how to choose', async () => {
		const problem = await problemOf(async () => pickIn({'a.dstack.yml': least, 'b.dstack.yml': least}));
		expect(problem).toMatchObject({
			kind: 'configuration',
			details: ['a.dstack.yml', 'b.dstack.yml'],
			next: expect.stringContaining('-f a.dstack.yml') as string,
		});
	});

	it('a default deeper down is not the default', async () => {
		const problem = await problemOf(async () => pickIn({'a.dstack.yml': least, 'b/.dstack.yml': least}));
		expect(problem).toMatchObject({kind: 'configuration', details: ['a.dstack.yml', path.join('b', '.dstack.yml')]});
	});

	it('none: says where it looked and what to do', async () => {
		const problem = await problemOf(async () => pickIn({}));
		expect(problem).toMatchObject({kind: 'configuration', next: expect.stringMatching(/\S/) as string});
		expect(problem.message).toContain('dstack-tui-test-');
	});

	it('a name that is not there: what was meant, and what there is', async () => {
		const problem = await problemOf(async () => pickIn({'.dstack.yml': least, 'a.dstack.yml': `${least}name: train\n`}, 'trian'));
		expect(problem).toMatchObject({kind: 'configuration', details: ['.dstack.yml', 'train']});
		expect(problem.message).toMatch(/'trian'.*did you mean train\?/);
	});

	it('a broken one is refused with its lines, and is not stepped over for a sound one', async () => {
		for (const name of [undefined, '.dstack.yml']) {
			const problem = await problemOf(async () => pickIn({'.dstack.yml': `${least}nmae: x\n`, 'a.dstack.yml': least}, name));
			expect(problem.kind).toBe('configuration');
			expect(problem.details.join('\n')).toMatch(/\.dstack\.yml:2:1: error: .*'nmae'[^]*\^[^]*name\?/);
		}
	});

	it('two of one name are refused, by name and by file', async () => {
		const files = {'a.dstack.yml': `${least}name: x\n`, 'b.dstack.yml': `${least}name: x\n`};
		for (const name of ['x', 'a.dstack.yml', undefined]) {
			expect((await problemOf(async () => pickIn(files, name))).kind).toBe('configuration');
		}
	});
});

describe('pickProfile', () => {
	const file = async () => readProfilesText('profiles:\n  - name: small\n  - name: large\n    default: true\n');

	it('is the one that is named, else the default, else none', async () => {
		expect((await pickProfile(await file(), 'small'))?.name).toBe('small');
		expect((await pickProfile(await file(), undefined))?.name).toBe('large');
		expect(await pickProfile(await readProfilesText('profiles:\n  - name: small\n'), undefined)).toBeUndefined();
		expect(await pickProfile(await readProfiles(await temporaryFolder()), undefined)).toBeUndefined();
	});

	it('a name that is not there: what was meant, and what there is', async () => {
		const profiles = await file();
		const problem = await problemOf(() => pickProfile(profiles, 'lagre'));
		expect(problem).toMatchObject({kind: 'configuration', next: expect.stringContaining('small, large') as string});
		expect(problem.message).toMatch(/'lagre'.*did you mean large\?/);
	});

	it('without any profiles: where to write them', async () => {
		const none = await readProfiles(await temporaryFolder());
		expect((await problemOf(() => pickProfile(none, 'large'))).next).toContain('.dstack/profiles.yml');
	});

	it('a broken file is refused, whatever is asked of it', async () => {
		const broken = await readProfilesText('profiles:\n  - name: a\n    max_prise: 1\n');
		for (const name of [undefined, 'a', 'b']) {
			const problem = await problemOf(() => pickProfile(broken, name));
			expect(problem.kind).toBe('configuration');
			expect(problem.details.join('\n')).toContain('profiles.yml:3:5: error');
		}
	});

	it('warnings are no reason to refuse', async () => {
		const warned = await readProfilesText('profiles:\n  - name: a\n    termination_policy: stop\n');
		expect((await pickProfile(warned, 'a'))?.name).toBe('a');
	});
});
