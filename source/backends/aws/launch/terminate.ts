import {type Account, BackendError} from '../../backend.js';
import {requireAccount} from './account.js';
import {byHand, instanceName} from './ids.js';
import {instanceById} from './lookup.js';
import {callAws, AwsError, isCode, type RegionAccess} from './region-access.js';

/** Milliseconds. */
const patience = 5 * 60_000;
const pause = 3000;
/** How long EC2 may not know what it has just made. */
export const settled = 2 * 60_000;

/**
Ends an instance, and resolves when EC2 says that it has ended, or has not known it for two minutes under `account`. Throws a `transient`
error where that does not come within five minutes: then it is still to be seen to. One that is not known is in another account, or may be
where it is not known in which it was: then it throws at once. The place's signal ends the waiting, never the request.
*/
export async function endInstance(place: RegionAccess, instanceId: string, account: Account | undefined): Promise<void> {
	const {clock, region} = place;
	const start = clock.elapsed();
	let isAsked = await askToEnd(place, instanceId);
	if (!isAsked && account) {
		await requireAccount(place, account, instanceId);
	}

	let missedSince: number | undefined;
	let trouble: string | undefined;
	for (;;) {
		try {
			const instance = await instanceById(place, instanceId);
			trouble = undefined;
			if (instance?.State?.Name === 'terminated') {
				return;
			}

			if (instance) {
				missedSince = undefined;
				// It was not known yet when its end was first requested.
				isAsked ||= await askToEnd(place, instanceId);
			} else if (missedSince === undefined) {
				missedSince = clock.elapsed();
			} else if (clock.elapsed() - missedSince >= settled) {
				if (account) {
					return;
				}

				throw new BackendError(
					'permission',
					`EC2 does not know ${instanceId}, and in which account it was made was not written down`,
					{
						next: 'It may run in another account: look at it there.',
					},
				);
			}
		} catch (error) {
			if (!(error instanceof AwsError) || error.class !== 'transient') {
				throw error;
			}

			trouble = error.message;
		}

		if (clock.elapsed() - start >= patience) {
			throw new BackendError(
				'transient',
				`EC2 has not confirmed within 5 minutes that it ended ${instanceId}${trouble === undefined ? '' : ` (${trouble})`}`,
				{next: `It may still cost money. By hand: ${byHand(instanceName(region, instanceId)).command}`},
			);
		}

		await clock.sleep(pause, place.signal);
	}
}

/** Returns whether EC2 knows the instance. */
async function askToEnd(place: RegionAccess, instanceId: string): Promise<boolean> {
	const {session, client} = place;
	try {
		const command = new session.sdk.TerminateInstancesCommand({InstanceIds: [instanceId]});
		await callAws(place, 'ec2:TerminateInstances', async () => client.send(command));
		return true;
	} catch (error) {
		if (isCode(error, 'InvalidInstanceID.NotFound')) {
			return false;
		}

		if (error instanceof AwsError && isCode(error, 'OperationNotPermitted')) {
			throw new AwsError(
				error,
				error.code,
				true,
				'Switch its termination protection off in the AWS console; it costs money until then.',
			);
		}

		throw error;
	}
}
