import {readdirSync, readFileSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {Ajv} from 'ajv';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {keysAt} from '../../source/configuration/schema/check.js';
import {configurationSchema} from '../../source/configuration/schema/configuration-schema.js';
import {editorSchema, type Json, jsonOf} from '../../source/configuration/schema/json-schema.js';
import {profilesSchema} from '../../source/configuration/files/profiles.js';
import {LanguageServer} from './language-server.js';
import {least, readProfilesText, readText} from './support.js';
import {accepted, rejected} from './wish-tables.js';

const schemas = {
	configuration: editorSchema(configurationSchema, 'A dev environment'),
	profiles: editorSchema(profilesSchema, 'Profiles of dev environments'),
};

// Editors show these; a validator has no use for them.
const ajv = new Ajv({strict: true, allowUnionTypes: true, strictTypes: false, allErrors: true, keywords: ['deprecationMessage']});
const validate = {configuration: ajv.compile(schemas.configuration), profiles: ajv.compile(schemas.profiles)};

/** What the schema says of a text, in words; undefined when it fits. */
function complaint(kind: 'configuration' | 'profiles', text: string): string | undefined {
	return validate[kind](parse(text, {merge: true, logLevel: 'error'})) ? undefined : ajv.errorsText(validate[kind].errors);
}

const accepts = async (kind: 'configuration' | 'profiles', text: string): Promise<boolean> =>
	(kind === 'configuration' ? await readText(text) : await readProfilesText(text)).diagnostics.every(
		({severity}) => severity !== 'error',
	);

const documents = ['examples', 'golden'].flatMap(folder =>
	readdirSync(path.join(import.meta.dirname, folder))
		.filter(name => name.endsWith('.yml'))
		.map(name => ({
			name: `${folder}/${name}`,
			kind: name.endsWith('.profiles.yml') ? ('profiles' as const) : ('configuration' as const),
			text: readFileSync(path.join(import.meta.dirname, folder, name), 'utf8'),
		})),
);

const asProfile = (lines: string): string => `profiles:\n  - name: p\n${lines.replace(/^/gm, '    ')}\n`;

describe('the JSON Schemas', () => {
	it('are draft-07, with a title, every key described, and nothing that only zod knows', () => {
		for (const schema of Object.values(schemas)) {
			expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
			expect(schema['title']).toMatch(/\S/);
			const text = JSON.stringify(schema);
			expect(text).not.toMatch(/"unused"|"\$ref"|"\$defs"|prefixItems/);
		}

		for (const properties of [
			schemas.configuration['properties'],
			((schemas.profiles['properties'] as Record<string, Json>)['profiles']?.['items'] as Json)['properties'],
		] as Array<Record<string, Json>>) {
			expect(Object.keys(properties).length).toBeGreaterThan(20);
			for (const [key, property] of Object.entries(properties)) {
				expect([key, property['description']]).toEqual([key, expect.stringMatching(/\S/)]);
			}
		}
	});

	it('say of what has no effect that it has none, and why', () => {
		const {schedule, ide} = schemas.configuration['properties'] as Record<string, Json>;
		expect(schedule).toMatchObject({
			deprecated: true,
			deprecationMessage: expect.stringMatching(/^No effect: .*server/) as string,
		});
		expect(ide).not.toHaveProperty('deprecated');
	});

	it('know the same keys as the reader', () => {
		const json = jsonOf(configurationSchema);
		expect(keysAt(json, [])).toContain('resources');
		expect(keysAt(json, ['resources'])).toEqual(['cpu', 'memory', 'gpu', 'shm_size', 'disk']);
		expect(keysAt(json, ['resources', 'gpu'])).toContain('compute_capability');
		expect(keysAt(json, ['ports', 0])).toEqual(['local_port', 'container_port']);
		expect(keysAt(jsonOf(profilesSchema), ['profiles', 3, 'resources', 'gpu'])).toContain('vendor');
	});

	const sound = documents.filter(({text}) => !/[\t]/.test(text));

	it.each(sound)('what is read of $name fits the schema', async ({kind, text}) => {
		if (await accepts(kind, text)) {
			expect(complaint(kind, text)).toBeUndefined();
		}
	});

	it.each(accepted)('%s fits both schemas', lines => {
		expect(complaint('configuration', `${least}${lines}\n`)).toBeUndefined();
		expect(complaint('profiles', asProfile(lines))).toBeUndefined();
	});

	// The small languages are no business of a schema; what is of the wrong sort is.
	it.each([
		['configuration', 'ide: vscode\n'],
		['configuration', 'type: task\n'],
		['configuration', 'hello\n'],
		['configuration', '- a\n'],
		['configuration', `${least}nmae: x\n`],
		['configuration', `${least}commands: [x]\n`],
		['configuration', `${least}ide: emacs\n`],
		['configuration', `${least}image: 3\n`],
		['configuration', `${least}image: ""\n`],
		['configuration', `${least}name: a b\n`],
		['configuration', `${least}python: 2.7\n`],
		['configuration', `${least}python: "3.x"\n`],
		['configuration', `${least}setup: {a: b}\n`],
		['configuration', `${least}setup: [3]\n`],
		['configuration', `${least}ports: 8000\n`],
		['configuration', `${least}ports: [true]\n`],
		['configuration', `${least}ports: [{local_port: 1}]\n`],
		['configuration', `${least}ports: [{container_port: 99999}]\n`],
		['configuration', `${least}env: 3\n`],
		['configuration', `${least}env: [3]\n`],
		['configuration', `${least}env: {A: [1]}\n`],
		['configuration', `${least}env: {"A B": c}\n`],
		['configuration', `${least}registry_auth: {username: a}\n`],
		['configuration', `${least}docker: maybe\n`],
		['configuration', `${least}resources: 24GB\n`],
		['configuration', `${least}resources: {memry: 1GB}\n`],
		['configuration', `${least}resources: {cpu: true}\n`],
		['configuration', `${least}resources: {gpu: [A100]}\n`],
		['configuration', `${least}resources: {gpu: {cuont: 1}}\n`],
		['configuration', `${least}spot_policy: cheap\n`],
		['configuration', `${least}max_price: 0\n`],
		['configuration', `${least}max_price: cheap\n`],
		['configuration', `${least}max_duration: true\n`],
		['configuration', `${least}retry: {on_events: [fire]}\n`],
		['configuration', `${least}retry: sometimes\n`],
		['configuration', `${least}tags: [a]\n`],
		['configuration', `${least}regions: []\n`],
		['profiles', 'profile: []\n'],
		['profiles', 'profiles: {name: a}\n'],
		['profiles', 'profiles: [a]\n'],
		['profiles', 'profiles: [{name: a b}]\n'],
		['profiles', 'profiles: [{max_prise: 1}]\n'],
		['profiles', 'profiles: [{default: maybe}]\n'],
		['profiles', 'profiles: [{resources: {gpu: true}}]\n'],
	] as const)('a %s of %j is refused by both', async (kind, text) => {
		expect(await accepts(kind, text)).toBe(false);
		expect(complaint(kind, text)).toBeDefined();
	});

	it('refuse a good part of what the reader refuses', () => {
		const caught = rejected.filter(([lines]) => complaint('configuration', `${least}${lines}\n`) !== undefined);
		expect(caught.length / rejected.length).toBeGreaterThan(0.4);
	});
});

describe('the language server of YAML, as VS Code and Neovim run it', () => {
	let server: LanguageServer;
	let folder: string;
	const uri = (name: string) => pathToFileURL(path.join(folder, name)).href;

	beforeAll(async () => {
		folder = await mkdtemp(path.join(tmpdir(), 'dstack-tui-test-'));
		for (const [kind, schema] of Object.entries(schemas)) {
			await writeFile(path.join(folder, `${kind}.json`), JSON.stringify(schema));
		}

		server = await LanguageServer.start(folder, {
			[uri('configuration.json')]: '*.dstack.yml',
			[uri('profiles.json')]: 'profiles.yml',
		});
	});

	afterAll(async () => {
		await server.stop();
		await rm(folder, {recursive: true, force: true});
	});

	it('finds nothing in a sound file, and no fault in the schema', async () => {
		const text = `${least}ide: vscode\npython: "3.11"\nresources:\n  gpu: 24GB..80GB:1..4\n  cpu: 4\nspot_policy: auto\nretry: yes\nports:\n  - 8000\n  - "*:8001"\nenv:\n  - A=b\n`;
		expect(await server.open(uri('sound.dstack.yml'), text)).toEqual([]);
		expect(await server.open(uri('profiles.yml'), 'profiles:\n  - name: a\n    max_price: 1.5\n    max_duration: off\n')).toEqual(
			[],
		);
		expect(server.told.filter(line => /error|schema/i.test(line) && !line.startsWith('yaml/schema'))).toEqual([]);
	});

	it('finds a wrong value, a key that is not known and one without effect, each at its place', async () => {
		const found = await server.open(uri('wrong.dstack.yml'), `${least}ide: emacs\nnmae: x\nresources:\n  gpu: true\n`);
		const at = (line: number) => found.filter(({range}) => range.start.line === line).map(({message}) => message);
		expect(at(1).join()).toMatch(/vscode.*cursor/s);
		expect(at(2).join()).toContain('nmae');
		expect(at(4)).not.toEqual([]);
		const unused = await server.open(uri('unused.dstack.yml'), `${least}schedule: {cron: "* * * * *"}\n`);
		expect(unused.map(({message}) => message).join()).toContain('No effect');
	});

	it('offers the editors, the policies and the keys, and shows what they are for', async () => {
		await server.open(uri('typing.dstack.yml'), `${least}ide: \nspot_policy: \nresources:\n  \n`);
		const labels = async (line: number, character: number) =>
			(await server.complete(uri('typing.dstack.yml'), line, character)).map(({label}) => label);
		expect(await labels(1, 5)).toEqual(expect.arrayContaining(['vscode', 'vscode-insiders', 'cursor', 'windsurf', 'zed']));
		const policies = await labels(2, 13);
		expect(policies).toEqual(expect.arrayContaining(['spot', 'on-demand', 'auto']));
		expect(policies).not.toContain('ondemand');
		expect(await labels(4, 2)).toEqual(expect.arrayContaining(['cpu', 'memory', 'gpu', 'shm_size', 'disk']));
		expect(await server.hover(uri('typing.dstack.yml'), 2, 2)).toContain('spot first');
	});
});
