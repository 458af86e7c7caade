import {formatDuration} from '../../system/format.js';
import {self} from '../../system/program-name.js';
import {isUnheard, type OwnEnd, overdue, overdueLimit, ownEnd} from '../model/overdue.js';
import type {RunState} from '../model/state.js';
import {dateTime} from './event-words.js';

const names = {deadline: 'its deadline', lease: 'the end of its boot lease'} as const;

/** Why a run was ended whose machine did not end itself. */
export const overdueReason = ({why, at}: OwnEnd): string => `it did not end itself at ${names[why]} (${dateTime(at)})`;

/** Of a machine that should have ended itself: since when, and what is done about it; undefined while it is not late. `counts` tells how long ago too. */
export function overdueLine(now: number, run: RunState, counts = true): string | undefined {
	const end = overdue(now, run);
	if (!end) {
		return undefined;
	}

	const since = counts ? `, ${formatDuration((now - end.at) / 1000)} ago` : '';
	return `OVERDUE: it should have ended itself at ${names[end.why]} (${dateTime(end.at)}${since}), and may still be billed. \`${self} reap\` ends it, as the full screen does; now: ${self} stop ${run.name}`;
}

/** Of a machine that is stopped in its cloud: that it costs, and both ways on; undefined where it is not. */
export function haltedLine(now: number, {name, halted, deadline, specification}: RunState): string | undefined {
	if (!halted) {
		return undefined;
	}

	const isLate = deadline !== undefined && deadline <= now;
	const why = isLate ? 'its deadline has passed' : specification.inactivity === null ? undefined : 'it counts as inactive';
	const again =
		why === undefined ? '' : ` (${why}: once it runs it may end itself at once, with all that is on it; copy its disk first)`;
	const start = `${halted.start ?? "in the cloud's console"}${again}, then ${self} attach ${name}`;
	return `STOPPED, not ended: ${halted.reason}. Its disk is billed, and keeps what is on it, until it is terminated. Start it again: ${start}. End it: ${self} stop ${name}`;
}

/** Of a machine whose guard was never heard of: what will end it; undefined where it was, or where it is too early to tell. */
export function unheardLine(now: number, run: RunState): string | undefined {
	const end = ownEnd(run);
	if (!end || !isUnheard(now, run) || overdue(now, run)) {
		return undefined;
	}

	return `NOT HEARD OF: its guard has not answered since its launch at ${dateTime(run.launchedAt ?? now)}, and it is billed. It ends itself at ${dateTime(end.at)} (${names[end.why]}); where it does not, this program ends it after ${dateTime(end.at + overdueLimit)}; now: ${self} stop ${run.name}`;
}
