import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {DevEnvironment, Profile, RequirementFlags} from '../../source/configuration/model.js';
import {resolveRequest} from '../../source/configuration/requirements.js';
import {problemOf} from './support.js';

const environment: DevEnvironment = {
	name: undefined,
	ide: 'vscode',
	image: undefined,
	registryAuth: undefined,
	python: undefined,
	env: {A: 'configuration', B: 'configuration'},
	build: [],
	setup: [],
	init: [],
	ports: [
		{local: 8000, remote: 8000},
		{local: 6006, remote: 6006},
	],
	entrypoint: undefined,
	homeDir: undefined,
	cache: [],
};

const profile: Profile = {
	name: 'large',
	default: true,
	backends: ['azure', 'lambda'],
	resources: {cpu: 8, memory: 24_576, gpu: {names: ['A100'], count: 2, memory: 40_960}, shmSize: 8192, disk: 102_400},
	spotPolicy: 'spot',
	maxPrice: 1.5,
	maxDuration: 86_400,
	retry: {limit: 1800},
	words: '',
};

const requirementsOf = (flags: RequirementFlags, from: Profile | 'none' = profile) =>
	resolveRequest(environment, from === 'none' ? undefined : from, flags).requirements;

describe('without any wish', () => {
	it('the defaults hold', () => {
		expect(requirementsOf({}, 'none')).toMatchObject({
			backends: undefined,
			regions: undefined,
			memory: 0,
			disk: undefined,
			gpu: undefined,
			shmSize: undefined,
			spotPolicy: 'auto',
			maxPrice: undefined,
			maxDuration: undefined,
			retry: 'off',
			image: undefined,
			origins: {},
			words: [],
		});
	});

	it('a profile that wishes nothing changes nothing', () => {
		const nothing: Profile = {
			name: 'nothing',
			default: false,
			backends: undefined,
			resources: {},
			spotPolicy: undefined,
			maxPrice: undefined,
			maxDuration: undefined,
			retry: undefined,
			words: '',
		};
		expect(requirementsOf({}, nothing)).toEqual(requirementsOf({}, 'none'));
	});
});

describe('a profile', () => {
	it('is taken over whole', () => {
		expect(requirementsOf({})).toMatchObject({
			backends: ['azure', 'lambda'],
			cpu: 8,
			memory: 24_576,
			gpu: {names: ['A100'], count: 2, memory: 40_960},
			shmSize: 8192,
			disk: 102_400,
			spotPolicy: 'spot',
			maxPrice: 1.5,
			maxDuration: 86_400,
			retry: {limit: 1800},
		});
	});

	it('is named as the origin of what it gives', () => {
		const {origins} = requirementsOf({cpu: '2'});
		expect(origins).toMatchObject({memory: 'profile large', gpu: 'profile large', maxPrice: 'profile large', cpu: '--cpu'});
		expect(origins).not.toHaveProperty('regions');
	});

	it('is said in words, in the order of weight', () => {
		expect(requirementsOf({}).words).toEqual([
			'gpu A100 ≥ 40GB ×2',
			'cpu ≥ 8',
			'memory ≥ 24GB',
			'disk ≥ 100GB',
			'shared memory 8GB',
			'≤ $1.50/h',
			'spot only',
			'up to 1d',
			'on azure or lambda',
		]);
	});
});

describe('flags', () => {
	it.each<[RequirementFlags, object]>([
		[{backends: ['aws']}, {backends: ['aws']}],
		[{regions: ['eu-west-1']}, {regions: ['eu-west-1']}],
		[{gpu: 'A10'}, {gpu: {names: ['A10'], count: 1, memory: undefined}}],
		[{gpu: '24GB'}, {gpu: {names: [], count: 1, memory: 24_576}}],
		[{gpu: '0'}, {gpu: undefined}],
		[{cpu: '4'}, {cpu: 4}],
		[{memory: '8GB'}, {memory: 8192}],
		[{disk: '50GB'}, {disk: 51_200}],
		[{maxPrice: '0.5'}, {maxPrice: 0.5}],
		[{maxDuration: '2h'}, {maxDuration: 7200}],
		[{maxDuration: 'off'}, {maxDuration: 'off'}],
		[{spotPolicy: 'on-demand'}, {spotPolicy: 'on-demand'}],
		[{retry: 'off'}, {retry: 'off'}],
		[{retry: 'on'}, {retry: {limit: 3600}}],
		[{retry: {limit: '2h'}}, {retry: {limit: 7200}}],
		[{retry: {limit: 'off'}}, {retry: 'off'}],
	])('%j replaces what the profile says, and nothing else', (flags, expected) => {
		const given = requirementsOf(flags);
		expect(given).toMatchObject(expected);
		const [key] = Object.keys(expected);
		for (const [name, value] of Object.entries(requirementsOf({}))) {
			if (![key, 'words', 'origins'].includes(name)) {
				expect([name, given[name as keyof typeof given]]).toEqual([name, value]);
			}
		}

		expect(given.origins[key ?? '']).toMatch(/^--/);
	});

	it.each<[RequirementFlags, string]>([
		[{gpu: 'A100:'}, '--gpu'],
		[{gpu: '2:4'}, '--gpu'],
		[{gpu: 'A100:0'}, '--gpu'],
		[{cpu: '0'}, '--cpu'],
		[{cpu: 'many'}, '--cpu'],
		[{memory: '24'}, '--memory'],
		[{disk: 'big'}, '--disk'],
		[{maxPrice: '-1'}, '--max-price'],
		[{maxPrice: '$1'}, '--max-price'],
		[{maxDuration: '1.5h'}, '--max-duration'],
		[{retry: {limit: 'soon'}}, '--retry-limit'],
		[{env: ['NOPE']}, '-e'],
		[{ports: ['99999']}, '-p'],
	])('%j is wrong usage, and says which flag', async (flags, flag) => {
		const problem = await problemOf(() => requirementsOf(flags));
		expect(problem.kind).toBe('usage');
		expect(problem.message.startsWith(`${flag}: `)).toBe(true);
	});

	it('a value of a variable is never repeated', async () => {
		const problem = await problemOf(() => requirementsOf({env: ['1X=hunter2']}));
		expect(problem.message).not.toContain('hunter2');
	});

	it('are said in words too', () => {
		expect(requirementsOf({regions: ['a', 'b'], gpu: 'A10', maxDuration: 'off'}, 'none').words).toEqual([
			'gpu A10 ×1',
			'runs until stopped',
			'in a or b',
		]);
	});
});

describe('the configuration', () => {
	it('brings its image, which decides what can serve', () => {
		const {requirements} = resolveRequest({...environment, image: 'debian'}, profile, {});
		expect(requirements.image).toBe('debian');
		expect(requirements.words).toContain('image debian');
	});

	it('gets the variables of the flags over its own', () => {
		const given = resolveRequest(environment, profile, {env: ['B=flag', 'C=x=y', 'B=last', '__proto__=p']}).environment;
		expect(Object.entries(given.env)).toEqual([
			['A', 'configuration'],
			['B', 'last'],
			['C', 'x=y'],
			['__proto__', 'p'],
		]);
	});

	it('gets the ports of the flags; one for a port that it names too moves that one', () => {
		const given = resolveRequest(environment, profile, {ports: ['9000:8000', '*:7000']}).environment;
		expect(given.ports).toEqual([
			{local: 6006, remote: 6006},
			{local: 9000, remote: 8000},
			{local: undefined, remote: 7000},
		]);
	});

	it('is itself left as it was', () => {
		const before = structuredClone(environment);
		resolveRequest(environment, profile, {env: ['Z=1'], ports: ['1'], gpu: 'A10'});
		expect(environment).toEqual(before);
	});
});

it('a flag always wins over the profile, the profile over the default', () => {
	const size = fc.option(fc.integer({min: 1, max: 1000}), {nil: undefined});
	fc.assert(
		fc.property(size, size, size, size, (flagCpu, profileCpu, flagMemory, profileMemory) => {
			const from = {...profile, resources: {cpu: profileCpu, memory: profileMemory && profileMemory * 1024}};
			const {cpu, memory, origins} = requirementsOf(
				{cpu: flagCpu?.toString(), memory: flagMemory === undefined ? undefined : `${flagMemory}GB`},
				from,
			);
			expect(cpu).toBe(flagCpu ?? profileCpu ?? requirementsOf({}, 'none').cpu);
			expect(memory).toBe((flagMemory ?? profileMemory ?? 0) * 1024);
			expect(origins['cpu']).toBe(flagCpu === undefined ? profileCpu && 'profile large' : '--cpu');
		}),
	);
});
