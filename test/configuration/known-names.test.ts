import {describe, expect, it} from 'vitest';
import {doubtfulBackend, doubtfulGpu, knownBackends, knownGpus} from '../../source/configuration/schema/known-names.js';

describe('known names', () => {
	it('are each there once, and none is doubtful', () => {
		for (const [names, doubt] of [
			[knownBackends, doubtfulBackend],
			[knownGpus, doubtfulGpu],
		] as const) {
			expect(new Set(names).size).toBe(names.length);
			expect(names.filter(name => doubt(name) !== undefined)).toEqual([]);
		}
	});

	it("hold dstack's backends of 0.11", () => {
		expect(knownBackends).toEqual(expect.arrayContaining(['local', 'aws', 'azure', 'gcp', 'lambda']));
	});

	it.each([
		['azzure', 'azure'],
		['AWS', 'aws'],
		['run-pod', 'runpod'],
		['nowhere', undefined],
	])('the backend %s: %s', (name, meant) => {
		expect(doubtfulBackend(name)).toEqual({meant});
	});

	it.each([
		['H1O0', 'H100'],
		['RTX4O90', 'RTX4090'],
		['Quantum', undefined],
	])('the GPU %s: %s', (name, meant) => {
		expect(doubtfulGpu(name)?.meant).toBe(meant);
	});

	it.each(['v2-8', 'V5LITEPOD-8', 'tpu-v4', 'a100', 'mi300x'])('%s is none to doubt', name => {
		expect(doubtfulGpu(name)).toBeUndefined();
	});
});
