import {describe, expect, test} from 'vitest';
import type {Plan} from '../../source/runs/model/choice.js';
import {givenLines, leavingCautions, leavingLines} from '../../source/runs/words/leaving-words.js';
import {testOffer} from '../support/events.js';

const nothing: Plan['leaving'] = {files: [], variables: [], secrets: [], agent: false, reverse: []};
const container = {...testOffer, instanceType: 'docker', kind: 'container' as const};
const machine = {...testOffer, backend: 'aws', instanceType: 'm5.large', kind: 'machine' as const, price: 1};
const plan = (changes: Partial<Plan>): Plan =>
	({leaving: nothing, logins: [], given: {privileged: false, docker: false, caches: []}, offer: container, ...changes}) as Plan;

describe('what an environment is given', () => {
	test.each([
		['`privileged`', {privileged: true, docker: false, caches: []}],
		['`docker`, an engine inside,', {privileged: true, docker: true, caches: []}],
	])('%s in a container of this machine is a caution; on a machine of its own it is told', (why, given) => {
		const here = `${why} gives it all rights over this machine: what runs in it can become root here`;
		expect(givenLines(plan({given}))).toEqual([['given', here]]);
		expect(leavingCautions(plan({given}))).toEqual([here]);
		expect(givenLines(plan({given, offer: machine}))).toEqual([
			['given', `${why} gives it all rights over its machine, where nothing else of yours is`],
		]);
		expect(leavingCautions(plan({given, offer: machine}))).toEqual([]);
	});

	test('folders that are kept are told with the place where they are; a process has its own', () => {
		const given = {privileged: true, docker: true, caches: ['/root/.cache']};
		expect(givenLines(plan({given: {...given, privileged: false, docker: false}}))).toEqual([
			['mounts', '/root/.cache: volumes of the engine here, for this and later environments of the configuration'],
		]);
		expect(givenLines(plan({given, offer: machine}))[1]?.[1]).toContain('kept in the registry of the settings');
		expect(givenLines(plan({given, offer: testOffer}))).toEqual([]);
	});
});

test('nothing that a file’s name holds reaches the terminal as it is, and nothing is said where nothing goes', () => {
	const files = [{local: 'a\u001B[2Jb', source: '/x/a\u001B]0;t\u0007b', remote: 'c\u001B[1m', bytes: 1, outside: true}];
	const told = plan({leaving: {...nothing, files}});
	const texts = [...leavingLines(told).map(([, text]) => text), ...leavingCautions(told)];
	expect(texts).toHaveLength(2);
	for (const text of texts) {
		expect(text).not.toMatch(/[\u0000-\u001F]/);
	}

	expect([...leavingLines(plan({})), ...givenLines(plan({})), ...leavingCautions(plan({}))]).toEqual([]);
});
