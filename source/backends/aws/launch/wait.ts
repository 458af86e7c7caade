import type {Instance as Ec2Instance} from '@aws-sdk/client-ec2';
import {messageOf} from '../../../system/problem.js';
import {BackendError, type BackendErrorClass, type Instance, type LaunchProgress} from '../../backend.js';
import {reasonCode, toInstance} from './instance.js';
import {instanceById, type OwnedInstance} from './lookup.js';
import {cloudNow, type RegionAccess} from './region-access.js';

/** Milliseconds. */
const pause = 2000;
const patience = 5 * 60_000;

/**
Waits until an instance that was made runs and has an address. It is there, so nothing that goes wrong with asking is thrown: what is known
of it is returned, at the latest after five minutes, and at once when the signal is aborted. Throws only where EC2 took it back before it
ran: then it has ended.
*/
export async function waitForAddress(
	place: RegionAccess,
	made: OwnedInstance,
	isPrivate: boolean,
	signal: AbortSignal,
	onProgress: (progress: LaunchProgress) => void,
): Promise<Instance> {
	const {clock, region} = place;
	const start = clock.elapsed();
	let raw = made;
	let told = '';
	let isTold = true;
	const tell = (text: string, log?: string) => {
		if (text !== told) {
			told = text;
			onProgress({step: 'instance', text, log});
		}
	};

	for (;;) {
		const instance = toInstance(region, raw, isPrivate, cloudNow(place));
		const failure = failureOf(raw, instance, made.State?.Name === 'pending');
		if (failure && instance.state === 'terminated') {
			throw failure;
		}

		// An address that is none gets no better by waiting.
		const isThere = instance.state === 'running' && (instance.endpoint !== undefined || instance.refused !== undefined);
		const isOver = instance.state !== 'pending' && instance.state !== 'running' && !failure;
		if (isThere || isOver) {
			tell(isThere ? `runs at ${instance.endpoint?.host ?? 'an address that is none'}` : (instance.reason ?? instance.state));
			return instance;
		}

		if (isTold) {
			tell(instance.state === 'running' ? 'runs; waiting for its address' : 'EC2 is starting it');
		}

		if (signal.aborted || clock.elapsed() - start >= patience) {
			return instance;
		}

		try {
			await clock.sleep(pause, signal);
		} catch {
			return instance;
		}

		try {
			raw = (await instanceById(place, made.InstanceId ?? '')) ?? raw;
			isTold = true;
		} catch (error) {
			isTold = false;
			tell('it is made, but EC2 does not tell of it', messageOf(error));
		}
	}
}

const classes: Readonly<Record<string, BackendErrorClass>> = {
	'Server.InsufficientInstanceCapacity': 'capacity',
	// The same request would find the same dead instance: another offer is what helps.
	'Server.InternalError': 'capacity',
	'Server.SpotInstanceTermination': 'capacity',
	'Client.VolumeLimitExceeded': 'quota',
	'Client.InternalError': 'configuration',
	'Client.InvalidSnapshot.NotFound': 'configuration',
};

/** Why one that EC2 had agreed to start is stopped all the same. */
export const startFailureOf = (raw: Ec2Instance, {reason}: Instance): BackendError =>
	new BackendError(classes[reasonCode(raw) ?? ''] ?? 'unknown', `EC2 did not start it: ${reason ?? 'it does not say why'}`, {
		next: 'It stays stopped, with all that is on its disk, which is billed. Try again later.',
	});

/** Why EC2 took back what it had promised, before it ran. */
function failureOf(raw: Ec2Instance, instance: Instance, isNew: boolean): BackendError | undefined {
	const code = reasonCode(raw) ?? '';
	// A spot instance that was found, and not just made, may have run before it was taken back: that is no failed launch.
	const isFailure = (instance.state === 'ending' || instance.state === 'terminated') && (isNew || !instance.interrupted);
	const kind = isFailure ? classes[code] : undefined;
	return kind && new BackendError(kind, `${code}: ${instance.reason ?? 'EC2 ended it again'}`);
}
