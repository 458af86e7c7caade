import {expect, test} from 'vitest';
import {linesOf} from '../../source/runs/model/log-snapshot.js';
import type {RunContext} from '../../source/runs/context.js';
import type {RunEvent} from '../../source/runs/model/events.js';
import {Journal} from '../../source/runs/journal/journal.js';
import {openRecord} from '../../source/runs/journal/record.js';
import {StepLog} from '../../source/runs/journal/step-log.js';
import {claimFolder, writeRunFiles} from '../../source/runs/journal/run-folder.js';
import {systemClock} from '../../source/system/clock.js';
import {resolvePaths} from '../../source/system/paths.js';
import {readyLife, testSpecification} from '../support/events.js';
import {temporaryFolder} from '../support/folders.js';

const name = 'fast-moth-1';

test('who attaches sees the logs among the events, each where its step ended, and those of steps that go on at the end', async () => {
	const paths = resolvePaths({DSTACK_TUI_HOME: await temporaryFolder()});
	const context = {paths, clock: systemClock} as unknown as RunContext;
	const folder = await claimFolder(paths, name, async () => false);
	await writeRunFiles(folder, name, {env: {}, registryAuth: undefined});
	const journal = await Journal.open(folder);
	const later: RunEvent[] = [
		{type: 'step-started', at: 20_000, step: 'init', title: 'Begin'},
		{type: 'step-failed', at: 21_000, step: 'init', message: 'not yet', exitCode: 1, lastLines: []} as never,
		// Its log begins anew with it.
		{type: 'step-started', at: 22_000, step: 'init', title: 'Begin'},
		{type: 'tunnel-down', at: 23_000, reason: 'the network is away'} as never,
	];
	for (const event of [...readyLife(), ...later]) {
		await journal.append(event);
	}

	for (const [step, text] of [['setup', 'one\ntwo\nrest'] as const, ['init', 'three\n'] as const]) {
		const log = new StepLog(folder, step);
		log.write(text);
		log.finish();
	}

	const {logs} = await openRecord(context, name, {withLogs: true});
	const lines = linesOf(logs.snapshot(), 'all').map(({text}) => text);
	const begin = lines.indexOf('setup: Set up');
	expect(lines.slice(begin, begin + 5)).toEqual(['setup: Set up', 'one', 'two', 'rest', expect.stringMatching(/^setup: done/)]);
	expect(lines.slice(-3)).toEqual(['init: Begin', expect.stringContaining('the network is away'), 'three']);
	const times = linesOf(logs.snapshot(), 'all').map(({at}) => at);
	expect(times).toEqual(times.toSorted((one, other) => one - other));
});

test('where ports are that were taken when it was begun is one line among the events', async () => {
	const paths = resolvePaths({DSTACK_TUI_HOME: await temporaryFolder()});
	const context = {paths, clock: systemClock} as unknown as RunContext;
	const folder = await claimFolder(paths, name, async () => false);
	await writeRunFiles(folder, name, {env: {}, registryAuth: undefined});
	const journal = await Journal.open(folder);
	const ports = [
		{local: 8001, remote: 8000, direct: false, wanted: 8000, holder: 'node (pid 7)'},
		{local: 9001, remote: 9001, direct: true, wanted: 9000, holder: 'ruby (pid 8)'},
		{local: 4000, remote: 3001, direct: false, moved: {from: 3000, holder: 'perl (pid 9)'}},
		{local: 5000, remote: 5000, direct: false},
	];
	await journal.append({type: 'intended', at: 1, specification: testSpecification({ports})});
	const {logs, known} = await openRecord(context, name);
	expect(linesOf(logs.snapshot(), 'events').map(({text}) => text)).toEqual([
		'asked for .dstack.yml',
		'port 8001 leads to 8000 there: node (pid 7) has 8000; let your server listen on 9001: ruby (pid 8) has 9000; ' +
			'let your server there listen on 3001: perl (pid 9) has 3000',
	]);
	expect(known.ports).toEqual(ports);
});
