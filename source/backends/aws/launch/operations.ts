import type {Clock} from '../../../system/clock.js';
import {systemClock} from '../../../system/clock.js';
import {BackendError, type LaunchIntent} from '../../backend.js';
import {type AwsSetup, awsSetup, type Surroundings} from '../../settings/index.js';
import {unusable} from '../../source-status.js';
import type {PricesFor} from '../offers.js';
import {accountRegions} from '../regions.js';
import {type Limits, openSession, type Session, usualLimits} from '../session.js';
import {accountOf, requireAccount} from './account.js';
import type {Operations, Unanswered} from './calls.js';
import {checkOffer} from './check.js';
import {partsOf} from './ids.js';
import {ImageBook} from './images.js';
import {toInstance} from './instance.js';
import {launchInstance} from './launch.js';
import {inRegions, listAll, listInstances} from './list.js';
import {instanceById, instanceOfIntent} from './lookup.js';
import {cloudNow, type RegionAccess} from './region-access.js';
import {allowRanges} from './security-group.js';
import {startInstance} from './start.js';
import {sweepRegion} from './sweep.js';
import {endInstance} from './terminate.js';

/** EC2 takes its time with a launch: longer than with a question. Milliseconds. */
const usualLaunchLimit = 30_000;

export type OperationOptions = {
	readonly surroundings?: Surroundings;
	readonly clock?: Clock;
	readonly limits?: Limits;
	/** For the answer to a launch. Milliseconds. */
	readonly launchLimit?: number;
	readonly pricesFor: PricesFor;
	readonly images?: ImageBook;
	/** Plain text that sets an instance up at its first boot. */
	readonly userData: (intent: LaunchIntent) => string;
};

/** What the backend does on EC2, in the process that it is called in. Credentials and settings are read anew for each. */
export function createAwsOperations(options: OperationOptions): Operations {
	const {surroundings, clock = systemClock, limits = usualLimits, launchLimit = usualLaunchLimit} = options;
	const {pricesFor, images = new ImageBook(), userData} = options;

	const withSession = async <T>(act: (session: Session, setup: AwsSetup) => Promise<T>): Promise<T> => {
		const setup = await awsSetup(surroundings);
		const status = unusable('aws', setup);
		if (status || !setup.credentials) {
			throw new BackendError('configuration', status?.notes.join('; ') ?? 'no credentials', {next: status?.next});
		}

		const session = await openSession(setup, setup.credentials, limits);
		try {
			return await act(session, setup);
		} finally {
			session.close();
		}
	};

	const placeIn = (session: Session, region: string, signal?: AbortSignal): RegionAccess => ({
		...{session, region, clock, signal},
		client: session.ec2(region),
		once: session.ec2(region, {attempts: 1, request: launchLimit}),
	});
	const within = async <T>(
		region: string,
		act: (place: RegionAccess, setup: AwsSetup) => Promise<T>,
		signal?: AbortSignal,
	): Promise<T> => withSession(async (session, setup) => act(placeIn(session, region, signal), setup));
	const isPrivate = ({launch}: AwsSetup): boolean => launch.public_ips === false;

	return {
		check: async ([offer], signal) =>
			within(offer.region, async (place, {launch: settings}) => checkOffer({place, settings, images, signal}, offer)),
		launch: async ([intent], signal, onProgress) =>
			within(intent.offer.region, async (place, {launch: settings}) => {
				if (intent.account) {
					await requireAccount(place, intent.account, `the launch of ${intent.run}`);
				}

				return launchInstance({place, settings, images, pricesFor, userData, signal, onProgress}, intent);
			}),
		account: async ([region], signal) => within(region, async place => accountOf(place), signal),
		find: async ([intentId, {region, instanceType}, account], signal) =>
			within(
				region,
				async (place, setup) => {
					if (account) {
						await requireAccount(place, account, `what was asked for, ${instanceType} in ${region},`);
					}

					const found = await instanceOfIntent(place, intentId);
					return found && toInstance(region, found, isPrivate(setup), cloudNow(place));
				},
				signal,
			),
		async look([id, account], signal) {
			const {region, instanceId} = partsOf(id);
			const look = async (place: RegionAccess, setup: AwsSetup) => {
				const found = await instanceById(place, instanceId);
				// What these credentials can see is theirs: no account sees another one's instances.
				if (!found && account) {
					await requireAccount(place, account, instanceId);
				}

				return found && toInstance(region, found, isPrivate(setup), cloudNow(place));
			};

			return within(region, look, signal);
		},
		async terminate([id, account], signal) {
			const {region, instanceId} = partsOf(id);
			await within(region, async place => endInstance(place, instanceId, account), signal);
			return undefined;
		},
		async start([id, account], signal, onProgress) {
			const {region, instanceId} = partsOf(id);
			return within(region, async (place, setup) =>
				startInstance(place, instanceId, {account, isPrivate: isPrivate(setup), signal, onProgress}),
			);
		},
		list: async ([installation, regions], signal) =>
			withSession(async (session, setup) =>
				listAll(regions, async region => listInstances(placeIn(session, region, signal), installation, isPrivate(setup))),
			),
		sweep: async ([installation, regions]) =>
			withSession(async session => {
				const {answers, unanswered} = await inRegions(regions, async region =>
					sweepRegion(placeIn(session, region), installation),
				);
				return [...answers.flat(), ...unanswered.map(unansweredLine)];
			}),
		regions: async (_, signal) => withSession(async session => accountRegions(session, signal)),
		async admit([id], signal) {
			const {region, instanceId} = partsOf(id);
			return within(region, async (place, {launch: settings}) => {
				const instance = await instanceById(place, instanceId);
				const groups = instance?.SecurityGroups?.flatMap(({GroupId}) => GroupId ?? []) ?? [];
				return groups.length === 0 ? [] : allowRanges(place, settings, groups, signal);
			});
		},
	};
}

export const unansweredLine = ({region, message}: Unanswered): string => `${region} cannot be asked: ${message}`;
