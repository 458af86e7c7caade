import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {readProfiles} from '../../source/configuration/profiles.js';
import {temporaryFolder} from '../support/folders.js';
import {placeOf, readProfilesText, writeFiles} from './support.js';

const profileOf = async (lines: string) => {
	const {profiles, diagnostics} = await readProfilesText(`profiles:\n  - name: p\n${lines.replace(/^/gm, '    ')}`);
	expect(diagnostics.filter(({severity}) => severity === 'error')).toEqual([]);
	return profiles[0]!;
};

describe('profiles', () => {
	it('the example of the guide', async () => {
		const {
			path: file,
			profiles,
			diagnostics,
		} = await readProfilesText(`profiles:
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
		expect(file).toMatch(/profiles\.yml$/);
		expect(diagnostics).toEqual([]);
		expect(profiles).toEqual([
			{
				name: 'large',
				default: true,
				backends: ['azure', 'lambda'],
				resources: {memory: 24 * 1024, gpu: {names: [], count: 1, memory: 48 * 1024}},
				spotPolicy: 'auto',
				maxPrice: 1.5,
				maxDuration: 86_400,
				words: 'gpu ≥ 48GB ×1 · memory ≥ 24GB · ≤ $1.50/h · spot, then on-demand · up to 1d · on azure or lambda',
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
		const none = {path: undefined, diagnostics: [], profiles: []};
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

	it.each([
		['cpu: 4', {cpu: 4}],
		['memory: 512MB', {memory: 512}],
		['disk: 1TB', {disk: 1024 * 1024}],
		['shm_size: 8GB', {shmSize: 8192}],
		['gpu: 2', {gpu: {names: [], count: 2}}],
		['gpu: 0', {gpu: undefined}],
		['gpu: A100', {gpu: {names: ['A100'], count: 1}}],
		['gpu: A100:2:40GB', {gpu: {names: ['A100'], count: 2, memory: 40_960}}],
		['gpu: {name: A100, count: 2, memory: 40GB}', {gpu: {names: ['A100'], count: 2, memory: 40_960}}],
		['gpu: {name: [A100, H100], vendor: nvidia}', {gpu: {vendor: 'nvidia', names: ['A100', 'H100'], count: 1}}],
	])('resources: %s', async (lines, resources) => {
		expect((await profileOf(`resources:\n  ${lines}`)).resources).toEqual(resources);
	});

	it.each([
		['max_duration: 3600', 3600],
		['max_duration: 6h', 21_600],
		['max_duration: off', 'off'],
		['max_duration: "off"', 'off'],
		['max_duration: false', 'off'],
		['default: false', undefined],
	])('%s', async (line, duration) => {
		expect((await profileOf(line)).maxDuration).toBe(duration);
	});

	it.each([
		['retry_policy: true', {limit: 3600}],
		['retry_policy: false', 'off'],
		['retry_policy: {}', 'off'],
		['retry_policy: {retry: true}', {limit: 3600}],
		['retry_policy: {retry: false}', 'off'],
		['retry_policy: {limit: 2h}', {limit: 7200}],
		['retry_policy: {retry: true, limit: 30m}', {limit: 1800}],
		['retry_policy: {retry: false, limit: 30m}', 'off'],
		['default: false', undefined],
	])('%s', async (line, retry) => {
		expect((await profileOf(line)).retry).toEqual(retry);
	});

	it.each([
		['spot', 'spot'],
		['on-demand', 'on-demand'],
		['auto', 'auto'],
	])('spot_policy: %s', async (written, policy) => {
		expect((await profileOf(`spot_policy: ${written}`)).spotPolicy).toBe(policy);
	});

	it.each([
		['default: false', 'anything'],
		['resources: {gpu: A100:2}\nspot_policy: spot', 'gpu A100 ×2 · spot only'],
		[
			'resources: {cpu: 8, disk: 100GB}\nmax_price: 2\nmax_duration: off',
			'cpu ≥ 8 · disk ≥ 100GB · ≤ $2.00/h · runs until stopped',
		],
		['max_price: 0.0547', '≤ $0.0547/h'],
		['max_price: 1.505', '≤ $1.505/h'],
		['max_duration: 90m', 'up to 90m'],
		['resources: {gpu: {memory: 24GB}}\nmax_price: 1.5\nmax_duration: 1d', 'gpu ≥ 24GB ×1 · ≤ $1.50/h · up to 1d'],
	])('%j in words: %s', async (lines, words) => {
		expect((await profileOf(lines)).words).toBe(words);
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
		['default: yes', '3:14', 'true or false'],
		['backends: aws', '3:15', 'list of backends'],
		['backends: []', '3:15', 'at least one'],
		['backends: [aws, 3]', '3:21', 'backend'],
		['resources: 24GB', '3:16', 'map'],
		['resources: {cpu: 0}', '3:22', 'above 0'],
		['resources: {cpu: two}', '3:22', 'cores'],
		['resources: {memory: 24}', '3:25', '24GB or 24MB'],
		['resources: {gpu: "A100:"}', '3:22', 'GPU'],
		['resources: {gpu: {count: 0}}', '3:30', 'at least 1'],
		['resources: {gpu: {memory: 24}}', '3:31', '24GB or 24MB'],
		['resources: {gpu: [A100]}', '3:22', 'GPU'],
		['resources: {gpu: -1}', '3:22', 'GPU'],
		['spot_policy: cheap', '3:18', 'spot, on-demand or auto'],
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
		['profiles:\n  - default: true\n', '2:5', '`name` is missing'],
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
