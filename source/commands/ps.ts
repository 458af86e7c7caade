import {programName} from '../system/program-name.js';
import {formatPrice} from '../offers/format.js';
import {formatDuration} from '../system/format.js';
import type {Core} from '../runs/core.js';
import {spentUntil} from '../runs/model/cost.js';
import {isUnheard, overdue} from '../runs/model/overdue.js';
import {isOver, type RunState} from '../runs/model/state.js';
import {haltedLine, overdueLine, guardSilentLine} from '../runs/words/overdue-words.js';
import {noticeLine, statusWords, stopFailureLines, unansweredLine, waitingLine} from '../runs/words/status-words.js';
import {patience} from '../runs/words/wait-words.js';
import {keptLines} from '../runs/words/event-words.js';
import type {Clock} from '../system/clock.js';
import {type Output, table} from './io.js';
import {connectedObject} from './words.js';

/** Lists environments, checked against their backends as far as those answer at once; what could not be asked is marked. */
export async function listRuns(core: Core, clock: Clock, all: boolean, output: Output): Promise<void> {
	const unchecked = new Map<string, string>();
	const runs = await core.runs({
		...{all, note: output.note, patience: patience.list},
		onUnchecked: (name, why) => void unchecked.set(name, why),
	});
	for (const state of runs) {
		output.object({...describe(core, state, clock.now()), unchecked: unchecked.get(state.name) ?? null});
	}

	if (runs.length === 0) {
		output.line(`No environments. \`${programName} run\` starts one.`);
		return;
	}

	const rows = runs.map(state => [
		state.name,
		state.specification.configurationLabel,
		`${state.offer.backend} (${state.offer.instanceType})`,
		`${statusWords(state)}${unchecked.has(state.name) ? ' (as last known)' : ''}`,
		formatDuration(Math.round((clock.now() - state.intendedAt) / 1000)),
		endWords(clock.now(), state),
		`${formatPrice(state.offer.price)}/h`,
		formatPrice(spentUntil(clock.now(), state)),
	]);
	for (const line of table([['RUN', 'CONFIGURATION', 'BACKEND', 'STATUS', 'AGE', 'ENDS IN', 'PRICE', 'SO FAR'], ...rows])) {
		output.line(line);
	}

	for (const [name, lines] of runs.map((state): [string, readonly string[]] => [
		state.name,
		[...uncheckedLines(unchecked.get(state.name)), ...moreLines(state, clock.now())],
	])) {
		if (lines.length > 0) {
			output.line();
			output.line(`${name}:`);
			for (const line of lines) {
				output.line(`  ${line}`);
			}
		}
	}
}

const uncheckedLines = (why: string | undefined): string[] =>
	why === undefined ? [] : [`As its journal last knew it; it could not be asked now: ${why}`];

function endWords(now: number, run: RunState): string {
	const late = overdue(now, run);
	if (late) {
		return `OVERDUE ${formatDuration((now - late.at) / 1000)}`;
	}

	return run.deadline === undefined || isOver(run) ? '-' : formatDuration(Math.max(0, Math.round((run.deadline - now) / 1000)));
}

/** What a person should know of a run beside its line. */
function moreLines(state: RunState, now: number): readonly string[] {
	const notice = state.phase === 'ready' ? noticeLine(now, state) : undefined;
	const unanswered = unansweredLine(state);
	const waiting = waitingLine(now, state);
	const late = haltedLine(now, state) ?? overdueLine(now, state) ?? guardSilentLine(now, state);
	return [
		...(late === undefined ? [] : [late]),
		...(state.kept === undefined ? [] : ['It has ended.', ...keptLines(state)]),
		...(state.phase === 'stopping' ? stopFailureLines(state) : []),
		...(notice === undefined ? [] : [notice]),
		...(unanswered === undefined ? [] : [unanswered]),
		...(waiting === undefined ? [] : [waiting]),
		...(state.asking === undefined ? [] : [`It asks you: \`${programName} attach ${state.name}\` leads to the question.`]),
	];
}

const describe = (core: Core, state: RunState, now: number) => ({
	...connectedObject(core, state),
	configuration: state.specification.configurationFile,
	folder: state.specification.folder,
	profile: state.specification.profile ?? null,
	offer: state.offer,
	intendedAt: state.intendedAt,
	endedAt: state.endedAt ?? null,
	reason: state.reason ?? null,
	kept: state.kept ?? null,
	failure: state.failure ?? null,
	instance: state.instanceId ?? null,
	spent: spentUntil(now, state),
	asking: state.asking ?? null,
	waiting: state.waiting ?? null,
	notice: state.notice ?? null,
	stopFailure: state.stopFailure ?? null,
	overdue: overdue(now, state) ?? null,
	unheard: isUnheard(now, state),
	halted: state.halted ?? null,
});
