import {formatPrice} from '../../offers/format.js';
import {formatDuration} from '../../system/format.js';
import {programName} from '../../system/program-name.js';
import {begunAt, isUnheard, type OwnEnd, overdue, overdueLimit, expectedEnd} from '../model/overdue.js';
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
	return `OVERDUE: it should have ended itself at ${names[end.why]} (${dateTime(end.at)}${since}), and may still be billed. \`${programName} reap\` ends it, as the full screen does; now: ${programName} stop ${run.name}`;
}

/** Of a machine that is stopped in its cloud: that it costs, and both ways on; undefined where it is not. */
export function haltedLine(now: number, run: RunState): string | undefined {
	const {name, halted} = run;
	if (!halted) {
		return undefined;
	}

	const asked = halted.asked === undefined ? '' : ` Its cloud was asked at ${dateTime(halted.asked)} to start it.`;
	const start = isPastDeadline(now, run)
		? 'Its deadline has passed, so that it would end itself at once if it were started: copy its disk first, where that is worth it.'
		: `Start it again: ${programName} start ${name}.`;
	return `STOPPED, not ended: ${halted.reason}. Its disk is billed, and keeps what is on it, until it is terminated.${asked} ${start} End it: ${programName} stop ${name}`;
}

/** Whether a machine that is stopped would end itself as soon as it ran. */
export const isPastDeadline = (now: number, {deadline}: Pick<RunState, 'deadline'>): boolean =>
	deadline !== undefined && deadline <= now;

/** What a person knows before a machine that is stopped is started, one sentence a line: that it costs again, and what ends it. */
export function startLines(now: number, run: RunState): readonly string[] {
	const {name, offer, deadline, halted, specification} = run;
	const ends = [
		...(deadline === undefined
			? []
			: [
					`at its deadline, ${dateTime(deadline)}, in ${formatDuration((deadline - now) / 1000)}: the time that it was stopped counts`,
				]),
		...(specification.inactivity === null
			? []
			: [`after ${formatDuration(specification.inactivity)} without you, counted from its start`]),
		...(run.leaseLifted || !run.guarded ? [] : ['at the end of its boot lease, where nobody reaches it']),
	];
	return [
		`${name} is stopped${halted === undefined ? '' : `: ${halted.reason}`}. Its disk is billed as it is.`,
		`Started, it costs ${formatPrice(offer.price)}/h again, from the request on.`,
		ends.length === 0 ? 'Nothing ends it by itself.' : `It ends itself ${ends.join('; ')}.`,
	];
}

/** Of a machine whose guard was never heard of: what will end it; undefined where it was, or where it is too early to tell. */
export function guardSilentLine(now: number, run: RunState): string | undefined {
	const end = expectedEnd(run);
	if (!end || !isUnheard(now, run) || overdue(now, run)) {
		return undefined;
	}

	return `NOT HEARD OF: its guard has not answered since ${run.resumedAt === undefined ? 'its launch' : 'it was started again'} at ${dateTime(begunAt(run) ?? now)}, and it is billed. It ends itself at ${dateTime(end.at)} (${names[end.why]}); where it does not, this program ends it after ${dateTime(end.at + overdueLimit)}; now: ${programName} stop ${run.name}`;
}
