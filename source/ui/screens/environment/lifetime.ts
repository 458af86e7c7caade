import {formatPrice} from '../../../offers/format.js';
import {formatDuration} from '../../../system/format.js';
import type {GuestView} from '../../../runs/model/run-handle.js';
import {spentUntil} from '../../../runs/model/cost.js';
import type {RunState} from '../../../runs/model/state.js';
import {besideLines, worstWords} from '../../../runs/words/status-words.js';
import {type Moment, passed, soon, toCome} from '../../drawing/static-times.js';
import {clockTime} from '../../drawing/clock-time.js';

const lengthOf = (milliseconds: number): string => formatDuration(Math.max(0, milliseconds) / 1000);

/** A moment to come, by the person's clock, and how far it is while that is counted. */
const moment = ({now, focused}: Moment, at: number): string =>
	`${toCome(now, at)}${focused ? ` (${lengthOf(at - now)} left)` : ''}`;

const endings = {
	deadline: 'its deadline',
	lease: 'the boot lease, which is lifted once SSH works',
	inactivity: 'inactivity',
} as const;

/** What an environment costs: so far and an hour, at most; then what is billed beside it, one line each. */
export function costLines({now, focused}: Moment, run: RunState): {readonly cost: string; readonly besides: readonly string[]} {
	const {billing, offer, address} = run;
	const cost = [
		`${formatPrice(spentUntil(now, {billing}))} ${focused || offer.price === 0 ? 'so far' : `by ${clockTime(now)}`}`,
		`${formatPrice(offer.price)}/h`,
		worstWords(now, run),
		`${offer.backend} ${offer.instanceType}${offer.spot ? ' spot' : ''}`,
	];
	return {cost: cost.filter(Boolean).join(' · '), besides: besideLines(offer, address?.host)};
}

/** Who keeps it alive, and what ends it first; shortly before that, what can be done about it. */
export function lifeWords(seen: Moment, run: RunState, guest: GuestView | undefined): string {
	const hint = run.deadline !== undefined && run.deadline - seen.now < soon ? 'e extends it' : '';
	return [guest && presence(seen, run, guest), ending(seen, run, guest), hint].filter(Boolean).join(' · ');
}

function presence(
	{now, focused}: Moment,
	{specification: {inactivity}}: RunState,
	{connections, idleSince, ends}: GuestView,
): string | undefined {
	if (connections.length > 0) {
		const from = [...Map.groupBy(connections, each => each.from)].map(
			([host, own]) => `${host} (${own.length} connection${own.length === 1 ? '' : 's'})`,
		);
		// Where inactivity ends nothing, a connection keeps nothing alive.
		return `${inactivity === null ? 'connected from' : 'kept alive by'} ${from.join(', ')}`;
	}

	if (idleSince === undefined) {
		return undefined;
	}

	const idle = `idle since ${focused ? lengthOf(now - idleSince) : passed(now, idleSince)}`;
	return ends?.why === 'inactivity'
		? `${idle}, ends ${focused ? `in ${lengthOf(ends.at - now)}` : toCome(now, ends.at)} (inactivity)`
		: idle;
}

function ending(seen: Moment, {deadline, specification: {inactivity}}: RunState, guest: GuestView | undefined): string {
	const ends = guest?.ends;
	if (ends?.why === 'inactivity') {
		return deadline === undefined ? 'no deadline' : `before its deadline ${moment(seen, deadline)}`;
	}

	if (ends) {
		return `ends itself ${moment(seen, ends.at)}: ${endings[ends.why]}`;
	}

	if (deadline !== undefined) {
		return `ends itself ${moment(seen, deadline)}`;
	}

	return inactivity === null
		? 'runs until you stop it'
		: `ends itself ${formatDuration(inactivity)} after the last connection; no deadline`;
}
