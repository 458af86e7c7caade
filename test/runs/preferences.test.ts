import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {loadImageSettings, loadPreferences} from '../../source/runs/settings/preferences.js';
import {resolvePaths} from '../../source/system/paths.js';

async function load(file: unknown) {
	const home = await mkdtemp(path.join(tmpdir(), 'dstack-tui-preferences-'));
	onTestFinished(async () => rm(home, {recursive: true}));
	await writeFile(path.join(home, 'config.json'), JSON.stringify(file));
	return loadPreferences(resolvePaths({DSTACK_TUI_HOME: home}), '/project');
}

test('what was chosen of the grid is there again', async () => {
	const preferences = await load({});
	const chosen = {
		sort: [{column: 'price', descending: true} as const, {column: 'cpu', descending: false} as const],
		group: 'gpu' as const,
		columns: ['region' as const],
		history: ['spot'],
	};
	preferences.rememberGrid(chosen);
	expect(preferences.grid()).toEqual(chosen);
});

test.each([
	['texts for lists', {sort: 'price', group: 'colour', columns: 3, history: 'spot'}],
	['lists of other things', {sort: [{column: 'colour'}, 4, null], group: ['gpu'], columns: 'zone', history: [1, null]}],
	['no map', [1]],
	['nothing', null],
])('a file that someone edited, with %s, is as if that were not there', async (_, grid) => {
	const preferences = await load({last: 3, grid});
	expect(preferences.grid()).toEqual({sort: [], group: undefined, columns: undefined, history: []});
	expect(preferences.last()).toEqual({});
});

test('of a list with some that are known these are kept, and escape sequences do nothing', async () => {
	const preferences = await load({
		last: {'/project': {configuration: '.dstack.yml', profile: 7}, '/other': 'x'},
		grid: {sort: [{column: 'x'}, {column: 'price', descending: 'yes'}], columns: ['x', 'zone'], history: ['a\u001B[31mb', 2]},
	});
	expect(preferences.grid()).toEqual({
		sort: [{column: 'price', descending: false}],
		group: undefined,
		columns: ['zone'],
		history: ['ab'],
	});
	expect(preferences.last()).toEqual({configuration: '.dstack.yml'});
});

test.each([
	[{}, {notify: undefined, title: true, problems: []}],
	[
		{notify: 'osc777', title: false},
		{notify: 'osc777', title: false, problems: []},
	],
	[
		{notify: 'gong\u001B[2J', title: 'no'},
		{
			notify: undefined,
			title: true,
			problems: [
				'`notify` in config.json is "gong\\u001b[2J"; it can be bell, osc9, osc777, off',
				'`title` in config.json is "no"; it can be true or false',
			],
		},
	],
])('settings of attention: %j', async (file, settings) => {
	expect((await load(file)).attention()).toEqual(settings);
});

test.each([
	[undefined, 'ask'],
	['always', 'always'],
	['never', 'never'],
	['sometimes', 'ask'],
	[true, 'ask'],
])('forward_ports: %s means %s', async (written, meant) => {
	const preferences = await load(written === undefined ? {} : {forward_ports: written});
	expect(preferences.forwardPorts()).toBe(meant);
	preferences.rememberForwardPorts('never');
	expect(preferences.forwardPorts()).toBe('never');
});

describe('a file that is no JSON', () => {
	const damaged = '{"registry": "ghcr.io/team/builds",, "mouse": false}';

	async function write(text: string) {
		const home = await mkdtemp(path.join(tmpdir(), 'dstack-tui-preferences-'));
		onTestFinished(async () => rm(home, {recursive: true}));
		const file = path.join(home, 'config.json');
		await writeFile(file, text);
		const paths = resolvePaths({DSTACK_TUI_HOME: home});
		return {file, paths, open: async () => loadPreferences(paths, '/project')};
	}

	test.each([damaged, '', '[1', '{"last": {}'])('is said, and nothing of it is lost: %j', async text => {
		const {file, paths, open} = await write(text);
		const preferences = await open();
		expect(preferences.damage).toMatchObject({
			kind: 'configuration',
			message: expect.stringContaining(`in ${file} cannot be read: it is no JSON`) as string,
			next: 'Mend the file, or delete it to begin with none.',
		});
		expect(preferences.registry()).toBeUndefined();
		preferences.rememberMouse(false);
		await expect(loadImageSettings(paths)).rejects.toThrow('cannot be read');
		expect(await readFile(file, 'utf8')).toBe(text);
	});

	test('while the program runs, what was read before holds, and the file is left to who edits it', async () => {
		const {file, open} = await write('{"mouse": false}');
		const preferences = await open();
		expect(preferences.mouse()).toBe(false);
		await writeFile(file, damaged);
		expect(preferences.mouse()).toBe(false);
		preferences.rememberMouse(true);
		expect(await readFile(file, 'utf8')).toBe(damaged);
		await writeFile(file, '{"registry": "ghcr.io/team/builds"}');
		expect(preferences.mouse()).toBe(true);
		expect(preferences.registry()).toBe('ghcr.io/team/builds');
	});
});
