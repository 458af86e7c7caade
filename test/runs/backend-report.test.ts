import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {OfferSource} from '../../source/backends/backend.js';
import {type BackendEntry, backendReport} from '../../source/backends/report.js';
import {reportBackends} from '../../source/runs/plan/backend-report.js';
import {OfferCatalogue} from '../../source/offers/catalogue/offer-catalogue.js';
import {TestClock} from '../support/ui.js';

const source = (name: string, configured: boolean): OfferSource => ({
	name,
	deadline: 'none',
	setup: async () => ({configured, origin: undefined, problems: [], warnings: [], next: undefined}),
	status: async () => ({backend: name, ready: true, notes: ['answers']}),
	async *offers() {
		yield [];
	},
});

test('each that is set up is told before it is asked and after; those of the catalogue alone are told once, none twice', async () => {
	const folder = await mkdtemp(path.join(tmpdir(), 'dt-report-'));
	onTestFinished(async () => rm(folder, {recursive: true}));
	const told: BackendEntry[] = [];
	const {backends} = await reportBackends(
		new OfferCatalogue(folder),
		[source('aws', true), source('lambda', false)],
		entry => told.push(entry),
		new AbortController().signal,
	);
	const statesOf = (name: string) => told.filter(entry => entry.name === name).map(({state}) => state);
	expect(statesOf('aws')).toEqual(['untested', 'ready']);
	expect(statesOf('lambda')).toEqual(['not set up']);
	expect(statesOf('azure')).toEqual(['catalogue only']);
	expect(statesOf('gcp')).toEqual(['catalogue only']);
	const names = backends.map(({name}) => name);
	expect(new Set(names).size).toBe(names.length);
	expect(names.slice(0, 2)).toEqual(['aws', 'lambda']);
});

describe('a source that', () => {
	const soon = async () => new Promise(resolve => setTimeout(resolve, 20));
	const begin = (silent: Partial<OfferSource>) => {
		const clock = new TestClock();
		const told: BackendEntry[] = [];
		const leaving = new AbortController();
		const report = backendReport({
			test: true,
			signal: leaving.signal,
			sources: [{...source('aws', true), ...silent}, source('lambda', true)],
			clock,
			onEntry: entry => told.push(entry),
		});
		return {clock, told, leaving, report};
	};

	const late = {
		name: 'aws',
		state: 'failed',
		notes: ['did not answer within 10 s'],
		next: expect.stringContaining('status page') as string,
	};

	test('never answers is told as such after 10 s, the others long before; its question is ended', async () => {
		let asked: AbortSignal | undefined;
		const {clock, told, report} = begin({
			async status(signal) {
				asked = signal;
				return new Promise(() => undefined);
			},
		});
		await soon();
		clock.pass(9999);
		await soon();
		expect(told.map(({name, state}) => [name, state])).toEqual([['lambda', 'ready']]);
		expect(asked?.aborted).toBe(false);
		clock.pass(1);
		expect((await report).backends).toMatchObject([late, {name: 'lambda', state: 'ready'}]);
		expect(asked?.aborted).toBe(true);
	});

	test('does not even say how it is set up is no other case, and nobody is asked afterwards', async () => {
		let tell: ((setup: Awaited<ReturnType<NonNullable<OfferSource['setup']>>>) => void) | undefined;
		let asked = 0;
		const {clock, report} = begin({
			setup: async () =>
				new Promise(resolve => {
					tell = resolve;
				}),
			async status() {
				asked++;
				return {backend: 'aws', ready: true, notes: []};
			},
		});
		await soon();
		clock.pass(10_000);
		expect((await report).backends).toMatchObject([late, {state: 'ready'}]);
		tell?.({configured: true, origin: undefined, problems: [], warnings: [], next: undefined});
		await soon();
		expect(asked).toBe(0);
	});

	test('breaks is an entry, not the end of the report', async () => {
		const {report} = begin({
			async status() {
				throw new Error('its own mistake');
			},
		});
		expect((await report).backends).toMatchObject([{state: 'failed', notes: ['its own mistake']}, {state: 'ready'}]);
	});

	test('is left says nothing: the report ends with the reason', async () => {
		const {leaving, report} = begin({status: async () => new Promise(() => undefined)});
		await soon();
		leaving.abort(new Error('left'));
		await expect(report).rejects.toThrow('left');
	});
});
