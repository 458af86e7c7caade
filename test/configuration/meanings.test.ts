import {describe, expect, it} from 'vitest';
import type {RequirementFlags} from '../../source/configuration/model.js';
import {resolveRequest} from '../../source/configuration/resolve/requirements.js';
import {mismatch} from '../../source/offers/matching.js';
import type {Offer} from '../../source/offers/offer.js';
import {matchRows} from '../../source/offers/match.js';
import {durationOf} from '../../source/runs/model/default-duration.js';
import {tableOf} from '../support/ui.js';
import type {Request} from '../../source/runs/model/choice.js';
import {gpu, offer} from '../offers/support.js';
import {least, readText} from './support.js';

const gb = 1024;

/** What a file and flags ask for together, as `run` and `offers` resolve it. */
async function requestOf(lines: string, flags: RequirementFlags = {}): Promise<Request> {
	const configuration = await readText(`${least}${lines}\n`);
	expect(configuration.diagnostics.filter(({severity}) => severity === 'error')).toEqual([]);
	const resolved = resolveRequest({...configuration, environment: configuration.environment!}, undefined, flags);
	return {...resolved, choice: {folder: '/project', configuration, flags}} as unknown as Request;
}

// Where dstack 0.11 and today's differ, the guide of 0.11 holds.
describe('two meanings, one answer', () => {
	it.each<[lines: string, given: Partial<Offer>, serves: boolean]>([
		// At least, not exactly.
		['resources: {gpu: 24GB}', {gpus: [gpu({memory: 24 * gb})]}, true],
		['resources: {gpu: 24GB}', {gpus: [gpu({memory: 80 * gb})]}, true],
		['resources: {gpu: 24GB}', {gpus: [gpu({memory: 16 * gb})]}, false],
		['resources: {gpu: A100:2}', {gpus: [gpu({count: 8})]}, true],
		['resources: {gpu: A100:2}', {gpus: [gpu({count: 1})]}, false],
		['resources: {gpu: 2}', {gpus: [gpu({count: 4})]}, true],
		['resources: {cpu: 4}', {cpu: 96}, true],
		['resources: {memory: 16GB}', {memory: 64 * gb}, true],
		['resources: {disk: 100GB}', {disk: 500 * gb}, true],
		// Exactly is said with both ends.
		['resources: {gpu: 24GB..24GB}', {gpus: [gpu({memory: 80 * gb})]}, false],
		['resources: {gpu: "A100:2..2"}', {gpus: [gpu({count: 8})]}, false],
		['resources: {cpu: 4..4}', {cpu: 96}, false],
		// A name is that name, in any letters.
		['resources: {gpu: A10}', {gpus: [gpu({name: 'A10G'})]}, false],
		['resources: {gpu: a10g}', {gpus: [gpu({name: 'A10G'})]}, true],
		// Nobody said: no spot, two cores and 8 GB, which rule out nothing that is free.
		['ide: vscode', {spot: true}, false],
		['ide: vscode', {cpu: 1}, false],
		['ide: vscode', {cpu: 1, memory: 1 * gb, price: 0}, true],
		['ide: vscode', {gpus: [gpu()]}, true],
		['resources: {cpu: 2}', {cpu: 1, price: 0}, false],
		['spot_policy: auto', {spot: true}, true],
	])('%s and %j: %s', async (lines, given, serves) => {
		const {requirements} = await requestOf(lines);
		expect(mismatch(offer(given), requirements) === undefined).toBe(serves);
	});

	it.each([
		['resources: {memory: 24}', '24GB or 24MB'],
		['resources: {gpu: {memory: 24}}', '24GB or 24MB'],
		['resources: {shm_size: 8}', '8GB or 8MB'],
		['resources: {disk: 100}', '100GB or 100MB'],
	])('%s, a bare number of memory, is refused with a hint, and not guessed', async (lines, hint) => {
		const {environment, diagnostics} = await readText(`${least}${lines}\n`);
		expect(environment).toBeUndefined();
		expect(diagnostics).toHaveLength(1);
		expect(diagnostics[0]?.message).toContain(hint);
	});

	it('spot auto is spot first, whatever on-demand costs', async () => {
		const {requirements} = await requestOf('spot_policy: auto');
		const offers = [
			offer({id: 'cheap', price: 0.1}),
			offer({id: 'spot', instanceType: 'one', price: 2, spot: true}),
			offer({id: 'spot too', instanceType: 'other', price: 1, spot: true}),
		];
		const table = tableOf(offers);
		const rows = [...matchRows(table, requirements).rows];
		expect(rows.map(row => table.offer(row).id)).toEqual(['spot too', 'spot', 'cheap']);
	});

	it.each<[lines: string, flags: RequirementFlags, price: number, seconds: number | undefined]>([
		['ide: vscode', {}, 0.5, 6 * 3600],
		['ide: vscode', {}, 0, undefined],
		['max_duration: 1d', {}, 0.5, 86_400],
		['max_duration: 1d', {}, 0, 86_400],
		['max_duration: off', {}, 0.5, undefined],
		['max_duration: 1d', {maxDuration: '2h'}, 0.5, 7200],
		['max_duration: 1d', {maxDuration: 'off'}, 0.5, undefined],
		['max_duration: off', {maxDuration: '2h'}, 0.5, 7200],
	])('%s with %j at $%s an hour ends itself after %s s', async (lines, flags, price, seconds) => {
		expect(durationOf((await requestOf(lines, flags)).requirements, price)).toBe(seconds);
	});
});
