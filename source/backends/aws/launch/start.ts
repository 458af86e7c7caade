import {type Account, BackendError, type Instance, type LaunchProgress} from '../../backend.js';
import {requireAccount} from './account.js';
import {toInstance} from './instance.js';
import {instanceById, type OwnedInstance} from './lookup.js';
import {callAws, AwsError, cloudNow, isCode, type RegionAccess} from './region-access.js';
import {startFailureOf, waitForAddress} from './wait.js';

/** Milliseconds. */
const patience = 5 * 60_000;
const pause = 3000;
/** How long EC2 may go on to call one stopped that it has agreed to start. */
const settled = 30_000;

export type Starting = {
	readonly account: Account | undefined;
	readonly isPrivate: boolean;
	readonly signal: AbortSignal;
	readonly onProgress: (progress: LaunchProgress) => void;
};

/**
Starts an instance that is stopped, and resolves with it when it runs and has an address. One that runs already is only waited for, and one
that is being stopped is started after that. Aborted before EC2 was asked, it throws the signal's reason; after that it resolves with what is
known. Throws a `BackendError`: what has ended cannot be started, and what is not there is in no account that these credentials lead to.
*/
export async function startInstance(place: RegionAccess, instanceId: string, starting: Starting): Promise<Instance> {
	const {isPrivate, signal, onProgress} = starting;
	const {region, clock} = place;
	const start = clock.now();
	let askedAt: number | undefined;
	for (;;) {
		const found = await known(place, instanceId, starting.account);
		const state = found.State?.Name;
		if (state === 'pending' || state === 'running') {
			const instance = await waitForAddress(place, found, isPrivate, signal, onProgress);
			return running(instance);
		}

		if (state === 'terminated' || state === 'shutting-down') {
			throw new BackendError('configuration', `${instanceId} has ended: there is nothing to start any more`);
		}

		if (askedAt !== undefined && clock.now() - askedAt >= settled) {
			throw startFailureOf(found, toInstance(region, found, isPrivate, cloudNow(place)));
		}

		if (askedAt === undefined) {
			signal.throwIfAborted();
			onProgress({step: 'instance', text: state === 'stopping' ? 'EC2 is still stopping it' : 'asking EC2 to start it'});
		}

		if (state === 'stopped' && askedAt === undefined && (await askToStart(place, instanceId))) {
			askedAt = clock.now();
		}

		if (clock.now() - start >= patience) {
			throw new BackendError('transient', `EC2 has not stopped ${instanceId} within 5 minutes, and starts it only after that`, {
				next: 'Try again in some minutes.',
			});
		}

		await clock.sleep(pause);
	}
}

/** What was started, and stopped again before it ran, has not been started. */
function running(instance: Instance): Instance {
	if (instance.state === 'pending' || instance.state === 'running') {
		return instance;
	}

	throw new BackendError('unknown', `EC2 started it, and it does not run: ${instance.reason ?? `it is ${instance.state}`}`);
}

async function known(place: RegionAccess, instanceId: string, account: Account | undefined): Promise<OwnedInstance> {
	const found = await instanceById(place, instanceId);
	if (found) {
		return found;
	}

	if (account) {
		await requireAccount(place, account, instanceId);
	}

	throw new BackendError(
		account ? 'configuration' : 'permission',
		account
			? `EC2 does not know ${instanceId} any more`
			: `EC2 does not know ${instanceId}, and in which account it was made was not written down`,
		{next: account ? undefined : 'It may be in another account: look at it there.'},
	);
}

/** False where it is not in a state to be started after all: it is looked at again. */
async function askToStart(place: RegionAccess, instanceId: string): Promise<boolean> {
	const {session, client} = place;
	try {
		const command = new session.sdk.StartInstancesCommand({InstanceIds: [instanceId]});
		await callAws(place, 'ec2:StartInstances', async () => client.send(command));
		return true;
	} catch (error) {
		if (isCode(error, 'IncorrectInstanceState')) {
			return false;
		}

		if (error instanceof AwsError && (error.class === 'capacity' || error.class === 'quota')) {
			const next = 'It stays stopped, with all that is on its disk, which is billed. Try again later.';
			throw new AwsError(error, error.code, error.isCertain, [error.next, next].filter(Boolean).join(' '));
		}

		throw error;
	}
}
