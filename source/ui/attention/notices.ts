import {formatPrice} from '../../offers/format.js';
import {formatDuration} from '../../system/format.js';
import type {LinkHealth} from '../../runs/model/run-handle.js';
import {isOver, type RunPhase, type RunState} from '../../runs/model/state.js';
import {overWords} from '../../runs/words/event-words.js';

/** One run as it is now. Milliseconds since the epoch. */
export type Sight = {
	readonly state: RunState;
	readonly health: Pick<LinkHealth, 'status' | 'reason'>;
	readonly now: number;
	/** Whether the terminal has the focus: who looks needs not be called for what the screen shows. */
	readonly focused: boolean;
};

/** What has been seen of a run, and said of it. */
export type Memory = {
	readonly at: number;
	readonly phase: RunPhase;
	readonly failed: boolean;
	readonly asked: boolean;
	/** Since when the link is lost, while it is. */
	readonly lostSince: number | undefined;
	readonly saidLost: boolean;
	/** The deadline and the notice of the cloud that were said last. */
	readonly deadline: number | undefined;
	readonly notice: number | undefined;
};

export type Notice = {
	readonly kind: 'lost' | 'back' | 'deadline' | 'spot' | 'ended' | 'ready' | 'failed' | 'asking';
	readonly text: string;
};

/** Milliseconds: how long a link is lost, or was given up, before that is said; how long before its deadline a run is spoken of. */
const limits = {lost: 60_000, givenUp: 10_000, deadline: 15 * 60_000};

/** Longer than this from one look to the next, milliseconds, this machine slept or the program was stopped. */
const gap = 30_000;

const duration = (milliseconds: number): string => formatDuration(milliseconds / 1000);

/**
What a person is to be called for, from what was seen of a run before (undefined: nothing yet) and what is seen now. What was called out
once is not again: a loss, a notice, a deadline until it is moved.
*/
export function attend(before: Memory | undefined, sight: Sight): {readonly memory: Memory; readonly notices: readonly Notice[]} {
	const {state, now} = sight;
	const lost = ofLink(before, sight);
	const deadline = ofDeadline(before, sight);
	const spot = ofSpotNotice(before, sight);
	return {
		memory: {
			at: now,
			phase: state.phase,
			failed: state.failure !== undefined,
			asked: state.asking !== undefined,
			lostSince: lost.since,
			saidLost: lost.said,
			deadline: deadline.said,
			notice: spot.said,
		},
		notices: [...lost.notices, ...deadline.notices, ...spot.notices, ...ofPhase(before, sight)],
	};
}

const isAlive = ({phase}: RunState): boolean => phase === 'starting' || phase === 'failed' || phase === 'ready';

function ofLink(
	before: Memory | undefined,
	{state, health, now}: Sight,
): {readonly since: number | undefined; readonly said: boolean; readonly notices: readonly Notice[]} {
	const {name, tunnel} = state;
	if (health.status === 'up' && before?.saidLost && before.lostSince !== undefined && isAlive(state)) {
		const text = `${name}: the link is back after ${duration(now - before.lostSince)}`;
		return {since: undefined, said: false, notices: [{kind: 'back', text}]};
	}

	// A link that never was is one that is still being made.
	if (health.status === 'up' || !tunnel || !isAlive(state)) {
		return {since: undefined, said: false, notices: []};
	}

	const said = before?.saidLost ?? false;
	// Awake again, a link is given its time to come back: that it was lost meanwhile is no news.
	const since = said ? before?.lostSince : before && now - before.at > gap ? now : (before?.lostSince ?? now);
	const isDue = since !== undefined && now - since >= (health.status === 'down' ? limits.givenUp : limits.lost);
	const why = health.reason === undefined ? '' : ` (${health.reason})`;
	const text = `${name}: the link is lost${since === undefined ? '' : ` for ${duration(now - since)}`}${why}`;
	return {since, said: said || isDue, notices: isDue && !said ? [{kind: 'lost', text}] : []};
}

/** Who looks has just seen a deadline that was near from the first, or was moved to be near. */
function ofDeadline(
	before: Memory | undefined,
	{state, now, focused}: Sight,
): {readonly said: number | undefined; readonly notices: readonly Notice[]} {
	const {deadline, name} = state;
	const said = before?.deadline;
	if (deadline === undefined || !isAlive(state) || deadline <= now || deadline - now > limits.deadline || said === deadline) {
		return {said, notices: []};
	}

	const isNews = before !== undefined && deadline - before.at > limits.deadline;
	const text = `${name} ends itself in ${duration(Math.ceil((deadline - now) / 60_000) * 60_000)}; extend it to keep it`;
	return {said: deadline, notices: isNews || !focused ? [{kind: 'deadline', text}] : []};
}

function ofSpotNotice(
	before: Memory | undefined,
	{state, now, focused}: Sight,
): {readonly said: number | undefined; readonly notices: readonly Notice[]} {
	const {notice, name} = state;
	const said = before?.notice;
	if (!notice || !isAlive(state) || said === notice.time) {
		return {said, notices: []};
	}

	const when = notice.time > now ? `in ${duration(notice.time - now)}` : 'any moment';
	const text = `${name}: the cloud will ${notice.action} it ${when}; save your work now`;
	return {said: notice.time, notices: before || !focused ? [{kind: 'spot', text}] : []};
}

function ofPhase(before: Memory | undefined, {state, focused}: Sight): readonly Notice[] {
	if (!before) {
		return [];
	}

	const {name, phase, failure, asking} = state;
	const wasOver = isOver({...state, phase: before.phase});
	if (isOver(state)) {
		// Whoever ended it and looks knows.
		return wasOver || (before.phase === 'stopping' && focused) ? [] : [{kind: 'ended', text: `${name} ${overWords(state)}`}];
	}

	if (focused) {
		return [];
	}

	if (failure && !before.failed) {
		return [{kind: 'failed', text: `${name}: ${failure.step} failed: ${failure.message}`}];
	}

	if (asking && !before.asked) {
		return [{kind: 'asking', text: `${name} asks whether ${formatPrice(asking.price)}/h is too dear`}];
	}

	return phase === 'ready' && before.phase !== 'ready' && before.phase !== 'stopping'
		? [{kind: 'ready', text: `${name} is ready`}]
		: [];
}
