import {type AccountRegions, BackendError} from '../backend.js';
import {classify} from './errors.js';
import type {Session} from './session.js';

/** Those that every account has from the start, for who may not list regions. */
const usual: readonly string[] = [
	...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1'],
	...['eu-central-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-north-1'],
	...['ap-south-1', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-southeast-1', 'ap-southeast-2'],
];

/** Whether AWS may call a region so: `eu-central-1`, `us-gov-west-1`. */
const isRegion = (name: unknown): boolean => typeof name === 'string' && /^[a-z]{2,5}(?:-[a-z]{1,20}){1,3}-\d{1,2}$/.test(name);

export type Regions = {
	/** Those that this account may use, or is thought to. */
	readonly names: readonly string[];
	/** Whether AWS said so; where it did not, one that is off is met only when it is asked. */
	readonly certain: boolean;
	readonly notes: readonly string[];
};

/**
The account's regions, as far as `wanted` and `asked` (lists of names; undefined for all) let them count. Throws a `BackendError` where
the credentials do not serve at all.
*/
export async function listRegions(session: Session, asked: readonly string[] | undefined, signal: AbortSignal): Promise<Regions> {
	const {setup} = session;
	const isAsked = (name: string) => asked === undefined || asked.includes(name);
	try {
		const {states, odd} = await regionStates(session, signal);
		const on = [...states].filter(([, state]) => state !== 'not-opted-in').map(([name]) => name);
		const wanted = setup.regions ?? on;
		return {
			names: on.filter(name => wanted.includes(name) && isAsked(name)),
			certain: true,
			// A region that is off is nobody's concern, unless somebody named it.
			notes: [
				...(setup.regions ?? [])
					.filter(name => !on.includes(name))
					.map(name =>
						states.has(name) ? `${name}: this region is not enabled for the account` : `${name}: there is no such region`,
					),
				...oddNote(odd),
			],
		};
	} catch (error) {
		const message = whyUntold(error, session, signal);
		return {
			names: (setup.regions ?? guessed(session)).filter(isAsked),
			certain: false,
			notes: [`${message}: ${setup.regions ? 'the regions of the settings' : 'the usual regions'} are asked`],
		};
	}
}

type States = {
	readonly states: ReadonlyMap<string, string | undefined>;
	/** How many were left out, as no region is called so. */
	readonly odd: number;
};

/** Every region that the account has, with its state: `opted-in`, `opt-in-not-required`, `not-opted-in`. */
async function regionStates({sdk, setup, ec2}: Session, signal?: AbortSignal): Promise<States> {
	const command = new sdk.DescribeRegionsCommand({AllRegions: true});
	const {Regions: found} = await ec2(setup.homeRegion).send(command, {abortSignal: signal});
	if (!found) {
		throw new BackendError('unknown', 'answers what is no list of regions', {
			next: 'Is the endpoint of aws in the settings right?',
		});
	}

	// A name becomes the address that is asked next, with the credentials.
	const good = found.filter(({RegionName: name}) => isRegion(name));
	return {
		states: new Map(good.map(({RegionName: name, OptInStatus: state}) => [name ?? '', state])),
		odd: found.length - good.length,
	};
}

const oddNote = (odd: number): string[] => (odd > 0 ? [`${odd} regions are left out: AWS has none that are called so`] : []);

/** Those that are asked where the account's own may not be listed. */
const guessed = ({setup}: Session): readonly string[] =>
	/^(?:cn|us-gov|us-iso)/.test(setup.homeRegion) ? [setup.homeRegion] : usual;

/** Why the regions may not be listed; every other failure is thrown. */
function whyUntold(error: unknown, {secrets}: Session, signal: AbortSignal): string {
	signal.throwIfAborted();
	if (error instanceof BackendError) {
		throw error;
	}

	const failure = classify(error, 'ec2:DescribeRegions', secrets);
	if (failure.permission === undefined) {
		throw failure.error;
	}

	return failure.error.message;
}

/**
Where the account can have instances, whatever the settings say of where new ones are to be: all regions that are enabled, else those of the
settings and the usual ones. Throws a `BackendError` where the credentials do not serve at all.
*/
export async function accountRegions(session: Session, signal: AbortSignal): Promise<AccountRegions> {
	const named = session.setup.regions ?? [];
	try {
		const {states, odd} = await regionStates(session, signal);
		const off = [...states].filter(([, state]) => state === 'not-opted-in').map(([name]) => name);
		return {
			named: named.filter(name => states.has(name) && !off.includes(name)),
			names: [...states.keys()].filter(name => !off.includes(name)),
			unasked: [...(off.length === 0 ? [] : [`${off.join(', ')}: not enabled for the account`]), ...oddNote(odd)],
		};
	} catch (error) {
		const message = whyUntold(error, session, signal);
		const names = [...new Set([...named, ...guessed(session)])];
		return {named, names, unasked: [`regions beside the usual ones, of which the account may have more: ${message}`]};
	}
}

/** What each session was told of its account's regions, so that many refusals cost one question. */
const told = new WeakMap<Session, Promise<States['states'] | undefined>>();

/** Whether AWS says that the account has this region switched off. Where it does not say, that is not known. */
export async function isDisabled(session: Session, region: string, signal?: AbortSignal): Promise<boolean> {
	const telling =
		told.get(session) ??
		regionStates(session, signal).then(
			({states}) => states,
			// Wrong keys, or no right to ask: the refusal that led here says so itself.
			() => undefined,
		);
	told.set(session, telling);
	const states = await telling;
	signal?.throwIfAborted();
	return states?.get(region) === 'not-opted-in';
}
