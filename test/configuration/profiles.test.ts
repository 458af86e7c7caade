import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {readProfiles} from '../../source/configuration/files/profiles.js';
import {temporaryFolder} from '../support/folders.js';
import {placeOf, readProfilesText, writeFiles} from './support.js';

const profileOf = async (lines: string) => {
	const {profiles, diagnostics} = await readProfilesText(`profiles:\n  - name: p\n${lines.replace(/^/gm, '    ')}`);
	expect(diagnostics.filter(({severity}) => severity === 'error')).toEqual([]);
	return profiles[0]!;
};

describe('profiles', () => {
	it('the example of the guide', async () => {
		const {paths, profiles, diagnostics} = await readProfilesText(`profiles:
  - name: large

    resources:
      memory: 24GB  # (Optional) The minimum amount of RAM memory
      gpu:
        memory: 48GB  # (Optional) The minimum amount of GPU memory

    max_price: 1.5 # (Optional) The maximim price per instance, in dollards.

    max_duration: 1d # (Optional) The maximum duration of the run.

    spot_policy: auto # (Optional) The spot policy. Supports \`spot\`, \`on-demand, and \`auto\`.

    backends: [azure, lambda]  # (Optional) Use only listed backends

    default: true # (Optional)
`);
		expect(paths).toEqual([expect.stringMatching(/profiles\.yml$/)]);
		expect(diagnostics).toEqual([]);
		expect(profiles).toEqual([
			{
				name: 'large',
				default: true,
				settings: {
					backends: ['azure', 'lambda'],
					memory: {min: 24 * 1024},
					gpu: {memory: {min: 48 * 1024}},
					spotPolicy: 'auto',
					maxPrice: 1.5,
					maxDuration: 86_400,
				},
				origins: {
					memory: '.dstack/profiles.yml:5',
					gpu: '.dstack/profiles.yml:6',
					maxPrice: '.dstack/profiles.yml:9',
					maxDuration: '.dstack/profiles.yml:11',
					spotPolicy: '.dstack/profiles.yml:13',
					backends: '.dstack/profiles.yml:15',
				},
				words:
					'gpu memory ≥ 48 GB, 1 or more · memory ≥ 24 GB · spot, then on-demand · ≤ $1.50/h · ends itself after 1 day · on azure or lambda',
				file: '.dstack/profiles.yml',
				path: paths[0],
				index: 0,
			},
		]);
	});

	it('several, in the order of the file', async () => {
		const {profiles, diagnostics} = await readProfilesText(
			'profiles:\n  - name: a\n  - name: b\n    default: true\n  - name: c\n    default: false\n',
		);
		expect(diagnostics).toEqual([]);
		expect(profiles.map(({name, default: is}) => [name, is])).toEqual([
			['a', false],
			['b', true],
			['c', false],
		]);
	});

	it('none at all is no problem', async () => {
		const none = {paths: [], diagnostics: [], profiles: []};
		const folder = await temporaryFolder();
		expect(await readProfiles(folder)).toEqual(none);
		await writeFiles(folder, {'.dstack/other.yml': 'x'});
		expect(await readProfiles(folder)).toEqual(none);
		const file = await temporaryFolder();
		await writeFiles(file, {'.dstack': 'a file'});
		expect(await readProfiles(file)).toEqual(none);
		expect(await readProfilesText('profiles: []\n')).toMatchObject({diagnostics: [], profiles: []});
	});

	it('profiles.yml comes before profiles.yaml, which is read too', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'.dstack/profiles.yaml': 'profiles: [{name: long}]'});
		expect((await readProfiles(folder)).profiles.map(({name}) => name)).toEqual(['long']);
		await writeFiles(folder, {'.dstack/profiles.yml': 'profiles: [{name: short}]'});
		expect((await readProfiles(folder)).profiles.map(({name}) => name)).toEqual(['short']);
	});

	it('are said in words', async () => {
		expect((await profileOf('default: false')).words).toBe('anything');
		expect((await profileOf('resources: {gpu: A100:2}\nspot_policy: spot')).words).toBe('gpu A100, 2 or more · spot only');
	});

	it('may go without a name, and are then called by their place', async () => {
		const {profiles, diagnostics} = await readProfilesText(
			'profiles:\n  - max_price: 1\n    default: true\n  - name: b\n  - {}\n',
		);
		expect(diagnostics).toEqual([]);
		expect(profiles.map(({name, index, default: is}) => [name, index, is])).toEqual([
			['#1', 0, true],
			['b', 1, false],
			['#3', 2, false],
		]);
	});

	it.each(['true', 'yes', 'on', 'True', 'YES'])('default: %s is true, as older readers of YAML take it', async written => {
		expect((await profileOf(`default: ${written}`)).default).toBe(true);
	});

	it.each(['false', 'no', 'off'])('default: %s is false', async written => {
		expect((await profileOf(`default: ${written}`)).default).toBe(false);
	});
});

describe("the home folder's profiles", () => {
	const both = async (own: string | undefined, homely: string | undefined) => {
		const [folder, home] = [await temporaryFolder(), await temporaryFolder()];
		await writeFiles(folder, own === undefined ? {} : {'.dstack/profiles.yml': own});
		await writeFiles(home, homely === undefined ? {} : {'.dstack/profiles.yaml': homely});
		return {folder, home, read: await readProfiles(folder, home)};
	};

	it("come after the repository's own", async () => {
		const {folder, home, read} = await both('profiles: [{name: a}, {name: b}]', 'profiles: [{name: c, max_price: 1}]');
		expect(read.profiles.map(({name}) => name)).toEqual(['a', 'b', 'c']);
		expect(read.paths).toEqual([path.join(folder, '.dstack/profiles.yml'), path.join(home, '.dstack/profiles.yaml')]);
		const file = path.join(home, '.dstack/profiles.yaml');
		expect(read.profiles[2]).toMatchObject({file, path: file, index: 0, origins: {maxPrice: `${file}:1`}});
		expect(read.profiles[0]).toMatchObject({file: path.join('.dstack', 'profiles.yml'), index: 0});
	});

	it("are hidden by the repository's of the same name", async () => {
		const {read} = await both('profiles: [{name: a, max_price: 1}]', 'profiles: [{name: a, max_price: 2}, {name: b}]');
		expect(read.profiles.map(({name, settings}) => [name, settings.maxPrice])).toEqual([
			['a', 1],
			['b', undefined],
		]);
	});

	it("give the default only where the repository's has none", async () => {
		const own = 'profiles: [{name: a, default: true}, {name: b}]';
		const homely = 'profiles: [{name: c, default: true}]';
		expect((await both(own, homely)).read.profiles.map(({default: is}) => is)).toEqual([true, false, false]);
		expect((await both('profiles: [{name: a}]', homely)).read.profiles.map(({default: is}) => is)).toEqual([false, true]);
	});

	it('are read where the repository has no file, and are none where neither has', async () => {
		expect((await both(undefined, 'profiles: [{name: c}]')).read.profiles.map(({name}) => name)).toEqual(['c']);
		expect((await both(undefined, undefined)).read).toEqual({paths: [], diagnostics: [], profiles: []});
	});

	it('that are broken are told of under their own path, and the others stay usable in the list', async () => {
		const {home, read} = await both('profiles: [{name: a}]', 'profiles: [{name: c, max_prise: 1}]');
		expect(read.profiles.map(({name}) => name)).toEqual(['a']);
		expect(read.diagnostics).toMatchObject([
			{severity: 'error', file: path.join(home, '.dstack/profiles.yaml'), suggestion: 'max_price'},
		]);
	});

	it('without names do not hide each other', async () => {
		const {read} = await both('profiles: [{max_price: 1}]', 'profiles: [{max_price: 2}]');
		expect(read.profiles.map(({settings}) => settings.maxPrice)).toEqual([1, 2]);
		expect(new Set(read.profiles.map(({name}) => name)).size).toBe(2);
	});

	it('are read once where the repository is the home folder', async () => {
		const home = await temporaryFolder();
		await writeFiles(home, {'.dstack/profiles.yml': 'profiles: [{name: a, default: true}]'});
		const read = await readProfiles(home, `${home}/.`);
		expect(read.profiles).toHaveLength(1);
		expect(read.paths).toHaveLength(1);
	});
});

describe('what is wrong in profiles', () => {
	it.each([
		['profiles:\n  - name: a\n    max_prise: 1\n', '3:5', 'max_price'],
		['profiles:\n  - name: a\n    resources:\n      memry: 1GB\n', '4:7', 'memory'],
		['profiles:\n  - name: a\n    resources:\n      gpu:\n        cuont: 1\n', '5:9', 'count'],
		['profiles:\n  - name: a\n    retry_policy:\n      limt: 1h\n', '4:7', 'limit'],
		['profiles: []\nprofile: []\n', '2:1', 'profiles'],
		['profiles:\n  - name: a\n    project: x\n', '3:5', undefined],
	])('an unknown key: %j at %s', async (text, place, suggestion) => {
		const {profiles, diagnostics} = await readProfilesText(text);
		expect(profiles).toEqual([]);
		expect(diagnostics).toMatchObject([{severity: 'error', file: path.join('.dstack', 'profiles.yml'), suggestion}]);
		expect(placeOf(diagnostics[0]!)).toBe(place);
	});

	it.each([
		['default: maybe', '3:14', 'true or false'],
		['backends: {aws: true}', '3:15', 'list of backends'],
		['backends: []', '3:15', 'found an empty list'],
		['backends: [aws, 3]', '3:21', 'backend'],
		['resources: 24GB', '3:16', 'map'],
		['resources: {cpu: 0}', '3:22', 'above 0'],
		['resources: {cpu: two}', '3:22', 'cores'],
		['resources: {memory: 24}', '3:25', '24GB or 24MB'],
		['resources: {gpu: "A100:"}', '3:22', 'GPU'],
		['resources: {gpu: {count: -1}}', '3:30', 'whole number'],
		['resources: {gpu: {memory: 24}}', '3:31', '24GB or 24MB'],
		['resources: {gpu: [A100]}', '3:22', 'GPU'],
		['resources: {gpu: -1}', '3:22', 'GPU'],
		['spot_policy: cheap', '3:18', 'spot, on-demand, auto'],
		['max_price: $1', '3:16', 'dollars'],
		['max_price: 0', '3:16', 'above 0'],
		['max_duration: 1x', '3:19', 'duration'],
		['max_duration: true', '3:19', 'duration'],
		['max_duration: 0', '3:19', 'more than nothing'],
		['retry_policy: sometimes', '3:19', 'true, false'],
		['retry_policy: {retry: 1}', '3:27', 'true or false'],
		['retry_policy: {limit: soon}', '3:27', 'duration'],
	])('a wrong value: %s at %s', async (line, place, words) => {
		const {profiles, diagnostics} = await readProfilesText(`profiles:\n  - name: a\n    ${line}\n`);
		expect(profiles).toEqual([]);
		expect(diagnostics.map(each => placeOf(each))).toEqual([place]);
		expect(diagnostics[0]?.message).toContain(words);
	});

	it.each([
		['', '1:1', 'profiles'],
		['- name: a\n', '1:1', 'profiles'],
		['profiles:\n', '1:10', 'list of profiles'],
		['profiles: {name: a}\n', '1:11', 'list of profiles'],
		['profiles:\n  - a\n', '2:5', 'map of a profile'],
		['profiles:\n  - name: a b\n', '2:11', 'letters'],
		['profiles:\n  - name: 3\n', '2:11', 'text'],
		['profiles:\n  - name: ""\n', '2:11', 'letters'],
		['profiles:\n  - name: "#1"\n', '2:11', 'letters'],
		['profiles:\n  - name: a\n  - name: b\n  - name: a\n', '4:11', "called 'a'"],
		['profiles:\n  - name: a\n    default: true\n  - name: b\n    default: true\n', '5:14', "'a' is one already"],
		['profiles: [\n', '', 'YAML'],
		['profiles:\n  - name: a\n    name: b\n', '3:5', 'twice'],
	])('%j at %s: %s', async (text, place, words) => {
		const {profiles, diagnostics} = await readProfilesText(text);
		expect(profiles).toEqual([]);
		expect(diagnostics).toHaveLength(1);
		expect(placeOf(diagnostics[0]!)).toContain(place);
		expect(diagnostics[0]?.message).toContain(words);
	});

	it('in the order of the file', async () => {
		const {diagnostics} = await readProfilesText(
			'profiles:\n  - name: a\n    max_duration: 1x\n    spot_policy: cheap\n    xyz: 1\n    max_price: 0\n',
		);
		expect(diagnostics.map(({line}) => line)).toEqual([3, 4, 5, 6]);
	});

	it('what has no effect is a warning and no hindrance', async () => {
		const {profiles, diagnostics} = await readProfilesText('profiles:\n  - name: a\n    termination_policy: stop\n');
		expect(profiles).toHaveLength(1);
		expect(diagnostics).toMatchObject([{severity: 'warning', line: 3}]);
	});

	it('any text becomes profiles or complaints', async () => {
		const value = fc.oneof(fc.json(), fc.string(), fc.constantFrom('A100:2', '24GB', 'off', '1d', 'true', '0', '{gpu: [1]}'));
		const key = fc.constantFrom(
			'name',
			'default',
			'backends',
			'resources',
			'spot_policy',
			'retry_policy',
			'max_duration',
			'max_price',
			'x',
		);
		const lines = fc
			.array(fc.tuple(key, value), {maxLength: 6})
			.map(each => `profiles:\n  - name: a\n${each.map(([name, text]) => `    ${name}: ${text}\n`).join('')}`);
		const folder = await temporaryFolder();
		await fc.assert(
			fc.asyncProperty(fc.oneof(lines, fc.string({unit: 'binary'})), async text => {
				await writeFiles(folder, {'.dstack/profiles.yml': text});
				const {profiles, diagnostics} = await readProfiles(folder);
				const broken = diagnostics.some(({severity}) => severity === 'error');
				expect(broken ? profiles.length === 0 : profiles.every(({words}) => words !== '')).toBe(true);
			}),
			{numRuns: 300},
		);
	});
});
