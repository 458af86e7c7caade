import type {Billing, RunState} from './state.js';

const hour = 3_600_000;

const cost = ({offer, from, to}: Billing, now: number): number => (offer.price * Math.max(0, (to ?? now) - from)) / hour;

/** US dollars for the run's instances up to `now`, from the provider's launch times; disk, traffic and addresses are not in it. */
export const spentUntil = (now: number, {billing}: Pick<RunState, 'billing'>): number =>
	billing.reduce((sum, each) => sum + cost(each, now), 0);

/** US dollars at the deadline if nobody ends it before; undefined where there is no deadline. */
export function worstCase(
	now: number,
	{billing, deadline, offer}: Pick<RunState, 'billing' | 'deadline' | 'offer'>,
): number | undefined {
	return deadline === undefined ? undefined : spentUntil(now, {billing}) + (offer.price * Math.max(0, deadline - now)) / hour;
}

/** What AWS takes for a public IPv4 address, US dollars an hour: its public price list since February 2024, the same in all regions. */
const awsAddress = 0.005;

/** What is billed beside the instance, as far as its price is known, in words and US dollars an hour; undefined where it is not known. */
export const besides = ({
	backend,
}: {
	readonly backend: string;
}): ReadonlyArray<{readonly what: string; readonly price: number | undefined}> =>
	backend === 'aws'
		? [
				{what: 'public IPv4 address', price: awsAddress},
				{what: 'disk and traffic', price: undefined},
			]
		: [];
