import type {BackendErrorClass} from '../../backends/backend.js';
import type {Retry} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import {isWeakerIsolation, instanceKind} from '../../offers/instance-kind.js';
import {agreedKind} from '../model/specification.js';
import type {Attempt, RunState} from '../model/state.js';

/** How much dearer than agreed an offer may be without a question. */
const dearer = 1.5;
const firstWait = 15_000;
const longestWait = 600_000;

/** What a run without an instance does next. */
export type Move =
	/** The request whose answer is not known is made again, with the same token. */
	| {readonly type: 'repeat'}
	| {readonly type: 'try'; readonly offer: Offer}
	| {readonly type: 'ask'; readonly offer: Offer}
	/** All offers are tried again at `until`, milliseconds since the epoch. */
	| {readonly type: 'wait'; readonly until: number; readonly reason: string}
	/** `unasked`: offers that are left, and dearer than was agreed to without a question. */
	| {readonly type: 'give-up'; readonly unasked: readonly Offer[]};

/** Decides from the journal alone, so that a program that takes the run up goes on as the one before would have. Pure. */
export function nextMove(state: RunState, now: number): Move {
	if (state.unanswered) {
		return {type: 'repeat'};
	}

	// No wait is longer: one that seems so was announced before the clock was set back, and is over.
	if (state.waiting && now < state.waiting.until && state.waiting.until - now <= longestWait) {
		return {type: 'wait', ...state.waiting};
	}

	const left = untried(state);
	const [affordable, unasked] = byAgreement(left, state);
	const [next] = left;
	if (next && affordable.includes(next)) {
		return {type: 'try', offer: next};
	}

	if (next && !state.specification.agreed) {
		return {type: 'ask', offer: next};
	}

	const [other] = affordable;
	if (other) {
		return {type: 'try', offer: other};
	}

	const until = waitUntil(state, now);
	return until === undefined
		? {type: 'give-up', unasked}
		: {type: 'wait', until, reason: `nothing could be had: ${state.attempts.at(-1)?.message ?? 'nobody says why'}`};
}

/** The offers that this round has still to try, in their order. What they have in common with a refused one may rule them out. */
export function untried(state: RunState): readonly Offer[] {
	const {specification, attempts, round} = state;
	const failed = attempts.slice(round.start);
	const least = agreedKind(specification);
	// Whatever the list holds: nothing is kept apart less than what the person said yes to.
	const planned = ([specification.offer, ...specification.others] as unknown as Offer[]).filter(
		offer => !isWeakerIsolation(instanceKind(offer), least),
	);
	const seen = new Set<string>();
	return planned
		.flatMap(offer => [offer, ...inNamedZones(offer, failed)])
		.filter(offer => {
			const isNew = !seen.has(keyOf(offer));
			seen.add(keyOf(offer));
			return isNew && !failed.some(attempt => rulesOut(attempt, offer));
		});
}

const keyOf = ({id, zone}: Offer): string => `${id} ${zone ?? ''}`;

/** Where a refusal for a whole region names zones that have some, those are worth a try. */
const inNamedZones = (offer: Offer, failed: readonly Attempt[]): readonly Offer[] =>
	failed
		.filter(attempt => keyOf(attempt.offer) === keyOf(offer))
		.flatMap(({zones}) => zones)
		.filter(zone => zone !== offer.zone)
		.map(zone => ({...offer, zone}));

function rulesOut({offer: tried, errorClass}: Attempt, offer: Offer): boolean {
	const sameBackend = tried.backend === offer.backend;
	switch (errorClass as BackendErrorClass) {
		case 'permission':
		case 'configuration': {
			return sameBackend;
		}

		case 'quota': {
			const {quotaFamily: family, region} = offer;
			const sharesQuota = sameBackend && region === tried.region && family !== undefined && family === tried.quotaFamily;
			return sharesQuota || keyOf(tried) === keyOf(offer);
		}

		default: {
			return keyOf(tried) === keyOf(offer);
		}
	}
}

function byAgreement(offers: readonly Offer[], {agreedPrice, specification}: RunState): [Offer[], Offer[]] {
	const {agreed, maxPrice} = specification;
	const limit = agreed && maxPrice !== undefined ? Math.max(maxPrice, agreedPrice) : agreedPrice * dearer;
	return [offers.filter(({price}) => price <= limit), offers.filter(({price}) => price > limit)];
}

/** When a round that failed is worth another; undefined where the configuration asks for none, its time is over, or nothing will change by itself. */
function waitUntil({specification: {retry}, attempts, round}: RunState, now: number): number | undefined {
	const failed = attempts.slice(round.start);
	// What began in the future began now, as far as anybody can know.
	const since = Math.min(round.since, now);
	if (!retry || now >= since + retry.limit * 1000 || !failed.some(attempt => isWorthRetrying(attempt, retry))) {
		return undefined;
	}

	const wait = Math.min(longestWait, firstWait * 2 ** Math.min(round.count, 10));
	return Math.min(now + wait, since + retry.limit * 1000);
}

function isWorthRetrying({errorClass}: Attempt, {on}: Retry): boolean {
	switch (errorClass as BackendErrorClass) {
		case 'capacity':
		case 'quota': {
			return on.includes('no-capacity');
		}

		case 'transient':
		case 'unknown': {
			return on.includes('error');
		}

		default: {
			return false;
		}
	}
}
