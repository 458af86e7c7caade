import {type Account, type Backend, BackendError, type Instance, otherAccount} from '../../backends/backend.js';
import type {RunState} from '../model/state.js';

/** What it takes to ask for a run's instance. */
type Asked = Pick<RunState, 'offer' | 'account' | 'instanceId' | 'intentId'>;

/**
The run's instance as its backend tells it; undefined only where it is certainly not there. Throws a `BackendError` under another account,
and where nothing is there and the journal does not say which account was meant: in another one it may run.
*/
export async function describeInstance(
	backend: Backend,
	{offer, account, instanceId = ''}: Asked,
	signal?: AbortSignal,
): Promise<Instance | undefined> {
	const instance = await backend.describe(instanceId, account, signal);
	return instance ?? nothing(backend, {offer, account}, instanceId);
}

/** The same for a request of which it is not known what it made. */
export async function findInstance(
	backend: Backend,
	{offer, account, intentId}: Pick<Asked, 'offer' | 'account' | 'intentId'>,
	signal?: AbortSignal,
): Promise<Instance | undefined> {
	return (await backend.find(intentId, offer, account, signal)) ?? nothing(backend, {offer, account}, offer.instanceType);
}

/** Undefined, where absence proves something. */
function nothing(backend: Backend, {offer, account}: Pick<Asked, 'offer' | 'account'>, what: string): undefined {
	if (offer.price > 0 && account === undefined && backend.account) {
		throw new BackendError(
			'permission',
			`${what} is not in the account that is set up here, and the journal does not say in which one it was made`,
			{next: 'Look for it in the console of each account that it may be in.'},
		);
	}

	return undefined;
}

/** Throws `otherAccount` where what is set up now leads elsewhere than the run is. A backend that does not say so is no reason. */
export async function refuseOtherAccount(
	backend: Backend,
	{offer, account: theirs, instanceId}: Pick<Asked, 'offer' | 'account' | 'instanceId'>,
	signal: AbortSignal,
): Promise<void> {
	const ours = theirs && (await accountNow(backend, offer, signal).catch(() => undefined));
	if (theirs && ours && ours.id !== theirs.id) {
		throw otherAccount(instanceId ?? offer.instanceType, theirs, ours);
	}
}

/** The account that is set up now, where it can be told: a refusal to tell is none. Throws `transient` errors, after which it may be told. */
export async function accountNow(backend: Backend, offer: RunState['offer'], signal: AbortSignal): Promise<Account | undefined> {
	try {
		return await backend.account?.(offer, signal);
	} catch (error) {
		if (error instanceof BackendError && error.class !== 'transient') {
			return undefined;
		}

		throw error;
	}
}

/** Whether an instance is a machine that is stopped in its cloud: it is not over, but billed for its disk until it is terminated. */
export const isHalted = (instance: Instance | undefined): instance is Instance & {readonly state: 'stopped'} =>
	instance?.state === 'stopped' && instance.replaceHostKey === true;

/** Why it is. */
export const haltedReason = ({reason}: Pick<Instance, 'reason'>): string => reason ?? 'it was stopped through its cloud';
