import {describe, expect, it} from 'vitest';
import type {RequirementSettings} from '../../source/configuration/model.js';
import {settingsWords} from '../../source/configuration/grammar/requirement-words.js';
import {least, placeOf, readProfilesText, readText} from './support.js';
import {accepted, rejected} from './wish-tables.js';

const indented = (lines: string): string => lines.replace(/^/gm, '    ');

/** The same lines as a configuration's own and as a profile's. */
async function readBoth(lines: string) {
	const configuration = await readText(`${least}${lines}\n`);
	const {profiles, diagnostics} = await readProfilesText(`profiles:\n  - name: p\n${indented(lines)}\n`);
	return {
		configuration,
		profile: profiles[0],
		diagnostics: [configuration.diagnostics, diagnostics] as const,
	};
}

describe('what a configuration and a profile may both ask for', () => {
	it.each(accepted)('%s', async (lines, settings) => {
		const {configuration, profile, diagnostics} = await readBoth(lines);
		for (const found of diagnostics) {
			expect(found.filter(({severity}) => severity === 'error')).toEqual([]);
		}

		expect(configuration.settings).toEqual(settings);
		expect(profile?.settings).toEqual(settings);
		// What was not said is not there, so that it hides nothing below it.
		expect(Object.keys(configuration.settings)).toEqual(Object.keys(settings));
	});

	it.each<[lines: string, settings: RequirementSettings, key: string]>([
		['termination_policy: terminate', {}, 'termination_policy'],
		['termination_policy: stop', {}, 'termination_policy'],
		['termination_policy: destroy-after-idle', {}, 'termination_policy'],
		['reservation: cr-0123', {}, 'reservation'],
		['stop_duration: 5m', {}, 'stop_duration'],
		['creation_policy: reuse', {}, 'creation_policy'],
		['idle_duration: 5m', {}, 'idle_duration'],
		['utilization_policy: {min_gpu_utilization: 10, time_window: 1h}', {}, 'utilization_policy'],
		['startup_order: any', {}, 'startup_order'],
		['stop_criteria: all-done', {}, 'stop_criteria'],
		['schedule: {cron: "0 8 * * mon-fri"}', {}, 'schedule'],
		['fleets: [mine]', {}, 'fleets'],
		['instances: [i-1]', {}, 'instances'],
		['backend_options: [{type: vastai}]', {}, 'backend_options'],
	])('%s is understood, and the warning says why it has no effect', async (lines, settings, key) => {
		const {configuration, profile, diagnostics} = await readBoth(lines);
		expect(configuration.settings).toEqual(settings);
		expect(profile?.settings).toEqual(settings);
		for (const [index, found] of diagnostics.entries()) {
			expect(found).toMatchObject([{severity: 'warning', line: index + 2, column: index === 0 ? 1 : 5}]);
			expect(found[0]?.message).toMatch(new RegExp(`^\`${key}\` has no effect: \\S.*\\S$`));
		}
	});

	it.each(rejected)('%s: %s', async (lines, words) => {
		const {configuration, profile, diagnostics} = await readBoth(lines);
		expect(configuration.environment).toBeUndefined();
		expect(profile).toBeUndefined();
		for (const found of diagnostics) {
			const errors = found.filter(({severity}) => severity === 'error');
			expect(errors).toHaveLength(1);
			expect(errors[0]?.message).toContain(words);
		}
	});

	it.each([
		'resources: {cpu: }',
		'resources: {gpu: }',
		'backends:',
		'regions: ~',
		'spot_policy: null',
		'max_price:',
		'max_duration:',
		'retry:',
		'tags:',
		'schedule:',
	])('%s without a value asks for nothing, and says so', async lines => {
		const {configuration, profile, diagnostics} = await readBoth(lines);
		expect(configuration.settings).toEqual({});
		expect(profile?.settings).toEqual({});
		for (const found of diagnostics) {
			expect(found).toMatchObject([{severity: 'warning'}]);
			expect(found[0]?.message).toContain('asks for nothing');
		}
	});
});

describe('names', () => {
	it.each([
		['backends: [aws, azzure]', "there is no backend 'azzure'", 'azure', '2:17'],
		['backends:\n  - aws\n  - runpood', "there is no backend 'runpood'", 'runpod', '4:5'],
		['backends: [xyz]', "there is no backend 'xyz'", undefined, '2:12'],
	])('%j is an error with what was probably meant', async (lines, words, suggestion, place) => {
		const {diagnostics, environment} = await readText(`${least}${lines}\n`);
		expect(environment).toBeUndefined();
		expect(diagnostics).toMatchObject([{severity: 'error', suggestion}]);
		expect(diagnostics[0]?.message).toContain(words);
		expect(placeOf(diagnostics[0]!)).toBe(place);
	});

	it.each([
		['A100G', 'A100'],
		['H1000', 'H100'],
		['L40SS', 'L40S'],
		['RTX409', 'RTX4090'],
		['Quantum9', undefined],
	])('the GPU %s may be newer than this program: only a warning', async (name, suggestion) => {
		const {diagnostics, environment, settings} = await readText(`${least}resources:\n  gpu: ${name}:2\n`);
		expect(environment).toBeDefined();
		expect(settings.gpu?.names).toEqual([name]);
		expect(diagnostics).toHaveLength(1);
		expect(diagnostics[0]).toMatchObject({severity: 'warning', line: 3, column: 8});
		expect(diagnostics[0]?.message).toContain(`'${name}'`);
		if (suggestion === undefined) {
			expect(diagnostics[0]?.suggestion).toBeUndefined();
		} else {
			expect(diagnostics[0]?.suggestion).toBe(suggestion);
		}
	});

	it.each(['A100', 'a10g', 'MI300X', 'v5litepod-8', 'tpu-v3-8', 'n150'])('the GPU %s is known', async name => {
		expect((await readText(`${least}resources:\n  gpu: ${name}\n`)).diagnostics).toEqual([]);
	});
});

describe('in words', () => {
	it.each<[lines: string, words: string]>([
		['ide: vscode', 'anything'],
		['resources: {gpu: 24GB}', 'gpu memory ≥ 24 GB, 1 or more'],
		['resources: {gpu: A100:2}\nspot_policy: spot', 'gpu A100, 2 or more · spot only'],
		['resources: {gpu: "A100:2..2"}', 'gpu A100, exactly 2'],
		['resources: {gpu: "A10G,A100,L4:1..4"}', 'gpu A10G, A100 or L4, 1 to 4'],
		['resources: {gpu: "amd:..4"}', 'gpu amd, 1 to 4'],
		['resources: {gpu: {total_memory: 160GB}}', 'gpu together ≥ 160 GB, 1 or more'],
		['resources: {gpu: {compute_capability: 8.6}}', 'gpu compute capability ≥ 8.6, 1 or more'],
		['resources: {gpu: "40GB..80GB:4"}', 'gpu memory 40 GB to 80 GB, 4 or more'],
		['resources: {gpu: "80GB..80GB"}', 'gpu memory exactly 80 GB, 1 or more'],
		[
			'resources: {cpu: 8, disk: 100GB}\nmax_price: 2\nmax_duration: off',
			'cpu ≥ 8 · disk ≥ 100 GB · ≤ $2.00/h · runs until stopped',
		],
		['resources: {cpu: "arm:2..8"}', 'arm cpu 2 to 8'],
		['resources: {cpu: x86}', 'x86 cpu'],
		['resources: {cpu: ..8}', 'cpu ≤ 8'],
		['resources: {memory: 16GB..64GB}', 'memory 16 GB to 64 GB'],
		['resources: {memory: 512MB, shm_size: 16GB}', 'memory ≥ 512 MB · shared memory 16 GB'],
		['max_price: 0.0547', '≤ $0.0547/h'],
		['max_price: 1.505', '≤ $1.505/h'],
		['max_duration: 90m', 'ends itself after 90 minutes'],
		['max_duration: 1d', 'ends itself after 1 day'],
		['max_duration: 2w', 'ends itself after 2 weeks'],
		['max_duration: 61', 'ends itself after 61 seconds'],
		['retry: true', 'tries again for 1 hour'],
		['retry: {on_events: [no-capacity], duration: 2h}', 'tries again for 2 hours after no-capacity'],
		['retry: false', 'anything'],
		['backends: [aws, gcp]\nregions: us-east-1', 'on aws or gcp · in us-east-1'],
		['availability_zones: [us-east-1a]\ninstance_types: [p4d.24xlarge]', 'in zone us-east-1a · as p4d.24xlarge'],
		[
			'resources: {gpu: {memory: 24GB}}\nspot_policy: auto\nmax_price: 1.5\nmax_duration: 1d',
			'gpu memory ≥ 24 GB, 1 or more · spot, then on-demand · ≤ $1.50/h · ends itself after 1 day',
		],
	])('%j: %s', async (lines, words) => {
		const {settings, diagnostics} = await readText(`${least}${lines}\n`);
		expect(diagnostics.filter(({severity}) => severity === 'error')).toEqual([]);
		expect(settingsWords(settings)).toBe(words);
	});

	it('a GPU that is not asked for is not said to be', async () => {
		for (const written of ['0', '0..', '0..4']) {
			expect(settingsWords((await readText(`${least}resources:\n  gpu: ${written}\n`)).settings)).toBe('no gpu');
		}
	});
});

describe('origins', () => {
	it('are the lines that ask, in a configuration', async () => {
		const {origins} = await readText(`type: dev-environment # 1

resources: # 3
  # four cores
  cpu: 4
  gpu:
    name: A100
regions:
  - eu-west-1
"max_price": 2
retry_policy: {limit: 1h}
`);
		expect(origins).toEqual({
			cpu: '.dstack.yml:5',
			gpu: '.dstack.yml:6',
			regions: '.dstack.yml:8',
			maxPrice: '.dstack.yml:10',
			retry: '.dstack.yml:11',
		});
	});

	it('and in a profile', async () => {
		const {profiles} = await readProfilesText(`profiles:
  - name: a
    max_price: 1
  - name: b
    resources: {cpu: 4,
      memory: 8GB}
    retry: true
`);
		expect(profiles.map(({origins}) => origins)).toEqual([
			{maxPrice: '.dstack/profiles.yml:3'},
			{cpu: '.dstack/profiles.yml:5', memory: '.dstack/profiles.yml:6', retry: '.dstack/profiles.yml:7'},
		]);
	});

	it('behind an anchor and a merge they still are lines of the file', async () => {
		const {origins, settings} = await readText(
			`${least}env: &shared {A: "1"}\nresources:\n  gpu: &gpu {count: 2}\n  <<: {cpu: 8}\ntags:\n  <<: *shared\nretry: &r {duration: 1h}\n`,
		);
		expect(settings).toMatchObject({cpu: {count: {min: 8}}, gpu: {count: {min: 2}}, tags: {A: '1'}});
		expect(origins).toEqual({gpu: '.dstack.yml:4', cpu: '.dstack.yml:5', tags: '.dstack.yml:6', retry: '.dstack.yml:8'});
	});
});
