import type {GuestView} from '../../runs/model/run-handle.js';
import type {RunState} from '../../runs/model/state.js';
import {clockSeconds} from '../../runs/words/status-words.js';
import {dateTime} from '../../runs/words/event-words.js';
import type {TunnelHealth} from '../../tunnel/health.js';
import {clockTime} from './clock-time.js';

/** When a screen is drawn, and whether it is drawn again by itself: without the focus it stands still. */
export type Moment = {
	/** Milliseconds since the epoch. */
	readonly now: number;
	readonly focused: boolean;
};

/** The time where it goes on, on the screen too. */
export const ticking = ({now, focused}: Moment): number | undefined => (focused ? now : undefined);

const halfDay = 43_200_000;

/** A moment that has passed, as the person's clock showed it. */
export const passed = (now: number, at: number): string => (now - at > halfDay ? dateTime(at) : clockSeconds(at));

/** A moment to come, by the person's clock. */
export const toCome = (now: number, at: number): string => (at - now > 2 * halfDay ? dateTime(at) : `at ${clockTime(at)}`);

/** Numbers of tries that are told where nothing counts them. */
const told = [1000, 500, 200, 100, 50, 20, 10, 5];

/** How often it was tried, as it stays true while more tries follow. */
export function triesWords({attempt = 1}: Pick<TunnelHealth, 'attempt'>): string {
	const tries = told.find(count => attempt > count);
	return tries === undefined ? 'trying' : `trying, more than ${tries} times`;
}

/** As `healthLine`, of a screen that stands still: with moments in place of what counts, and without what was measured last. */
export function stillHealthLine(health: TunnelHealth, now: number): string {
	const {status, upSince, silentSince, reconnects, reason} = health;
	if (status === 'down') {
		return reason ?? 'down';
	}

	const words =
		status === 'up'
			? [
					upSince === undefined ? 'up' : `up since ${passed(now, upSince)}`,
					reconnects === 0 ? '' : `${reconnects} reconnect${reconnects === 1 ? '' : 's'}`,
				]
			: [triesWords(health), silentSince === undefined ? reason : `no answer since ${passed(now, silentSince)}`];
	return words.filter(Boolean).join(' · ');
}

/** An end this near is told with what can be done about it. Milliseconds. */
export const soon = 900_000;

/** Whether its end is less than a quarter of an hour away. */
export function endsSoon(now: number, {deadline}: RunState, guest: GuestView | undefined): boolean {
	const moments = [deadline, guest?.ends?.at].filter(at => at !== undefined);
	return moments.some(at => at - now < soon);
}
