import {formatPrice} from '../../offers/format.js';
import {formatDuration} from '../../system/format.js';
import type {Offer} from '../../offers/offer.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Plan} from '../model/choice.js';
import {aboutMinutes} from '../model/expected-times.js';
import {besideLines} from './status-words.js';
import {offerWords} from './event-words.js';

const firstOthers = 3;

/** What is tried after the chosen offer: how many, the first few, and the dearest; undefined where there is nothing. */
export function othersWords({others}: Pick<Plan, 'others'>): string | undefined {
	if (others.length === 0) {
		return undefined;
	}

	const more = others.length > firstOthers ? `; and ${others.length - firstOthers} more` : '';
	const dearest = formatPrice(Math.max(...others.map(({price}) => price)));
	return `${others.length} more, in this order, where it cannot be had: ${others.slice(0, firstOthers).map(offerWords).join('; ')}${more}; the dearest ${dearest}/h`;
}

/** Offers of a plan that nothing ends but a person. */
export const endless = ({offer, others}: Pick<Plan, 'offer' | 'others'>): readonly Offer[] =>
	[offer, ...others].filter(({deadline, price}) => deadline === 'none' && price > 0);

/** What must be said before a launch of such offers; undefined where all of them end themselves. */
export function endlessWords(plan: Pick<Plan, 'offer' | 'others'>): string | undefined {
	const found = endless(plan);
	if (found.length === 0) {
		return undefined;
	}

	const which = found.includes(plan.offer)
		? `${plan.offer.backend} ${plan.offer.instanceType} does not end itself`
		: `${found.length} of the offers that are tried after it do not end themselves (${[...new Set(found.map(({backend}) => backend))].join(', ')})`;
	return `${which}: no deadline holds there, and it costs money until you stop it, also when this program or your machine does not run`;
}

const kinds: Readonly<Record<Exclude<Offer['deadline'], 'none'>, string>> = {
	guest: 'it powers itself off, which ends the bill',
	provider: 'the cloud ends it',
};

/** When it ends itself, how, and what becomes of what is in it. `now` in milliseconds since the epoch. */
export function deadlineWords({offer, deadline}: Pick<Plan, 'offer' | 'deadline'>, now: number): string {
	const isLocal = offer.backend === 'local';
	if (deadline === undefined) {
		return isLocal || offer.deadline !== 'guest'
			? 'none: it runs until you stop it'
			: 'none: it runs until you stop it; only one that is not reached soon after it boots ends itself';
	}

	const span = formatDuration((deadline - now) / 1000);
	if (offer.deadline === 'none') {
		return `none holds there, although ${span} were asked for: it runs until you stop it`;
	}

	return isLocal
		? `after ${span} it ends itself, whether or not this program runs; work that is neither committed nor pushed is kept until you stop it`
		: `after ${span} it ends itself, whether or not this program runs (${kinds[offer.deadline]}); what is on the machine goes with it: push or copy out what you need`;
}

/** What an hour costs, and at most all of them. */
export function priceWords({offer, deadline}: Pick<Plan, 'offer' | 'deadline'>, now: number): string {
	if (offer.price === 0) {
		return '$0: it runs on this machine';
	}

	const worst =
		deadline === undefined ? '' : `, at most ${formatPrice((offer.price * (deadline - now)) / 3_600_000)} until the deadline`;
	return `${formatPrice(offer.price)} an hour${worst}`;
}

/** An image as a person reads it: of a digest, as much as tells one from the other. */
export const imageWords = (reference: string): string =>
	neutraliseLine(reference).replace(/(@sha256:[\da-f]{12})[\da-f]{52}$/, '$1…');

/** How the image of the build commands stands, and why; undefined where they make none. */
export function buildWords({image: {decision, why}}: Pick<Plan, 'image'>): string | undefined {
	if (decision === 'none') {
		return undefined;
	}

	const word = {reuse: 'reused', build: 'will be made', missing: 'none yet', unasked: 'not known before it starts'}[decision];
	return [word, why.map(neutraliseLine).join('; ')].filter(Boolean).join(': ');
}

/** What is said of a plan that cannot be launched as it is. */
export const missingBuild = 'There is no image of its `build` commands yet';

/** When it will be ready; undefined where no earlier run tells. */
export const readyWords = ({expected}: Pick<Plan, 'expected'>): string | undefined =>
	expected === undefined ? undefined : `in about ${aboutMinutes(expected * 1000)}, as earlier runs took`;

/** What is billed beside it, one line each. */
export const besidePlanned = ({offer}: Pick<Plan, 'offer'>): readonly string[] => besideLines(offer);
