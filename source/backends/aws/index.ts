import type {Requirements} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import {type Clock, systemClock} from '../../system/clock.js';
import {messageOf} from '../../system/problem.js';
import {BackendError, type BackendStatus, type OfferSource, type PriceHistory, type SpotMarket} from '../backend.js';
import {type AwsCredentials, type AwsSetup, awsSetup, type Surroundings} from '../settings/index.js';
import {failedStatus, setupWords, unusable} from '../source-status.js';
import {streamed, within} from '../stream.js';
import {HardwareBook} from './hardware.js';
import {spotHistory} from './history.js';
import type {PricesFor} from './offers.js';
import {checkPermissions} from './permissions.js';
import {listRegion} from './region.js';
import {listRegions} from './regions.js';
import {type Limits, openSession, type Session, usualLimits} from './session.js';

export type AwsOptions = {
	readonly surroundings?: Surroundings;
	readonly clock?: Clock;
	readonly limits?: Limits;
	/** On-demand prices, which EC2 does not tell. */
	readonly pricesFor: PricesFor;
};

type Ready = AwsSetup & {readonly credentials: AwsCredentials};

/**
EC2's instance types in all regions of the account, with the spot prices and quotas of now, region by region as they answer. It works in
the process that it is called in: see process.ts.
*/
export function createAwsSource({surroundings, clock = systemClock, limits = usualLimits, pricesFor}: AwsOptions): OfferSource {
	const setup = async () => awsSetup(surroundings);
	const book = new HardwareBook();

	return {
		name: 'aws',
		deadline: 'guest',
		setup: async () => setupWords(await setup()),
		async status(signal) {
			const found = await setup();
			return unusable('aws', found) ?? checkAccess(found as Ready, limits, signal);
		},
		async *offers(requirements, signal, note) {
			const found = await setup();
			if (!unusable('aws', found)) {
				yield* streamed<Offer[]>(signal, async (emit, inner) =>
					listAll({
						setup: found as Ready,
						limits,
						clock,
						book,
						pricesFor,
						requirements,
						emit,
						note: line => note?.(line),
						signal: inner,
					}),
				);
			}
		},
		async priceHistory(market, signal) {
			const found = await setup();
			const status = unusable('aws', found);
			if (status) {
				throw new BackendError('configuration', status.notes.join('; '), {next: status.next});
			}

			return askHistory(found as Ready, market, limits, clock, signal);
		},
	};
}

async function askHistory(
	setup: Ready,
	market: SpotMarket,
	limits: Limits,
	clock: Clock,
	signal: AbortSignal,
): Promise<PriceHistory> {
	const session = await openSession(setup, setup.credentials, limits);
	try {
		return await within(clock, limits.request, signal, late(limits.request), async inner =>
			spotHistory(session, market, clock, inner),
		);
	} finally {
		session.close();
	}
}

const late = (limit: number) => () => new BackendError('transient', `did not answer within ${limit / 1000} s`);

async function checkAccess(setup: Ready, limits: Limits, signal: AbortSignal): Promise<BackendStatus> {
	const session = await openSession(setup, setup.credentials, limits);
	try {
		const regions = await listRegions(session, undefined, signal);
		const {missing, notes, enough, next} = await checkPermissions(session, setup.homeRegion, signal);
		const all = [...(regions.certain ? [] : ['ec2:DescribeRegions']), ...missing];
		return {
			backend: 'aws',
			ready: enough,
			origin: setup.origin,
			notes: [...(enough ? [`answers with ${setup.origin}; ${regions.names.length} regions`] : []), ...notes, ...regions.notes],
			missing: all,
			next: all.length > 0 ? `Allow ${all.join(', ')} for these credentials in IAM.` : next,
		};
	} catch (error) {
		return failedStatus('aws', setup.origin, error, signal);
	} finally {
		session.close();
	}
}

type Listing = {
	readonly setup: Ready;
	readonly limits: Limits;
	readonly clock: Clock;
	readonly book: HardwareBook;
	readonly pricesFor: PricesFor;
	readonly requirements: Requirements;
	readonly emit: (offers: Offer[]) => void;
	readonly note: (line: string) => void;
	readonly signal: AbortSignal;
};

async function listAll(listing: Listing): Promise<void> {
	const {setup, limits, requirements, note, signal} = listing;
	const session = await openSession(setup, setup.credentials, limits);
	try {
		const regions = await listRegions(session, requirements.regions, signal);
		const notes = new Map<string, string[]>();
		const tell = (region: string, line: string) => {
			notes.set(line, [...(notes.get(line) ?? []), region]);
		};

		const results = await Promise.all(
			regions.names.map(async region => listOne(session, region, regions.certain, listing, tell)),
		);
		for (const line of regions.notes) {
			note(line);
		}

		// The same failure everywhere is one line, not one for each region.
		for (const [line, names] of notes) {
			note(`${names.length === regions.names.length && names.length > 1 ? 'every region' : names.join(', ')}: ${line}`);
		}

		const unpriced = results.reduce((sum, count) => sum + count, 0);
		if (unpriced > 0) {
			note(`${unpriced} on-demand offers have no known price and are left out`);
		}
	} finally {
		session.close();
	}
}

/** Emits one region's offers; returns how many have no known price. Its failure becomes a note and hides no other region. */
async function listOne(
	session: Session,
	region: string,
	certain: boolean,
	{limits, clock, book, pricesFor, emit, signal}: Listing,
	tell: (region: string, line: string) => void,
): Promise<number> {
	try {
		const {offers, notes, unpriced} = await within(clock, limits.region, signal, late(limits.region), async inner =>
			listRegion({session, region, book, pricesFor, clock, signal: inner}),
		);
		for (const line of notes) {
			tell(region, line);
		}

		emit(offers);
		return unpriced;
	} catch (error) {
		signal.throwIfAborted();
		const message = messageOf(error);
		// Where the regions are guessed, one that is off says so by not knowing the account: that is no news.
		if (certain || !message.startsWith('AuthFailure')) {
			tell(region, message);
		}

		return 0;
	}
}
