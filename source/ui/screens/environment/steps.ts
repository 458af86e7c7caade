import {aboutTime, usualTimeOf} from '../../../runs/model/expected-times.js';
import {comingSteps} from '../../../runs/model/coming-steps.js';
import type {RunState, StepState} from '../../../runs/model/state.js';
import {keptLines, linesBeside} from '../../../runs/words/event-words.js';
import {formatDuration} from '../../../system/format.js';
import type {StepTimes} from '../../../runs/model/step-times.js';
import {passed} from '../../drawing/static-times.js';
import type {AppState} from '../../store/state.js';
import {cut, fit, width, wrap} from '../../drawing/cells.js';
import {glyphs, paint, progressBar} from '../../drawing/theme.js';
import {sign} from './signs.js';

/** A begun step as it is drawn. */
type Entry = {
	readonly step: StepState;
	readonly head: string;
	/** What it says, below it: whole, and in one line. */
	readonly below: readonly string[];
	readonly short: readonly string[];
};

/** What gives way first where nothing fits any more, and what never does. */
const ranks = {coming: 0, done: 1, words: 2, vital: 3} as const;

type Line = {readonly text: string; readonly rank: number};

/** How far the list has been shortened. */
type Cuts = {
	/** So many of the steps that are done say nothing more, from the first. */
	readonly silent: number;
	/** So many of them are one line together. */
	readonly folded: number;
	readonly coming: 'each' | 'together' | 'counted';
	/** What others say takes a line at most. */
	readonly isShort: boolean;
};

/**
The steps with their signs and how long each took, what the running one says below it; then those still to come, with what is expected of
them. In `rows` lines: first what is done says no more, then what is to come stands in one line, then what is done does; what runs or has
failed is always there.
*/
export function stepRows(state: AppState, run: RunState, cells: number, rows: number): string[] {
	const times = state.run?.times ?? {};
	const entries = run.steps.map(step => entryOf(state, run, step, cells));
	const done = entries.filter(({step}) => step.status === 'done').length;
	const coming = comingRows(times, run, cells);
	const least: Cuts = {silent: done, folded: done, coming: 'counted', isShort: true};
	for (const cuts of [...cutsOf(done), least]) {
		const lines = [...begunLines(entries, cuts, cells), ...coming[cuts.coming].map(text => ({text, rank: ranks.coming}))];
		if (lines.length <= rows || cuts === least) {
			return clamp(lines, rows).map(({text}) => text);
		}
	}

	return [];
}

/** From the whole list to the shortest, a little shorter each time. */
function* cutsOf(done: number): Generator<Cuts> {
	const whole: Cuts = {silent: 0, folded: 0, coming: 'each', isShort: false};
	for (let silent = 0; silent <= done; silent++) {
		yield {...whole, silent};
	}

	yield {...whole, silent: done, coming: 'together'};
	for (let folded = 2; folded <= done; folded++) {
		yield {...whole, silent: done, folded, coming: 'together'};
	}

	yield {...whole, silent: done, folded: done, coming: 'counted'};
}

function begunLines(entries: readonly Entry[], {silent, folded, isShort}: Cuts, cells: number): Line[] {
	const lines: Line[] = [];
	const together: StepState[] = [];
	let seen = 0;
	for (const {step, head, below, short} of entries) {
		const isDone = step.status === 'done';
		seen += isDone ? 1 : 0;
		if (isDone && folded > 1 && seen <= folded) {
			together.push(step);
			continue;
		}

		const isActive = step.status === 'running' || step.status === 'failed';
		lines.push({text: head, rank: isActive ? ranks.vital : ranks.done});
		if (!isDone || seen > silent) {
			lines.push(...(isShort ? short : below).map(text => ({text, rank: isActive ? ranks.words : ranks.done})));
		}
	}

	return together.length === 0 ? lines : [{text: foldedRow(together, cells), rank: ranks.done}, ...lines];
}

function foldedRow(steps: readonly StepState[], cells: number): string {
	const elapsed = formatDuration(timeOf(steps) / 1000);
	return ` ${paint.ok(glyphs.done)} ${fit(`${steps.length} steps done`, cells - 4 - width(elapsed))} ${paint.muted(elapsed)}`;
}

/** Milliseconds; what ran at the same time counts once. */
function timeOf(steps: readonly StepState[]): number {
	let [all, last] = [0, 0];
	for (const {startedAt, endedAt = startedAt} of steps.toSorted((a, b) => a.startedAt - b.startedAt)) {
		all += Math.max(0, endedAt - Math.max(startedAt, last));
		last = Math.max(last, endedAt);
	}

	return all;
}

/** At most `rows` of the lines: those of the lowest rank give way, the first of them first. */
function clamp(lines: readonly Line[], rows: number): Line[] {
	const byRank = lines.toSorted((a, b) => a.rank - b.rank);
	const dropped = new Set(byRank.slice(0, Math.max(0, lines.length - rows)));
	return lines.filter(line => !dropped.has(line));
}

function comingRows(times: StepTimes, run: RunState, cells: number): Readonly<Record<Cuts['coming'], readonly string[]>> {
	const coming = comingSteps(run);
	const row = (text: string, index = 0) => paint.muted(cut(` ${index === 0 ? glyphs.waiting : ' '} ${text}`, cells));
	return {
		each: coming.map(id => {
			const usual = aboutTime(usualTimeOf(times, run, id) ?? 0);
			const words = usual === '' ? '' : `about ${usual}`;
			return row(words === '' ? id : `${fit(id, cells - 4 - width(words))} ${words}`);
		}),
		together: coming.length === 0 ? [] : wrap(coming.join(` ${glyphs.waiting} `), cells - 3).map(row),
		counted: coming.length === 0 ? [] : [row(`${coming.length} more: ${coming.join(', ')}`)],
	};
}

function entryOf(state: AppState, run: RunState, step: StepState, cells: number): Entry {
	const {title, status, startedAt, endedAt, text, share} = step;
	const isStill = endedAt === undefined && !state.focused;
	const elapsed = isStill ? `since ${passed(state.now, startedAt)}` : formatDuration(((endedAt ?? state.now) - startedAt) / 1000);
	const usual = status === 'running' ? usualWords(state, run, step) : '';
	// Where both have no room beside each other, the title is read first.
	const isBeside = usual !== '' && 3 + width(title) + 1 + width(`${elapsed} ${usual}`) <= cells;
	const time = isBeside ? `${elapsed} ${usual}` : elapsed;
	const head = ` ${sign(state, status)} ${fit(title, cells - 4 - width(time))} ${paint.muted(time)}`;
	const aside = usual === '' || isBeside ? [] : [usual];
	const said = text === '' || status === 'failed' ? [] : [share === undefined ? text : withBar(share, text, cells - 3)];
	// A warning is to be read whole; what a running step says is not.
	const whole = status === 'warning' ? said.flatMap(line => wrap(line, cells - 3)) : said;
	const rowOf = (line: string) => paint.muted(cut(`   ${line}`, cells));
	return {step, head, below: [...aside, ...whole].map(rowOf), short: said.map(rowOf)};
}

/** What a running step took before; not while another runs inside it, whose time is not its own. */
function usualWords({now, focused, run: view}: AppState, run: RunState, {id, startedAt}: StepState): string {
	const isAround = id === 'instance' && run.steps.some(step => step.id === 'image');
	const usual = isAround ? 0 : (usualTimeOf(view?.times ?? {}, run, id) ?? 0);
	const words = aboutTime(usual);
	return words === '' ? '' : !focused || now - startedAt > usual ? `(usually ${words})` : `of about ${words}`;
}

const widestBar = 16;
const leastBar = 6;

/** A bar before the figures, where it leaves room for them; what else is said only where all of it fits. */
function withBar(share: number, text: string, cells: number): string {
	const figures = text.split(' · ')[0] ?? '';
	const room = Math.min(widestBar, cells - width(figures) - 1);
	if (room < leastBar) {
		return text;
	}

	const bar = progressBar(share, room);
	return `${bar} ${width(bar) + 1 + width(text) <= cells ? text : figures}`;
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
