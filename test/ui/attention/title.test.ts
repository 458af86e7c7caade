import {expect, test} from 'vitest';
import type {LinkHealth} from '../../../source/runs/model/run-handle.js';
import type {RunState, StepState} from '../../../source/runs/model/state.js';
import {titleOf} from '../../../source/ui/attention/title.js';
import {testOffer} from '../../support/events.js';
import {health, runState} from '../../support/ui.js';

const step = (changes: Partial<StepState> = {}): StepState => ({
	id: 'setup',
	title: 'Set up',
	status: 'running',
	startedAt: 0,
	endedAt: undefined,
	text: '',
	...changes,
});

const run = (changes: Partial<RunState> = {}, status: LinkHealth['status'] = 'up') => ({
	state: runState(changes),
	health: health({status}),
});

const failure = {step: 'build', message: '', command: undefined, code: 1, lastLines: [], next: undefined} as const;

test.each([
	['fast-moth-1 ● connected', run()],
	['fast-moth-1 ◌ reconnecting', run({}, 'waiting')],
	['fast-moth-1 ◌ connecting', run({}, 'connecting')],
	['fast-moth-1 ✗ link lost', run({}, 'down')],
	['fast-moth-1 ! taken back soon', run({notice: {action: 'terminate', time: 1}})],
	['fast-moth-1 › starting', run({phase: 'starting'})],
	['fast-moth-1 › setup', run({phase: 'starting', steps: [step({id: 'code', status: 'done'}), step()]})],
	['fast-moth-1 › setup 40 %', run({phase: 'starting', steps: [step({share: 0.409})]})],
	['fast-moth-1 ! asks you', run({phase: 'starting', asking: testOffer})],
	['fast-moth-1 ! waits', run({phase: 'starting', waiting: {until: 1, reason: ''}})],
	['fast-moth-1 ✗ build failed', run({phase: 'failed', failure})],
	['fast-moth-1 ◌ ending', run({phase: 'stopping'})],
	[
		'fast-moth-1 ! NOT ENDED',
		run({phase: 'stopping', stopFailure: {at: 0, message: '', command: undefined, console: undefined}}),
	],
	['fast-moth-1 ○ ended', run({phase: 'ended'})],
	['fast-moth-1 ○ gone', run({phase: 'gone'})],
] as const)('%s', (title, shown) => {
	expect(titleOf([shown])).toBe(title);
});

test('of several it tells how many are how, the worst first', () => {
	expect(titleOf([run(), run({}, 'waiting'), run(), run({phase: 'failed', failure})])).toBe('4 environments ✗ 1 ◌ 1 ● 2');
	expect(titleOf([])).toBe('dstack-tui');
});
