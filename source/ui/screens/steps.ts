import {comingSteps} from '../../runs/coming-steps.js';
import type {RunState, StepState} from '../../runs/state.js';
import {keptLines, linesBeside} from '../../runs/words.js';
import {formatDuration} from '../../offers/format.js';
import type {AppState} from '../store/state.js';
import {cut, fit, width, wrap} from '../text.js';
import {glyphs, paint} from '../theme.js';
import {sign} from './signs.js';

/**
The steps with their signs and how long each took, what the running one says below it; then those still to come. In `rows` lines: what is
still to come gives way first, then what was done first.
*/
export function stepRows(state: AppState, run: RunState, cells: number, rows: number): string[] {
	const begun = run.steps.flatMap(step => stepLines(state, step, cells)).slice(-rows);
	const coming = comingSteps(run).map(id => paint.muted(cut(` ${glyphs.waiting} ${id}`, cells)));
	return [...begun, ...coming.slice(0, rows - begun.length)];
}

function stepLines(state: AppState, step: StepState, cells: number): string[] {
	const {title, status, startedAt, endedAt, text} = step;
	const elapsed = formatDuration(((endedAt ?? state.now) - startedAt) / 1000);
	const space = cells - 4 - width(elapsed);
	const head = ` ${sign(state, status)} ${fit(title, space)} ${paint.muted(elapsed)}`;
	if (text === '' || status === 'failed') {
		return [head];
	}

	// A warning is to be read whole; what a running step says is not.
	const lines = status === 'warning' ? wrap(text, cells - 3) : [cut(text, cells - 3)];
	return [head, ...lines.map(line => paint.muted(`   ${line}`))];
}

const mostHeads = 3;

/** What an ended run has kept, and how it is got. */
export const keptRows = (run: RunState, cells: number): string[] =>
	keptLines(run).flatMap(line => wrap(line, cells - 2).map(piece => paint.warning(` ${piece}`)));

/** The failed step: its command, its exit code, its last lines, and what to do now. */
export function failureRows({failure}: RunState, cells: number, rows: number): string[] {
	if (!failure) {
		return [];
	}

	const {step, message, next, command, code} = failure;
	const lastLines = linesBeside(failure);
	const head =
		command === undefined || code === undefined ? `${step}: ${message}` : `${step} failed with exit code ${code}: ${command}`;
	const advice = next === undefined ? [] : wrap(next, cells - 4);
	const heads = wrap(head, cells - 4).slice(0, mostHeads);
	const room = Math.max(1, rows - 1 - heads.length - advice.length);
	return [
		...heads.map((line, index) => paint.error(paint.strong(` ${index === 0 ? glyphs.failed : ' '} ${line}`))),
		...lastLines.slice(-room).map(line => cut(`   ${line}`, cells)),
		...advice.map(line => paint.warning(`   ${line}`)),
	];
}
