import {describe, expect, test} from 'vitest';
import type {Output} from '../../source/commands/io.js';
import {runPlainly} from '../../source/commands/run.js';
import type {Core} from '../../source/runs/core.js';
import type {Plan} from '../../source/runs/model/choice.js';
import type {ImageChoice} from '../../source/runs/model/image-choice.js';
import {Problem} from '../../source/system/problem.js';
import {environment} from '../environment/support.js';
import {testOffer} from '../support/events.js';
import {configurationFile, testCore} from '../support/ui.js';

const image = (changes: Partial<ImageChoice>): ImageChoice => ({
	image: 'dstackai/base:py3.12',
	decision: 'missing',
	build: {key: 'k', reference: 'registry.example/built:k', labels: {}},
	why: ['never built'],
	...changes,
});

/** `run` up to where it would ask or launch; what it printed, and the problem it ended with. */
async function run(changes: Partial<Plan>, yes = true) {
	const told: {lines: string[]; objects: Array<Record<string, unknown>>} = {lines: [], objects: []};
	const output: Output = {
		json: true,
		line: (text = '') => void told.lines.push(text),
		object: value => void told.objects.push(value as Record<string, unknown>),
		drained: async () => undefined,
		note: () => undefined,
	};
	const launched: Plan[] = [];
	const core: Partial<Core> = {
		configurations: async () => [configurationFile({environment: environment({build: ['pip install x']})})],
		plan: async (request, offer, options) => ({...(await testCore().plan(request, offer, options)), ...changes}),
		async launch(plan) {
			launched.push(plan);
			throw new Error('launched');
		},
	};
	const problem: unknown = await runPlainly(testCore(core), {flags: {}, detach: true, yes}, output).catch(
		(error: unknown) => error,
	);
	return {...told, launched, problem, plan: told.objects.find(({type}) => type === 'plan')};
}

describe('run without the full screen', () => {
	test.each([[true], [false]])('refuses a missing build before it asks or spends anything (-y: %s)', async yes => {
		const {problem, launched, lines, plan} = await run({image: image({})}, yes);
		expect(problem).toBeInstanceOf(Problem);
		expect(problem).toMatchObject({kind: 'configuration', details: ['never built']});
		expect((problem as Problem).next).toContain('--build');
		expect(launched).toEqual([]);
		expect(lines).toContain('Build: none yet: never built');
		expect(plan).toMatchObject({
			image: {reference: 'dstackai/base:py3.12', build: 'missing', builds: 'registry.example/built:k', why: ['never built']},
		});
	});

	test('says what is reused and when it will be ready, and launches', async () => {
		const {lines, plan, launched} = await run({
			image: image({decision: 'reuse', image: 'registry.example/built:k', why: ['made 2 days ago, 1.2GB']}),
			expected: 190,
		});
		expect(launched).toHaveLength(1);
		expect(lines).toContain('Image: registry.example/built:k');
		expect(lines).toContain('Build: reused: made 2 days ago, 1.2GB');
		expect(lines).toContain('Ready: in about 3 min, as earlier runs took');
		expect(plan).toMatchObject({expected: 190, image: {build: 'reuse'}});
	});

	test('-y alone starts no process where a container was to be had; without it nobody is there to be asked', async () => {
		const none = {image: image({image: undefined, decision: 'none', build: undefined, why: []})};
		const instead = {
			...testOffer,
			instanceType: 'docker',
			kind: 'container' as const,
			availability: 'unavailable' as const,
			notes: ['No image.'],
		};
		for (const yes of [true, false]) {
			const {problem, launched, lines, plan} = await run({...none, instead}, yes);
			expect(launched).toEqual([]);
			expect(problem).toMatchObject({kind: yes ? 'no-offer' : 'usage'});
			expect((problem as Problem).next).toContain('--backend local --instance-type');
			expect(lines.join('\n')).toMatch(/Note: Its commands run as you on this machine itself, without isolation.*No image\./);
			expect(plan).toMatchObject({isolation: expect.any(String) as string});
		}
	});

	test('of a host process without a past, nothing of it', async () => {
		const {lines, plan} = await run({image: image({image: undefined, decision: 'none', build: undefined, why: []})});
		expect(lines.filter(line => /^(Image|Build|Ready):/.test(line))).toEqual([]);
		expect(plan).toMatchObject({expected: null, image: {reference: null, build: 'none', builds: null, why: []}});
	});
});
