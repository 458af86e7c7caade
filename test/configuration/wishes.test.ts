import {describe, expect, it} from 'vitest';
import type {Wishes} from '../../source/configuration/model.js';
import {wishWords} from '../../source/configuration/words.js';
import {least, placeOf, readProfilesText, readText} from './support.js';

const gb = 1024;
const everyEvent = ['no-capacity', 'interruption', 'error'] as const;

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

const accepted: ReadonlyArray<readonly [lines: string, wishes: Wishes]> = [
	// Resources, as 0.11 has them.
	['resources: {cpu: 4}', {cpu: {count: {min: 4}}}],
	['resources: {memory: 512MB}', {memory: {min: 512}}],
	['resources: {memory: "24 gb"}', {memory: {min: 24 * gb}}],
	['resources: {gpu: 2}', {gpu: {count: {min: 2}}}],
	['resources: {gpu: 0}', {gpu: {count: {min: 0}}}],
	['resources: {gpu: {name: A100, count: 2, memory: 40GB}}', {gpu: {names: ['A100'], count: {min: 2}, memory: {min: 40 * gb}}}],
	['resources: {gpu: {memory: 48GB}}', {gpu: {memory: {min: 48 * gb}}}],
	['resources: {gpu: {}}', {gpu: {}}],
	['resources: {shm_size: 8GB}', {shmSize: 8 * gb}],
	['resources: {}', {}],
	['resources:', {}],
	// Ranges and what today's dstack adds.
	['resources: {cpu: 4..}', {cpu: {count: {min: 4}}}],
	['resources: {cpu: 2..8}', {cpu: {count: {min: 2, max: 8}}}],
	['resources: {cpu: ..8}', {cpu: {count: {max: 8}}}],
	['resources: {cpu: 8..8}', {cpu: {count: {min: 8, max: 8}}}],
	['resources: {cpu: "arm:8.."}', {cpu: {architecture: 'arm64', count: {min: 8}}}],
	['resources: {cpu: x86:16}', {cpu: {architecture: 'x86_64', count: {min: 16}}}],
	['resources: {cpu: {min: 2, max: 8}}', {cpu: {count: {min: 2, max: 8}}}],
	['resources: {cpu: {arch: arm, count: 4..}}', {cpu: {architecture: 'arm64', count: {min: 4}}}],
	['resources: {cpu: {arch: x86, count: {min: 2, max: 8}}}', {cpu: {architecture: 'x86_64', count: {min: 2, max: 8}}}],
	['resources: {cpu: {count: 4}}', {cpu: {count: {min: 4}}}],
	['resources: {cpu: {arch: arm}}', {cpu: {architecture: 'arm64', count: {}}}],
	['resources: {cpu: {arch: , count: 4, min: }}', {cpu: {count: {min: 4}}}],
	['resources: {cpu: {min: 2, max: }}', {cpu: {count: {min: 2}}}],
	['resources: {memory: 16GB..64GB}', {memory: {min: 16 * gb, max: 64 * gb}}],
	['resources: {memory: {min: 16GB, max: 64GB}}', {memory: {min: 16 * gb, max: 64 * gb}}],
	['resources: {memory: {min: 16GB}}', {memory: {min: 16 * gb}}],
	['resources: {memory: {max: 64GB}}', {memory: {max: 64 * gb}}],
	['resources: {memory: {min: 16GB, max: }}', {memory: {min: 16 * gb}}],
	['resources: {disk: 1TB}', {disk: {min: gb * gb}}],
	['resources: {disk: 100GB..}', {disk: {min: 100 * gb}}],
	['resources: {disk: {size: 100GB..500GB}}', {disk: {min: 100 * gb, max: 500 * gb}}],
	['resources: {gpu: A100}', {gpu: {names: ['A100']}}],
	['resources: {gpu: "A100:2:40GB"}', {gpu: {names: ['A100'], count: {min: 2}, memory: {min: 40 * gb}}}],
	['resources: {gpu: "24GB..80GB:1..4"}', {gpu: {memory: {min: 24 * gb, max: 80 * gb}, count: {min: 1, max: 4}}}],
	['resources: {gpu: "A10G,A100"}', {gpu: {names: ['A10G', 'A100']}}],
	['resources: {gpu: 24GB}', {gpu: {memory: {min: 24 * gb}}}],
	['resources: {gpu: nvidia}', {gpu: {vendor: 'nvidia'}}],
	['resources: {gpu: "tpu:v2-8"}', {gpu: {vendor: 'google', names: ['v2-8']}}],
	['resources: {gpu: "0.."}', {gpu: {count: {min: 0}}}],
	['resources: {gpu: {name: [A100, H100], vendor: nvidia}}', {gpu: {vendor: 'nvidia', names: ['A100', 'H100']}}],
	['resources: {gpu: {name: "A100,H100"}}', {gpu: {names: ['A100', 'H100']}}],
	['resources: {gpu: {count: 1..4}}', {gpu: {count: {min: 1, max: 4}}}],
	['resources: {gpu: {count: {min: 1, max: 4}}}', {gpu: {count: {min: 1, max: 4}}}],
	['resources: {gpu: {count: {max: 4}, memory: {min: 24GB}}}', {gpu: {count: {max: 4}, memory: {min: 24 * gb}}}],
	['resources: {gpu: {total_memory: 160GB..}}', {gpu: {totalMemory: {min: 160 * gb}}}],
	['resources: {gpu: {compute_capability: 8.6}}', {gpu: {computeCapability: {min: 8.6}}}],
	['resources: {gpu: {name: , count: 2}}', {gpu: {count: {min: 2}}}],
	// Policies.
	['backends: [azure, lambda]', {backends: ['azure', 'lambda']}],
	['backends: aws', {backends: ['aws']}],
	['regions: [eu-west-1, us-east-1]', {regions: ['eu-west-1', 'us-east-1']}],
	['regions: eu-west-1', {regions: ['eu-west-1']}],
	['availability_zones: [us-east-1a]', {availabilityZones: ['us-east-1a']}],
	['instance_types: [p4d.24xlarge]', {instanceTypes: ['p4d.24xlarge']}],
	['spot_policy: spot', {spotPolicy: 'spot'}],
	['spot_policy: on-demand', {spotPolicy: 'on-demand'}],
	['spot_policy: ondemand', {spotPolicy: 'on-demand'}],
	['spot_policy: auto', {spotPolicy: 'auto'}],
	['max_price: 1.5', {maxPrice: 1.5}],
	['max_price: 2', {maxPrice: 2}],
	['max_duration: 3600', {maxDuration: 3600}],
	['max_duration: 6h', {maxDuration: 21_600}],
	['max_duration: 1d', {maxDuration: 86_400}],
	['max_duration: off', {maxDuration: 'off'}],
	['max_duration: "off"', {maxDuration: 'off'}],
	['max_duration: false', {maxDuration: 'off'}],
	['retry_policy: true', {retry: {limit: 3600, on: everyEvent}}],
	['retry_policy: yes', {retry: {limit: 3600, on: everyEvent}}],
	['retry_policy: false', {retry: 'off'}],
	['retry_policy: {}', {retry: 'off'}],
	['retry_policy: {retry: true}', {retry: {limit: 3600, on: everyEvent}}],
	['retry_policy: {retry: false}', {retry: 'off'}],
	['retry_policy: {limit: 2h}', {retry: {limit: 7200, on: everyEvent}}],
	['retry_policy: {retry: yes, limit: 30m}', {retry: {limit: 1800, on: everyEvent}}],
	['retry_policy: {retry: false, limit: 30m}', {retry: 'off'}],
	['retry_policy: {limit: off}', {retry: 'off'}],
	['retry: true', {retry: {limit: 3600, on: everyEvent}}],
	['retry: on', {retry: {limit: 3600, on: everyEvent}}],
	['retry: false', {retry: 'off'}],
	['retry: off', {retry: 'off'}],
	['retry: {on_events: [no-capacity, interruption], duration: 2h}', {retry: {limit: 7200, on: ['no-capacity', 'interruption']}}],
	['retry: {on_events: [error]}', {retry: {limit: 3600, on: ['error']}}],
	['retry: {duration: 30m}', {retry: {limit: 1800, on: everyEvent}}],
	['retry: {duration: off}', {retry: 'off'}],
	['inactivity_duration: off', {inactivityDuration: 'off'}],
];

describe('what a configuration and a profile may both ask for', () => {
	it.each(accepted)('%s', async (lines, wishes) => {
		const {configuration, profile, diagnostics} = await readBoth(lines);
		for (const found of diagnostics) {
			expect(found.filter(({severity}) => severity === 'error')).toEqual([]);
		}

		expect(configuration.wishes).toEqual(wishes);
		expect(profile?.wishes).toEqual(wishes);
		// What was not said is not there, so that it hides nothing below it.
		expect(Object.keys(configuration.wishes)).toEqual(Object.keys(wishes));
	});

	it.each<[lines: string, wishes: Wishes, key: string]>([
		['inactivity_duration: 2h', {inactivityDuration: 7200}, 'inactivity_duration'],
		['tags: {team: ml, cost: 3, gpu: true}', {tags: {team: 'ml', cost: '3', gpu: 'true'}}, 'tags'],
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
	])('%s is understood, and the warning says why it has no effect', async (lines, wishes, key) => {
		const {configuration, profile, diagnostics} = await readBoth(lines);
		expect(configuration.wishes).toEqual(wishes);
		expect(profile?.wishes).toEqual(wishes);
		for (const [index, found] of diagnostics.entries()) {
			expect(found).toMatchObject([{severity: 'warning', line: index + 2, column: index === 0 ? 1 : 5}]);
			expect(found[0]?.message).toMatch(new RegExp(`^\`${key}\` has no effect: \\S.*\\S$`));
		}
	});

	it.each([
		['retry: true\nretry_policy: {limit: 1h}', '`retry` says the same'],
		['backends: [asw]', "there is no backend 'asw'"],
		['resources: {gpu: 24GB..8GB}', 'ends before it begins'],
		['resources: {cpu: 8..2}', 'ends before it begins'],
		['resources: {memory: {min: 64GB, max: 16GB}}', 'ends before it begins'],
		['resources: {cpu: {min: 8, max: 2}}', 'ends before it begins'],
		['resources: {cpu: {arch: riscv}}', 'x86 or arm'],
		['resources: {cpu: {arch: arm, count: "arm:8"}}', 'number of cores'],
		['resources: {cpu: {min: -3}}', 'above 0'],
		['resources: {cpu: {min: 2..4}}', 'one end of a range'],
		['resources: {memory: {min: 2GB..4GB}}', 'one end of a range'],
		['resources: {gpu: {count: {max: ..4}}}', 'one end of a range'],
		['resources: {cpu: {arch: arm, count: -1}}', 'above 0'],
		['resources: {cpu: {cores: 3}}', "unknown key 'cores'"],
		['resources: {cpu: true}', 'number of cores'],
		['resources: {cpu: [4]}', 'number of cores'],
		['resources: {memory: {}}', 'expected min, max or both'],
		['resources: {memory: 24}', '24GB or 24MB'],
		['resources: {memory: 24..}', '24GB or 24MB'],
		['resources: {disk: 100}', '100GB or 100MB'],
		['resources: {disk: {size: 100}}', '100GB or 100MB'],
		['resources: {disk: {}}', '`size` is missing'],
		['resources: {shm_size: 8}', '8GB or 8MB'],
		['resources: {shm_size: 8GB..}', 'size such as'],
		['resources: {gpu: {memory: 24}}', '24GB or 24MB'],
		['resources: {gpu: {vendor: matrox}}', 'expected one of nvidia'],
		['resources: {gpu: {name: []}}', 'found an empty list'],
		['resources: {gpu: {name: "A100,,H100"}}', "GPU's name"],
		['resources: {gpu: {name: 3}}', 'GPU name'],
		['resources: {gpu: {count: 1.5}}', 'whole number'],
		['resources: {gpu: {count: 2000}}', 'at most 1000'],
		['resources: {gpu: {compute_capability: sm_86}}', 'compute capability'],
		['resources: {gpu: true}', 'a count, a GPU'],
		['spot_policy: cheap', 'expected one of spot, on-demand, auto'],
		['spot_policy: 1', 'expected one of spot, on-demand, auto'],
		['max_price: cheap', 'dollars per hour'],
		['max_price: -1', 'above 0'],
		['max_duration: 1.5h', 'duration'],
		['max_duration: true', 'duration'],
		['inactivity_duration: soon', 'duration'],
		['retry: sometimes', 'true, false, or a map'],
		['retry_policy: sometimes', 'true, false, or a map'],
		['retry: 3', 'true, false, or a map'],
		['retry: {on_events: [fire]}', 'expected one of no-capacity, interruption, error'],
		['retry: {on_events: error}', 'a list of no-capacity'],
		['retry: {retries: 3}', "unknown key 'retries'"],
		['regions: []', 'found an empty list'],
		['regions: [3]', 'a region such as'],
		['resources: {disk: {size: 1GB, min: 1GB}}', "unknown key 'min'; known here: size"],
		['tags: [a]', 'map of names'],
		['tags: {a: [b]}', 'expected text, a number, or true or false'],
		['termination_policy: keep', 'expected one of terminate'],
	])('%s: %s', async (lines, words) => {
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
		expect(configuration.wishes).toEqual({});
		expect(profile?.wishes).toEqual({});
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
		const {diagnostics, environment, wishes} = await readText(`${least}resources:\n  gpu: ${name}:2\n`);
		expect(environment).toBeDefined();
		expect(wishes.gpu?.names).toEqual([name]);
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
		const {wishes, diagnostics} = await readText(`${least}${lines}\n`);
		expect(diagnostics.filter(({severity}) => severity === 'error')).toEqual([]);
		expect(wishWords(wishes)).toBe(words);
	});

	it('a GPU that is not asked for is not said to be', async () => {
		for (const written of ['0', '0..', '0..4']) {
			expect(wishWords((await readText(`${least}resources:\n  gpu: ${written}\n`)).wishes)).toBe('no gpu');
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
		const {origins, wishes} = await readText(
			`${least}env: &shared {A: "1"}\nresources:\n  gpu: &gpu {count: 2}\n  <<: {cpu: 8}\ntags:\n  <<: *shared\nretry: &r {duration: 1h}\n`,
		);
		expect(wishes).toMatchObject({cpu: {count: {min: 8}}, gpu: {count: {min: 2}}, tags: {A: '1'}});
		expect(origins).toEqual({gpu: '.dstack.yml:4', cpu: '.dstack.yml:5', tags: '.dstack.yml:6', retry: '.dstack.yml:8'});
	});
});
