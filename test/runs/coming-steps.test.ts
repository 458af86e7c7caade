import {describe, expect, test} from 'vitest';
import type {Offer} from '../../source/offers/offer.js';
import type {ImageChoice} from '../../source/runs/model/image-choice.js';
import {comingSteps, plannedSteps} from '../../source/runs/model/coming-steps.js';
import {reduceAll} from '../../source/runs/model/reduce.js';
import type {RunEvent} from '../../source/runs/model/events.js';
import {environment} from '../environment/support.js';
import {testOffer, testSpecification} from '../support/events.js';

const configuration = environment({
	ide: undefined,
	python: '3.12',
	build: ['make base'],
	setup: ['make all'],
	init: ['make run'],
});
const docker: Offer = {...testOffer, id: 'docker', instanceType: 'docker'};
const cloud: Offer = {...testOffer, id: 'cloud', backend: 'aws', instanceType: 'g5.xlarge', region: 'us-east-1', price: 1};
const build = {key: 'k', reference: 'registry/built:k', labels: {}};
const image = (decision: ImageChoice['decision'], reference: string | undefined = 'base'): ImageChoice => ({
	image: reference,
	decision,
	build: decision === 'none' ? undefined : build,
	why: [],
});

const cases = [
	{
		where: 'a process of this machine',
		offer: testOffer,
		choice: {...image('none'), image: undefined},
		steps: ['instance', 'ssh', 'guard', 'code', 'python', 'build', 'setup', 'init'],
	},
	{
		where: 'a container here, its build reused',
		offer: docker,
		choice: image('reuse', 'built'),
		steps: ['instance', 'ssh', 'guard', 'code', 'python', 'setup', 'init'],
	},
	{
		where: 'a container here that is built',
		offer: docker,
		choice: image('build'),
		steps: ['instance', 'code', 'python', 'build', 'commit', 'sshd', 'setup', 'init'],
	},
	{
		where: 'a container on a machine, its build reused',
		offer: cloud,
		choice: image('reuse', 'built'),
		steps: ['instance', 'ssh', 'guard', 'engine', 'image', 'container', 'sshd', 'code', 'python', 'setup', 'init'],
	},
	{
		where: 'a container on a machine that is built',
		offer: cloud,
		choice: image('build'),
		steps: [
			...['instance', 'ssh', 'guard', 'engine', 'image', 'container', 'code', 'python', 'build', 'commit', 'upload', 'sshd'],
			...['setup', 'init'],
		],
	},
] as const;

describe.each(cases)('$where', ({offer, choice, steps}) => {
	const guarded = offer.backend === 'aws';
	const begin = [
		{type: 'intended', specification: testSpecification({configuration: {...configuration}, offer: {...offer}})},
		{type: 'requested', intentId: 'x', offer: {...offer}},
	];
	const chosen = {
		type: 'image-chosen',
		image: choice.image,
		...(choice.build ? {build: {...choice.build, due: choice.decision === 'build'}} : {}),
		why: [],
	};
	const created = {
		type: 'created',
		instanceId: 'i',
		workspace: '/workflow',
		stateFolder: '/dstack-tui',
		sharesNetwork: offer.instanceType === 'process',
		launchedAt: 1,
		guarded,
	};
	const state = (...events: object[]) => {
		const found = reduceAll(
			'one',
			events.map((event, at) => ({...event, at}) as RunEvent),
		);
		if (!found) {
			throw new Error('no run');
		}

		return found;
	};

	test('the plan knows its steps', () => {
		expect(plannedSteps({offer, image: choice, environment: configuration})).toEqual(steps);
	});

	test('so does the run, from its image on, and what has begun is not to come', () => {
		expect(comingSteps(state(...begin, chosen))).toEqual(steps);
		for (let begun = 1; begun <= steps.length; begun++) {
			const taken = steps
				.slice(0, begun)
				.flatMap(step => [
					{type: 'step-started', step, title: step},
					...(step === 'instance' ? [created] : []),
					{type: 'step-done', step},
				]);
			expect(comingSteps(state(...begin, chosen, ...taken))).toEqual(steps.slice(begun));
		}
	});

	test('what failed keeps what comes after it; what is ready or stopping has nothing to come', () => {
		const failed = [
			{type: 'step-started', step: 'instance', title: 'Start it'},
			{type: 'step-failed', step: 'instance', message: 'no', lastLines: []},
		];
		expect(comingSteps(state(...begin, chosen, ...failed))).toEqual(steps.slice(1));
		expect(comingSteps(state(...begin, chosen, created, {type: 'ready'}))).toEqual([]);
		expect(comingSteps(state(...begin, chosen, {type: 'stopping', reason: ''}))).toEqual([]);
	});
});

test('before its image is chosen, a process is known to build in place, and a cloud to have a machine', () => {
	const of = (offer: Offer) => {
		const found = reduceAll('one', [
			{type: 'intended', at: 0, specification: testSpecification({configuration: {...configuration}, offer: {...offer}})},
		]);
		return found ? comingSteps(found) : [];
	};

	expect(of(testOffer)).toEqual(cases[0].steps);
	expect(of(cloud)).toEqual(cases[3].steps);
});

test('the editor’s server is only put where the environment is not the person’s own machine', () => {
	const withIde = {...configuration, ide: 'vscode' as const, python: undefined};
	expect(plannedSteps({offer: docker, image: image('none'), environment: withIde})).toContain('ide');
	expect(plannedSteps({offer: testOffer, image: {...image('none'), image: undefined}, environment: withIde})).not.toContain(
		'ide',
	);
});
