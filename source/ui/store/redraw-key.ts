import {isUnheard, overdue} from '../../runs/model/overdue.js';
import type {AccessHealth, GuestView, LinkHealth, PortHealth, ReverseHealth} from '../../runs/model/run-handle.js';
import {lastLinesOf} from '../../runs/model/log-snapshot.js';
import {runSign} from '../drawing/run-sign.js';
import {endsSoon, triesWords} from '../drawing/static-times.js';
import type {RunView} from './state.js';

/** What a frame shows of a run: of one whose tab is not open, or is behind another screen, only its sign. */
export type Shown =
	{readonly kind: 'sign'; readonly sign: string} | {readonly kind: 'run'; readonly run: RunView; readonly now: number};

export const shownOf = (run: RunView, isOnScreen: boolean, now: number): Shown =>
	isOnScreen ? {kind: 'run', run, now} : {kind: 'sign', sign: runSign(run)};

/**
Whether what was drawn must not stay on the screen for longer than a moment. Parts that are the same object have not changed; of those that
are not, what is measured all the time counts for nothing. Who does not look need not see that a check is under way, only its outcome.
*/
export function isOutdated(drawn: Shown, current: Shown, focused: boolean): boolean {
	if (drawn.kind === 'sign' || current.kind === 'sign') {
		return drawn.kind !== current.kind || (drawn.kind === 'sign' && current.kind === 'sign' && drawn.sign !== current.sign);
	}

	const [before, after] = [drawn.run, current.run];
	return (
		before.state !== after.state ||
		timely(drawn) !== timely(current) ||
		!isSameGuest(before.guest, after.guest) ||
		!isSameLink(before.health, after.health) ||
		(!isSameAccess(before.health.access, after.health.access) && (focused || after.health.access.status !== 'checking')) ||
		!hasSameLines(before, after)
	);
}

/** What time alone changes. */
const timely = ({run: {state, guest}, now}: Shown & {kind: 'run'}): string =>
	[endsSoon(now, state, guest), overdue(now, state)?.why, isUnheard(now, state)].join(' ');

/** Figures that move all the time, and moments that no screen shows: the next frame has them, and none is drawn for them. */
const measured: ReadonlySet<string> = new Set<keyof LinkHealth | keyof PortHealth | keyof ReverseHealth | 'since'>([
	'latency',
	'latencies',
	'attempt',
	'nextTry',
	'open',
	'received',
	'sent',
	'total',
	'rate',
	'since',
]);

/** Moments since the epoch; those that came by another machine's clock tremble by less than this, milliseconds. */
const moments: ReadonlySet<string> = new Set<keyof LinkHealth | keyof GuestView | 'at'>([
	'upSince',
	'silentSince',
	'idleSince',
	'at',
]);
const tremble = 3000;

const isSameGuest = (a: GuestView | undefined, b: GuestView | undefined): boolean => isSame('guest', a, b);

/** Without the access, which is compared apart. */
const isSameLink = (a: LinkHealth, b: LinkHealth): boolean =>
	a === b || (triesWords(a) === triesWords(b) && isSame('health', {...a, access: undefined}, {...b, access: undefined}));

/** When it was looked at is not shown. */
const isSameAccess = (a: AccessHealth, b: AccessHealth): boolean =>
	a === b || isSame('access', {...a, at: undefined}, {...b, at: undefined});

/** Where lines of all panes are on the screen, each counts; else what happened last. */
function hasSameLines({logs: before}: RunView, {logs: after, state, showLogs}: RunView): boolean {
	return (
		before === after ||
		(state.phase === 'ready' && !showLogs && lastLinesOf(before, 'events', 1)[0] === lastLinesOf(after, 'events', 1)[0])
	);
}

/** Whether two values of plain data are the same but for what is measured. */
function isSame(key: string, a: unknown, b: unknown): boolean {
	if (a === b || measured.has(key)) {
		return true;
	}

	if (moments.has(key) && typeof a === 'number' && typeof b === 'number') {
		return Math.abs(a - b) <= tremble;
	}

	if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
		return false;
	}

	const [left, right] = [a, b] as [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>];
	return [...new Set([...Object.keys(left), ...Object.keys(right)])].every(each => isSame(each, left[each], right[each]));
}
