import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import type {OfferSource} from '../../source/backends/backend.js';
import type {BackendEntry} from '../../source/backends/report.js';
import {reportBackends} from '../../source/runs/backend-report.js';
import {OfferBook} from '../../source/runs/offer-book.js';

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
		new OfferBook(folder),
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
