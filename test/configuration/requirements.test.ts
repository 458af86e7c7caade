import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {
	DevEnvironment,
	Origins,
	Profile,
	RequirementFlags,
	Requirements,
	RequirementSettings,
} from '../../source/configuration/model.js';
import {printRange} from '../../source/configuration/grammar/ranges.js';
import {resolveRequest} from '../../source/configuration/resolve/requirements.js';
import {environment as environmentWith} from '../environment/support.js';
import {least, problemOf, readProfilesText, readText} from './support.js';

const environment: DevEnvironment = environmentWith({
	ide: 'vscode',
	env: {A: 'configuration', B: 'configuration'},
	callerEnv: ['MINE'],
	ports: [
		{local: 8000, remote: 8000},
		{local: 6006, remote: 6006},
	],
});

const configuration = {environment, settings: {}, origins: {}};

const everyEvent = ['no-capacity', 'interruption', 'error'] as const;

const large: RequirementSettings = {
	backends: ['azure', 'lambda'],
	cpu: {count: {min: 8}},
	memory: {min: 24_576},
	gpu: {names: ['A100'], count: {min: 2}, memory: {min: 40_960}},
	shmSize: 8192,
	disk: {min: 102_400},
	spotPolicy: 'spot',
	maxPrice: 1.5,
	maxDuration: 86_400,
	retry: {limit: 1800, on: everyEvent},
};

const originsFrom = (file: string, settings: RequirementSettings): Origins =>
	Object.fromEntries(Object.keys(settings).map((key, index) => [key, `${file}:${index + 1}`]));

const profileOf = (settings: RequirementSettings, name = 'large'): Profile => ({
	name,
	default: true,
	settings,
	origins: originsFrom('profiles.yml', settings),
	words: '',
	file: 'profiles.yml',
	path: '/project/profiles.yml',
	index: 0,
});

const profile = profileOf(large);

const requirementsOf = (flags: RequirementFlags, from: Profile | 'none' = profile) =>
	resolveRequest(configuration, from === 'none' ? undefined : from, flags).requirements;

/** Where each thing that is asked for came from. */
const origins = ({asked}: Requirements) => Object.fromEntries(asked.map(({key, origin}) => [key, origin]));

describe('without any wish', () => {
	it('the defaults hold', () => {
		const requirements = requirementsOf({}, 'none');
		expect(requirements).toEqual({
			cpu: {count: {min: 2}},
			memory: {min: 8192},
			spotPolicy: 'on-demand',
			retry: 'off',
			assumed: new Set(['cpu', 'memory']),
			image: undefined,
			asked: [
				{key: 'cpu', words: 'cpu ≥ 2', origin: 'default'},
				{key: 'memory', words: 'memory ≥ 8 GB', origin: 'default'},
				{key: 'spotPolicy', words: 'on-demand only', origin: 'default'},
			],
			words: [],
		});
	});

	it('a profile that asks for nothing changes nothing', () => {
		expect(requirementsOf({}, profileOf({}, 'nothing'))).toEqual(requirementsOf({}, 'none'));
	});

	it('only what was not asked for is assumed', () => {
		expect(requirementsOf({cpu: '1'}, 'none').assumed).toEqual(new Set(['memory']));
		expect(requirementsOf({memory: '1GB'}, 'none').assumed).toEqual(new Set(['cpu']));
		expect(requirementsOf({}).assumed).toEqual(new Set());
	});
});

describe('a profile', () => {
	it('is taken over whole', () => {
		expect(requirementsOf({})).toMatchObject(large);
	});

	it('is named as the origin of what it gives, by its lines', () => {
		const found = origins(requirementsOf({cpu: '2'}));
		expect(found).toMatchObject({
			memory: profile.origins.memory,
			gpu: profile.origins.gpu,
			maxPrice: profile.origins.maxPrice,
			cpu: '--cpu',
		});
		expect(found).not.toHaveProperty('regions');
	});

	it('is said in words, in the order of weight', () => {
		expect(requirementsOf({}).words).toEqual([
			'gpu A100 memory ≥ 40 GB, 2 or more',
			'cpu ≥ 8',
			'memory ≥ 24 GB',
			'disk ≥ 100 GB',
			'shared memory 8 GB',
			'spot only',
			'≤ $1.50/h',
			'ends itself after 1 day',
			'tries again for 30 minutes',
			'on azure or lambda',
		]);
	});
});

describe('flags', () => {
	it.each<[RequirementFlags, Partial<Requirements>]>([
		[{backends: ['aws']}, {backends: ['aws']}],
		[{regions: ['eu-west-1']}, {regions: ['eu-west-1']}],
		[{instanceTypes: ['p4d.24xlarge']}, {instanceTypes: ['p4d.24xlarge']}],
		[{gpu: 'A10:1:24GB'}, {gpu: {names: ['A10'], count: {min: 1}, memory: {min: 24_576}}}],
		[{gpu: '0'}, {gpu: undefined}],
		[{gpu: '0..'}, {gpu: undefined}],
		[{cpu: '4'}, {cpu: {count: {min: 4}}}],
		[{cpu: 'arm:2..8'}, {cpu: {architecture: 'arm64', count: {min: 2, max: 8}}}],
		[{memory: '8GB'}, {memory: {min: 8192}}],
		[{memory: '8GB..16GB'}, {memory: {min: 8192, max: 16_384}}],
		[{disk: '50GB'}, {disk: {min: 51_200}}],
		[{maxPrice: '0.5'}, {maxPrice: 0.5}],
		[{maxDuration: '2h'}, {maxDuration: 7200}],
		[{maxDuration: 'off'}, {maxDuration: 'off'}],
		[{spotPolicy: 'on-demand'}, {spotPolicy: 'on-demand'}],
		[{retry: 'off'}, {retry: 'off'}],
		[{retry: 'on'}, {retry: {limit: 3600, on: everyEvent}}],
		[{retry: {limit: '2h'}}, {retry: {limit: 7200, on: everyEvent}}],
		[{retry: {limit: 'off'}}, {retry: 'off'}],
	])('%j replaces what the profile says, and nothing else', (flags, expected) => {
		const given = requirementsOf(flags);
		const [key = ''] = Object.keys(expected) as Array<keyof Requirements>;
		expect(given[key as keyof Requirements]).toEqual(expected[key as keyof Requirements]);
		for (const [name, value] of Object.entries(requirementsOf({}))) {
			if (![key, 'words', 'asked'].includes(name)) {
				expect([name, given[name as keyof typeof given]]).toEqual([name, value]);
			}
		}

		const [flag = ''] = Object.keys(flags);
		expect(resolvedOrigin(flags, key)).toMatch(flag === 'gpu' || flag === 'retry' ? /^--|^$/ : /^--/);
	});

	/** The origin of a wish that flags made; empty for one that is taken back and so has no words. */
	const resolvedOrigin = (flags: RequirementFlags, key: string) => origins(requirementsOf(flags))[key] ?? '';

	it.each<[string, RequirementFlags]>([
		['--backend', {backends: ['aws']}],
		['--region', {regions: ['x']}],
		['--instance-type', {instanceTypes: ['x']}],
		['--gpu', {gpu: 'A10'}],
		['--cpu', {cpu: '4'}],
		['--memory', {memory: '4GB'}],
		['--disk', {disk: '4GB'}],
		['--max-price', {maxPrice: '1'}],
		['--max-duration', {maxDuration: '1h'}],
		['--spot-policy', {spotPolicy: 'auto'}],
		['--retry', {retry: 'on'}],
	])('%s is the origin of what it asks for', (flag, flags) => {
		expect(requirementsOf(flags, 'none').asked.filter(({origin}) => origin !== 'default')).toMatchObject([{origin: flag}]);
	});

	it.each<[string | undefined, string, object | undefined]>([
		['A100:2:40GB', '24GB', {names: ['A100'], count: {min: 2}, memory: {min: 24_576}}],
		['A100:2:40GB', 'H100', {names: ['H100'], count: {min: 2}, memory: {min: 40_960}}],
		['A100:2:40GB', '4', {names: ['A100'], count: {min: 4}, memory: {min: 40_960}}],
		['A100:2:40GB', '8:80GB..', {names: ['A100'], count: {min: 8}, memory: {min: 81_920}}],
		['A100:2:40GB', 'amd', {vendor: 'amd', names: ['A100'], count: {min: 2}, memory: {min: 40_960}}],
		['A100', '0', undefined],
		['0', 'A100', {names: ['A100']}],
		[undefined, 'A100', {names: ['A100']}],
		[undefined, '0', undefined],
	])('resources.gpu %s with --gpu %s: only the parts that the flag says change', async (written, flag, expected) => {
		const lines = written === undefined ? '' : `resources:\n  gpu: ${written}\n`;
		const file = await readText(least + lines);
		const {requirements} = resolveRequest({...file, environment}, undefined, {gpu: flag});
		expect(requirements.gpu).toEqual(expected);
		expect(origins(requirements)['gpu']).toBe(expected && '--gpu');
	});

	it('--gpu changes the request that counts: that of the configuration, not of the profile below it', async () => {
		const file = await readText(`${least}resources:\n  gpu: 24GB\n`);
		const {requirements} = resolveRequest({...file, environment}, profile, {gpu: 'L4'});
		expect(requirements.gpu).toEqual({names: ['L4'], memory: {min: 24_576}});
	});

	it.each<[RequirementFlags, string]>([
		[{gpu: 'A100:'}, '--gpu'],
		[{gpu: '2:4'}, '--gpu'],
		[{gpu: 'A100:0'}, '--gpu'],
		[{cpu: '0'}, '--cpu'],
		[{cpu: 'many'}, '--cpu'],
		[{cpu: '8..2'}, '--cpu'],
		[{memory: '24'}, '--memory'],
		[{memory: '24GB..8GB'}, '--memory'],
		[{disk: 'big'}, '--disk'],
		[{maxPrice: '-1'}, '--max-price'],
		[{maxPrice: '$1'}, '--max-price'],
		[{maxDuration: '1.5h'}, '--max-duration'],
		[{retry: {limit: 'soon'}}, '--retry-limit'],
		[{backends: ['asw']}, '--backend'],
		[{env: ['NO NAME']}, '-e'],
		[{ports: ['99999']}, '-p'],
	])('%j is wrong usage, and says which flag', async (flags, flag) => {
		const problem = await problemOf(() => requirementsOf(flags));
		expect(problem.kind).toBe('usage');
		expect(problem.message.startsWith(`${flag}: `)).toBe(true);
	});

	it('a backend that was probably meant is named', async () => {
		const problem = await problemOf(() => requirementsOf({backends: ['lamda']}));
		expect(problem.message).toMatch(/'lamda'.*did you mean lambda\?/);
	});

	it('a value of a variable is never repeated', async () => {
		const problem = await problemOf(() => requirementsOf({env: ['1X=hunter2']}));
		expect(problem.message).not.toContain('hunter2');
	});

	it('are said in words too', () => {
		expect(requirementsOf({regions: ['a', 'b'], gpu: 'A10', maxDuration: 'off'}, 'none').words).toEqual([
			'gpu A10, 1 or more',
			'runs until stopped',
			'in a or b',
		]);
	});
});

describe('the configuration', () => {
	it('brings its image, which decides what can serve', () => {
		const withImage = {...configuration, environment: {...environment, image: 'debian'}};
		const {requirements} = resolveRequest(withImage, profile, {});
		expect(requirements.image).toBe('debian');
		expect(requirements.words).toContain('image debian');
	});

	it('gets the variables of the flags over its own', () => {
		const given = resolveRequest(configuration, profile, {env: ['B=flag', 'C=x=y', 'B=last', '__proto__=p']}).environment;
		expect(Object.entries(given.env)).toEqual([
			['A', 'configuration'],
			['B', 'last'],
			['C', 'x=y'],
			['__proto__', 'p'],
		]);
		expect(given.callerEnv).toEqual(['MINE']);
	});

	it('gets the bare variables of the flags; a value settles a bare one, and a bare one takes a value away', () => {
		const given = resolveRequest(configuration, profile, {env: ['MINE=given', 'A', 'OTHER']}).environment;
		expect(given.env).toEqual({B: 'configuration', MINE: 'given'});
		expect(given.callerEnv).toEqual(['A', 'OTHER']);
	});

	it('of two flags for one variable the last counts, with a value or without', () => {
		const last = (env: string[]) => resolveRequest(configuration, undefined, {env}).environment;
		expect(last(['X=1', 'X']).callerEnv).toEqual(['MINE', 'X']);
		expect(last(['X=1', 'X']).env).not.toHaveProperty('X');
		expect(last(['X', 'X=1']).callerEnv).toEqual(['MINE']);
		expect(last(['X', 'X=1']).env).toHaveProperty('X', '1');
	});

	it('gets the ports of the flags; one for a port that it names too moves that one', () => {
		const given = resolveRequest(configuration, profile, {ports: ['9000:8000', '*:7000']}).environment;
		expect(given.ports).toEqual([
			{local: 6006, remote: 6006},
			{local: 9000, remote: 8000},
			{local: undefined, remote: 7000},
		]);
	});

	it('is itself left as it was', () => {
		const before = structuredClone(environment);
		resolveRequest(configuration, profile, {env: ['Z=1'], ports: ['1'], gpu: 'A10'});
		expect(environment).toEqual(before);
	});
});

describe('precedence', () => {
	it('a flag always wins over the configuration, that over the profile, that over the default', () => {
		const size = fc.option(fc.integer({min: 1, max: 1000}), {nil: undefined});
		const layer = (cpu: number | undefined, memory: number | undefined): RequirementSettings => ({
			...(cpu === undefined ? {} : {cpu: {count: {min: cpu}}}),
			...(memory === undefined ? {} : {memory: {min: memory * 1024}}),
		});
		fc.assert(
			fc.property(size, size, size, size, size, size, (flagCpu, fileCpu, profileCpu, flagMemory, fileMemory, profileMemory) => {
				const settings = layer(fileCpu, fileMemory);
				const {requirements} = resolveRequest(
					{environment, settings, origins: originsFrom('file.yml', settings)},
					profileOf(layer(profileCpu, profileMemory)),
					{cpu: flagCpu?.toString(), memory: flagMemory === undefined ? undefined : `${flagMemory}GB`},
				);
				expect(requirements.cpu.count.min).toBe(flagCpu ?? fileCpu ?? profileCpu ?? 2);
				expect(requirements.memory.min).toBe((flagMemory ?? fileMemory ?? profileMemory ?? 8) * 1024);
				expect(requirements.assumed.has('cpu')).toBe((flagCpu ?? fileCpu ?? profileCpu) === undefined);
				const origin = origins(requirements)['cpu'] ?? '';
				const expected =
					flagCpu === undefined
						? fileCpu === undefined
							? profileCpu === undefined
								? 'default'
								: 'profiles.yml'
							: 'file.yml'
						: '--cpu';
				expect(origin.replace(/:\d+$/, '')).toBe(expected);
			}),
		);
	});

	it('is decided key by key, and each origin is a line of a real file', async () => {
		const file = await readText(`type: dev-environment
# what it needs
resources:
  gpu: 24GB
  cpu: 4..
spot_policy: auto
max_price: 2
`);
		const {profiles} = await readProfilesText(`profiles:
  - name: night
    max_price: 1.5
    max_duration: 1d
    resources:
      memory: 32GB
      disk: 100GB..
    regions: [eu-west-1]
`);
		const {requirements} = resolveRequest({...file, environment: file.environment!}, profiles[0], {disk: '200GB'});
		expect(requirements.asked).toEqual([
			{key: 'gpu', words: 'gpu memory ≥ 24 GB, 1 or more', origin: '.dstack.yml:4'},
			{key: 'cpu', words: 'cpu ≥ 4', origin: '.dstack.yml:5'},
			{key: 'memory', words: 'memory ≥ 32 GB', origin: '.dstack/profiles.yml:6'},
			{key: 'disk', words: 'disk ≥ 200 GB', origin: '--disk'},
			{key: 'spotPolicy', words: 'spot, then on-demand', origin: '.dstack.yml:6'},
			{key: 'maxPrice', words: '≤ $2.00/h', origin: '.dstack.yml:7'},
			{key: 'maxDuration', words: 'ends itself after 1 day', origin: '.dstack/profiles.yml:4'},
			{key: 'regions', words: 'in eu-west-1', origin: '.dstack/profiles.yml:8'},
		]);
	});

	it("the issue's own sentence", async () => {
		const file = await readText(`${least}resources: {gpu: 24GB}\nspot_policy: auto\nmax_price: 1.5\nmax_duration: 1d\n`);
		const {requirements} = resolveRequest({...file, environment: file.environment!}, undefined, {});
		expect(requirements.words.join(' · ')).toBe(
			'gpu memory ≥ 24 GB, 1 or more · spot, then on-demand · ≤ $1.50/h · ends itself after 1 day',
		);
	});

	it('a configuration takes back what a profile asks for', async () => {
		const file = await readText(`${least}resources:\n  gpu: 0\nretry: false\nmax_duration: off\n`);
		const {requirements} = resolveRequest({...file, environment: file.environment!}, profile, {});
		expect(requirements.gpu).toBeUndefined();
		expect(requirements.retry).toBe('off');
		expect(requirements.maxDuration).toBe('off');
		expect(requirements.words.join()).not.toContain('gpu');
	});
});

it('a range on the command line is the range that is asked for', () => {
	const ends = fc.tuple(fc.integer({min: 1, max: 64}), fc.integer({min: 0, max: 64}));
	fc.assert(
		fc.property(ends, ([min, more]) => {
			const range = {min, max: min + more};
			expect(requirementsOf({cpu: printRange(range)}).cpu).toEqual({count: range});
		}),
	);
});
