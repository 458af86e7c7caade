import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {Ajv} from 'ajv';
import {describe, expect, test} from 'vitest';
import {configurationSchema} from '../../source/configuration/schema/configuration-schema.js';
import {editorSchema} from '../../source/configuration/schema/json-schema.js';
import {profilesSchema} from '../../source/configuration/files/profiles.js';
import {makeWorld, objects} from '../support/program.js';

type Checked = {
	readonly file: string;
	readonly kind: string;
	readonly diagnostics: ReadonlyArray<{
		severity: string;
		file: string;
		line: number;
		column: number;
		message: string;
		suggestion?: string;
	}>;
};

const sound = 'type: dev-environment\n';

describe('check', () => {
	test('sound files: each is named, and all is well', async () => {
		const world = await makeWorld();
		await world.write({'.dstack.yml': sound, 'deep/b.dstack.yml': sound, '.dstack/profiles.yml': 'profiles: [{name: a}]\n'});
		const {code, stdout, stderr} = await world.cli(['check']);
		expect({code, stderr}).toEqual({code: 0, stderr: ''});
		expect(stdout.trim().split('\n')).toEqual(['.dstack.yml: ok', 'deep/b.dstack.yml: ok', '.dstack/profiles.yml: ok']);
	});

	test('all problems of all files, each with its line, a caret and what was meant', async () => {
		const world = await makeWorld();
		await world.write({
			'.dstack.yml': `${sound}setpu: [make]\nide: emacs\n`,
			'b.dstack.yml': `${sound}schedule: {cron: "* * * * *"}\n`,
			'.dstack/profiles.yml': 'profiles:\n  - name: a\n    max_prise: 1\n',
		});
		const {code, stdout, stderr} = await world.cli(['check']);
		expect(code).toBe(2);
		expect(stdout).toContain('.dstack.yml:2:1: error: unknown key');
		expect(stdout).toContain('   2 │ setpu: [make]\n     │ ^\n     = did you mean setup?\n');
		expect(stdout).toContain('.dstack.yml:3:6: error: expected one of vscode');
		expect(stdout).toContain('b.dstack.yml:2:1: warning: `schedule` has no effect');
		expect(stdout).toContain('.dstack/profiles.yml:3:5: error');
		expect(stderr).toContain('3 problems to mend');
	});

	test('warnings alone are no failure', async () => {
		const world = await makeWorld();
		await world.write({'.dstack.yml': `${sound}python: 3.10\n`});
		const {code, stdout} = await world.cli(['check']);
		expect(code).toBe(0);
		expect(stdout).toContain('warning: without quotes');
	});

	test('with --json: one object a file, that a CI can read, and the error last', async () => {
		const world = await makeWorld();
		await world.write({
			'.dstack.yml': `${sound}setpu: [make]\n`,
			'b.dstack.yml': sound,
			'.dstack/profiles.yml': 'profiles: []\n',
		});
		const {code, stdout, stderr} = await world.cli(['check', '--json']);
		expect({code, stderr}).toEqual({code: 2, stderr: ''});
		const told = objects<Checked & {type?: string; message?: string}>(stdout);
		expect(told.slice(0, 3)).toMatchObject([
			{
				file: '.dstack.yml',
				kind: 'configuration',
				diagnostics: [{severity: 'error', file: '.dstack.yml', line: 2, column: 1, suggestion: 'setup', source: 'setpu: [make]'}],
			},
			{file: 'b.dstack.yml', kind: 'configuration', diagnostics: []},
			{file: path.join('.dstack', 'profiles.yml'), kind: 'profiles', diagnostics: []},
		]);
		expect(told[3]).toMatchObject({type: 'error', kind: 'configuration', message: '1 problem to mend'});
		expect(told).toHaveLength(4);
	});

	test("the home folder's profiles are checked too, under their own path", async () => {
		const world = await makeWorld();
		await world.write({'.dstack.yml': sound, '../home/.dstack/profiles.yml': 'profiles: [{name: a, max_prise: 1}]\n'});
		const {code, stdout} = await world.cli(['check']);
		expect(code).toBe(2);
		expect(stdout).toContain(`${path.join(world.home, '.dstack/profiles.yml')}:1:`);
	});

	test('secrets that are not kept are missed; those that are kept are not', async () => {
		const world = await makeWorld();
		await world.write({'.dstack.yml': `${sound}env:\n  A: \${{ secrets.TOKEN }}\n`});
		const missed = await world.cli(['check']);
		expect(missed.code).toBe(2);
		expect(missed.stdout).toContain("there is no secret called 'TOKEN'; `dstack-tui secrets set TOKEN` keeps one");
		await world.run(process.execPath, [(await import('../support/program.js')).cliFile, 'secrets', 'set', 'TOKEN'], {input: 'x'});
		expect(await world.cli(['check'])).toMatchObject({code: 0});
	});

	test('no configuration at all is said, with what to do', async () => {
		const world = await makeWorld();
		const {code, stderr} = await world.cli(['check']);
		expect(code).toBe(2);
		expect(stderr).toMatch(/No configuration/);
	});

	test.each([
		['configuration', configurationSchema, 'A dev environment'],
		['profiles', profilesSchema, 'Profiles of dev environments'],
	] as const)('--schema %s prints a JSON Schema, anywhere', async (kind, schema, title) => {
		const world = await makeWorld();
		const {code, stdout, stderr} = await world.cli(['check', '--schema', kind]);
		expect({code, stderr}).toEqual({code: 0, stderr: ''});
		const printed = JSON.parse(stdout) as object;
		expect(printed).toEqual(JSON.parse(JSON.stringify(editorSchema(schema, title))));
		expect(new Ajv({allowUnionTypes: true, strictTypes: false, keywords: ['deprecationMessage']}).validateSchema(printed)).toBe(
			true,
		);
	});

	test('--schema of what there is none is wrong usage', async () => {
		const world = await makeWorld();
		const {code, stderr} = await world.cli(['check', '--schema', 'fleet']);
		expect(code).toBe(2);
		expect(stderr).toMatch(/configuration, profiles/);
	});

	test('what a file says cannot draw on the terminal', async () => {
		const world = await makeWorld();
		await writeFile(path.join(world.project, '.dstack.yml'), `${sound}"a\u001B[2Jb": 1\nname: "\u001B]0;title\u0007"\n`);
		for (const args of [['check'], ['check', '--json']]) {
			const {stdout, stderr} = await world.cli(args);
			expect(stdout + stderr).not.toContain('\u001B');
		}
	});
});
