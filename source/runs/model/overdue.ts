import {defaultLease} from '../../agents/machine/lease.js';
import type {RunState} from './state.js';

/** What ends a machine by itself: its deadline, or the boot lease that is lifted when it is first reached. */
export type OwnEnd = {readonly why: 'deadline' | 'lease'; readonly at: number};

/** How long after that moment a machine may still be there: its guard has up to 90 s to shut it down, and the cloud tells of it late. Milliseconds. */
export const overdueLimit = 5 * 60_000;

/** After so long without a word of its guard a machine most likely has none. Milliseconds from its launch, or its last start. */
const unheardLimit = 5 * 60_000;

type Ending = Pick<RunState, 'phase' | 'guarded' | 'leaseLifted' | 'launchedAt' | 'resumedAt' | 'deadline' | 'halted'>;

/** When the machine last began to run: where it was stopped in between, its lease counts from its start. */
export const begunAt = ({launchedAt, resumedAt}: Pick<RunState, 'launchedAt' | 'resumedAt'>): number | undefined =>
	launchedAt === undefined ? undefined : Math.max(launchedAt, resumedAt ?? launchedAt);

/** Whether the run has a machine of its own in a cloud whose end nobody has asked for yet. */
const isMachine = (run: Ending): boolean =>
	run.guarded &&
	run.launchedAt !== undefined &&
	!run.halted &&
	run.phase !== 'stopping' &&
	run.phase !== 'ended' &&
	run.phase !== 'gone';

/** What is to end a run's machine first, and when, by this machine's clock; undefined where nothing does, or where there is no such machine. */
export function expectedEnd(run: Ending): OwnEnd | undefined {
	if (!isMachine(run)) {
		return undefined;
	}

	const begun = begunAt(run);
	const lease = run.leaseLifted || begun === undefined ? undefined : begun + defaultLease * 1000;
	const ends = [
		...(run.deadline === undefined ? [] : [{why: 'deadline' as const, at: run.deadline}]),
		...(lease === undefined ? [] : [{why: 'lease' as const, at: lease}]),
	];
	return ends.sort((a, b) => a.at - b.at)[0];
}

/** What should have ended a run's machine by now, for certain; undefined while it is not late. */
export function overdue(now: number, run: Ending): OwnEnd | undefined {
	const end = expectedEnd(run);
	return end && now - end.at >= overdueLimit ? end : undefined;
}

/** Whether a machine is there for so long that its guard should have been heard of, and was not. */
export const isUnheard = (now: number, run: Ending): boolean =>
	isMachine(run) && !run.leaseLifted && now - (begunAt(run) ?? now) >= unheardLimit;
