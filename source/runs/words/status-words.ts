import type {Instance} from '../../backends/backend.js';
import {formatPrice} from '../../offers/format.js';
import {formatDuration} from '../../system/format.js';
import {programName} from '../../system/program-name.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {besides, worstCase} from '../model/cost.js';
import type {Orphan} from '../model/reconciled.js';
import {isOver, type RunState} from '../model/state.js';
import {dateTime, offerWords, overWords} from './event-words.js';

/** Hours, minutes and seconds of the person's own day. */
export function clockSeconds(at: number): string {
	const date = new Date(at);
	return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
}

const left = (now: number, until: number): string => formatDuration(Math.max(0, until - now) / 1000);

/** How a run stands, in a word or two: its phase, or what is more than that. */
export function stateWord(run: RunState): string {
	const {phase, asking, waiting, stopFailure, notice, halted} = run;
	if (halted && phase !== 'stopping' && !isOver(run)) {
		return 'STOPPED';
	}

	if (phase === 'stopping') {
		return stopFailure ? 'NOT ENDED' : phase;
	}

	if (phase === 'starting') {
		return asking ? 'asks you' : waiting ? 'waits' : phase;
	}

	return notice && phase === 'ready' ? 'taken back soon' : phase;
}

/** The same in some words more, for a list that has room. */
export function statusWords(run: RunState): string {
	const {phase, failure, asking, waiting, stopFailure, notice, attempts} = run;
	if (isOver(run)) {
		return overWords(run);
	}

	if (run.halted && phase !== 'stopping') {
		return 'STOPPED, its disk is billed';
	}

	if (phase === 'failed' && failure) {
		return `failed in ${failure.step}`;
	}

	if (phase === 'stopping') {
		return stopFailure ? 'NOT ENDED' : phase;
	}

	if (phase === 'starting') {
		const tried = attempts.length > 0 ? `, ${attempts.length} refused` : '';
		return asking
			? `asks whether ${formatPrice(asking.price)}/h is too dear`
			: waiting
				? `waits until ${dateTime(waiting.until)}`
				: `${phase}${tried}`;
	}

	return notice && phase === 'ready' ? `${phase}, ${noticeWords(notice)}` : phase;
}

const noticeWords = ({action, time}: NonNullable<RunState['notice']>): string =>
	`the cloud will ${neutraliseLine(action)} it at ${dateTime(time)}`;

/** The cloud's notice that it takes the instance back, with how long that is; without `now`, as it stays right. */
export function noticeLine(now: number | undefined, {notice}: Pick<RunState, 'notice'>): string | undefined {
	if (!notice) {
		return undefined;
	}

	const {action, time} = notice;
	const when =
		now === undefined
			? `at ${clockSeconds(time)}`
			: time > now
				? `at ${clockSeconds(time)}, in ${left(now, time)}`
				: `since ${clockSeconds(time)}, any moment`;
	return `SPOT NOTICE: the cloud will ${neutraliseLine(action)} this instance ${when}: save your work now`;
}

/** Until when nothing is tried, and why; undefined where nothing is waited for. Without `now`, as it stays right. */
export function waitingLine(
	now: number | undefined,
	{waiting, round, specification: {retry}, attempts}: RunState,
): string | undefined {
	if (!waiting) {
		return undefined;
	}

	const limit = retry ? round.since + retry.limit * 1000 : undefined;
	const giveUp = limit === undefined ? '' : `; gives up at ${clockSeconds(limit)}`;
	const why = withoutLast(waiting.reason, attempts);
	const rest = now === undefined ? '' : ` (${left(now, waiting.until)} left)`;
	return `Waits until ${clockSeconds(waiting.until)}${rest}, then tries all offers again${giveUp}. Why: ${why}`;
}

/** The reason without the words of the last attempt, which stand with the attempt itself. */
export function withoutLast(reason: string, attempts: RunState['attempts']): string {
	const last = attempts.at(-1)?.message;
	return last !== undefined && last !== '' && reason.endsWith(`: ${last}`) ? reason.slice(0, -last.length - 2) : reason;
}

/** What is asked of the person before a dearer offer is tried. */
export const askingLine = ({asking, agreedPrice}: RunState): string | undefined =>
	asking && `The next offer is much dearer: ${offerWords(asking)}; agreed were ${formatPrice(agreedPrice)}/h`;

/** What is being found out of a request whose answer is not known; undefined where every answer is. */
export function unansweredLine({unanswered, phase, offer, steps, duration}: RunState): string | undefined {
	const isUnderWay = steps.some(({id, status}) => id === 'instance' && status === 'running');
	if (!unanswered || (phase === 'starting' && isUnderWay) || offer.price === 0) {
		return undefined;
	}

	const asked = `${offerWords(offer)} was asked for, and whether that made an instance is not known yet`;
	if (phase === 'stopping') {
		return `${asked}: ${offer.backend} is asked, so that one that was made ends too`;
	}

	const safe = duration === null ? 'one that nobody reaches ends itself' : 'one that was made ends itself at its deadline';
	return phase === 'failed'
		? `${asked}; trying again finds it by its tag, and ${safe}`
		: `${asked}: the same request is made again, which never makes a second one`;
}

/** Of an end that could not be confirmed: what failed; what is left and costs; how a person ends it; what this program does. */
export function stopFailureLines({name, offer, instanceId, stopFailure}: RunState): readonly string[] {
	if (!stopFailure) {
		return [];
	}

	const {message, command, console: page} = stopFailure;
	const price = offer.price > 0 ? [`${formatPrice(offer.price)}/h`] : [];
	return [
		`NOT ENDED: ${message}`,
		`It may still be billed: ${[instanceId ?? `${offer.instanceType} (its id is not known)`, offer.backend, offer.zone ?? offer.region, ...price].join(' · ')}`,
		...(command === undefined ? [] : [`End it by hand: ${command}`]),
		...(page === undefined ? [] : [`Look at it: ${page}`]),
		`It is tried again at every start of this program and every few minutes while it is open; now: ${programName} stop ${name}`,
	].map(neutraliseLine);
}

/** What a run costs beside its instance, one line each: what is not known is said. `host` is where it is reached. */
export const besideLines = (offer: Parameters<typeof besides>[0], host?: string): string[] =>
	besides(offer)
		.filter(({what}) => !(what.includes('address') && host !== undefined && isPrivate(host)))
		.map(({what, price}) => `${what}: ${price === undefined ? 'not known' : `${formatPrice(price)}/h`}`);

const isPrivate = (host: string): boolean => /^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(host);

/** What it will have cost at its deadline, in words; undefined where there is none, or nothing is billed. */
export function worstWords(now: number, run: Pick<RunState, 'billing' | 'deadline' | 'offer'>): string | undefined {
	const worst = run.offer.price > 0 ? worstCase(now, run) : undefined;
	return worst === undefined ? undefined : `at most ${formatPrice(worst)} at its deadline`;
}

const placeOf = ({offer}: Instance): string =>
	offer === undefined ? '' : ` ${offer.instanceType}${offer.spot ? ' spot' : ''} in ${offer.region}`;

/** An instance that no journal tells of, or that one says is gone, in a line. */
export const orphanWords = ({backend, instance, saidGone = false, elsewhere}: Orphan): string =>
	neutraliseLine(
		`${instance.id}: ${backend}${placeOf(instance)}, tagged as ${instance.run}${elsewhere === undefined ? '' : ` of ${elsewhere}, another machine`}${saidGone ? ', which is gone by its journal, and is there' : ''}, ${instance.deadline === undefined ? 'with no deadline tag' : `deadline tag ${dateTime(instance.deadline)}`}${instance.state === 'stopped' ? ', STOPPED: its disk is billed' : ''}`,
	);

/** Why it can only be ended. */
export const orphanAdvice = ({saidGone = false, elsewhere}: Pick<Orphan, 'saidGone' | 'elsewhere'>): string =>
	elsewhere !== undefined
		? neutraliseLine(`It was started on ${elsewhere}, where somebody may work with it, and its journal is there.`)
		: saidGone
			? 'Its journal says that it has ended, and its keys are deleted: it may hold work, which only the console of the cloud still leads to.'
			: 'No journal here tells of it, and its keys are not here: it cannot be attached to or taken over, only ended.';
