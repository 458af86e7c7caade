import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {readImageSettings, requireSettings} from '../../../source/environment/images/settings.js';
import {loadImageSettings, loadPreferences} from '../../../source/runs/settings/preferences.js';
import {resolvePaths} from '../../../source/system/paths.js';
import {temporaryFolder} from '../../support/folders.js';

const read = (file: Readonly<Record<string, unknown>>) => readImageSettings(key => file[key]);

describe('settings of images', () => {
	test('without any, nothing is set and nothing is wrong', () => {
		expect(read({})).toEqual({
			registry: undefined,
			baseImage: undefined,
			mirror: undefined,
			insecureRegistries: [],
			ideOrigin: undefined,
			problems: [],
		});
	});

	test('as people write them', () => {
		const settings = read({
			registry: {repository: 'ghcr.io/team/builds/', username: 'me', password: '${{ secrets.GHCR }}'},
			base_image: 'team/base',
			mirror: 'mirror.example:5000/hub/',
			insecure_registries: ['registry.local:5000'],
			ide_origin: 'https://mirror.example/vscode/',
		});
		expect(settings).toEqual({
			registry: {registry: 'ghcr.io', repository: 'team/builds', username: 'me', password: '${{ secrets.GHCR }}'},
			baseImage: 'team/base:latest',
			mirror: 'mirror.example:5000/hub',
			insecureRegistries: ['registry.local:5000'],
			ideOrigin: 'https://mirror.example/vscode',
			problems: [],
		});
	});

	test.each([
		['ghcr.io/team/builds', 'ghcr.io', 'team/builds'],
		['localhost:5000', 'localhost:5000', 'dstack-tui-builds'],
		['registry.example', 'registry.example', 'dstack-tui-builds'],
		['localhost', 'localhost', 'dstack-tui-builds'],
		['me/builds', 'docker.io', 'me/builds'],
		['docker.io/me/builds', 'docker.io', 'me/builds'],
		['123456789012.dkr.ecr.eu-west-1.amazonaws.com/builds', '123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'builds'],
	])('the registry %s', (text, registry, repository) => {
		expect(read({registry: text}).registry).toEqual({registry, repository, username: undefined, password: undefined});
	});

	test.each([
		['registry', 7, 'HOST/PATH'],
		['registry', [], 'HOST/PATH'],
		['registry', 'builds', 'HOST/PATH'],
		['registry', 'ghcr.io/team/builds:1', 'without a tag'],
		['registry', 'https://ghcr.io/team', 'begins like an address'],
		['registry', {username: 'me'}, '`repository`'],
		['registry', {repository: 'ghcr.io/team/x', password: 'x'}, 'together'],
		['registry', {repository: 'ghcr.io/team/x', username: 3, password: 'x'}, '`username` as a text'],
		['registry', {repository: 'ghcr.io/team/x', user: 'x'}, 'found user'],
		['base_image', 5, 'an image such as'],
		['base_image', 'Nope!', 'no name of an image'],
		['mirror', 'https://x', 'no mirror'],
		['mirror', {}, 'a host such as'],
		['insecure_registries', 'x/y', 'a host with its port'],
		['insecure_registries', [4], 'a list of hosts'],
		['ide_origin', 'mirror.example', 'an address such as'],
		['ide_origin', 'https://me:secret@mirror.example', 'without a login'],
	])('%s: %j is said with what was expected, and is as if it were not there', (key, value, words) => {
		const {problems, ...rest} = read({[key]: value});
		expect(problems).toMatchObject([{key, message: expect.stringContaining(words) as string}]);
		expect(problems[0]?.message).toContain(`\`${key}\` in the settings: `);
		expect(problems[0]?.message).not.toContain('secret@');
		expect({...rest, problems: []}).toEqual(read({}));
		expect(() => requireSettings({...rest, problems}, [key as 'registry'])).toThrow(words);
		expect(() => requireSettings({...rest, problems}, [])).not.toThrow();
	});

	test('are read from the file, beside what the program keeps there', async () => {
		const home = await temporaryFolder();
		await writeFile(path.join(home, 'config.json'), JSON.stringify({registry: 'ghcr.io/team/builds', mirror: 3, mouse: false}));
		const paths = resolvePaths({DSTACK_TUI_HOME: home});
		const preferences = await loadPreferences(paths, '/project');
		expect(preferences.registry()).toBe('ghcr.io/team/builds');
		expect(preferences.images().problems).toHaveLength(1);
		expect(await loadImageSettings(paths)).toEqual(preferences.images());
	});
});
