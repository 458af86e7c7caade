import type {RunInstancesCommandInput} from '@aws-sdk/client-ec2';
import type {Offer} from '../../../offers/offer.js';
import {messageOf} from '../../../system/problem.js';
import {quotedValue} from '../../../system/values.js';
import {BackendError, type Instance, type LaunchIntent, type LaunchProgress} from '../../backend.js';
import type {AwsLaunchSettings} from '../../settings/index.js';
import type {PricesFor} from '../offers.js';
import {isInstanceId, quotaLink} from './ids.js';
import type {ImageBook} from './images.js';
import {instanceOfIntent, instancesOf, type OwnedInstance} from './lookup.js';
import {findNetwork} from './network.js';
import {launchParameters, spotLimit} from './parameters.js';
import {callAws, AwsError, isCode, onceOf, type RegionAccess} from './region-access.js';
import {findGroup} from './security-group.js';
import {tagsOf} from './tags.js';
import {waitForAddress} from './wait.js';

export type Launching = {
	readonly place: RegionAccess;
	readonly settings: AwsLaunchSettings;
	readonly images: ImageBook;
	readonly pricesFor: PricesFor;
	/** Plain text that sets the instance up at its first boot. */
	readonly userData: (intent: LaunchIntent) => string;
	readonly signal: AbortSignal;
	readonly onProgress: (progress: LaunchProgress) => void;
};

const mostTries = 3;

/** Makes the instance of an intent, or finds it, and waits until it has an address. See the contract of `Backend`. */
export async function launchInstance(launching: Launching, intent: LaunchIntent): Promise<Instance> {
	const {place, settings, images, onProgress} = launching;
	const request = await prepare(launching, intent);
	let made: OwnedInstance;
	try {
		made = await make(launching, intent, request);
	} catch (error) {
		if (error instanceof AwsError && error.code.startsWith('InvalidAMIID')) {
			images.forget(request.ImageId ?? '');
		}

		throw error;
	}

	onProgress({step: 'instance', text: `${made.InstanceId} is made`, log: `${place.region}/${made.InstanceId}`});
	return waitForAddress(place, made, settings.public_ips === false, launching.signal, onProgress);
}

/** Finds out everything that the request names. Nothing is made but the security group, where there is none. */
async function prepare(launching: Launching, intent: LaunchIntent): Promise<RunInstancesCommandInput> {
	const {place, settings, images, signal, onProgress} = launching;
	const {offer} = intent;
	// First: what it refuses needs no question.
	const tags = tagsOf(intent, settings.tags);
	const userData = launching.userData(intent);
	onProgress({step: 'instance', text: `finding image and network in ${place.region}`});
	const [image, network, price] = await Promise.all([
		images.find(place, offer, settings, signal),
		findNetwork(place, settings, offer.zone, intent.id, signal),
		offer.spot ? onDemandPrice(launching, offer) : undefined,
	]);
	const {id, notes} = await findGroup(place, settings, network.vpc, intent.installation, signal);
	for (const note of notes) {
		onProgress({step: 'instance', text: 'SSH is open to the whole internet', log: note});
	}

	onProgress({
		step: 'instance',
		text: `asking EC2 for ${offer.instanceType}`,
		log: `${offer.instanceType} ${offer.spot ? 'spot' : 'on-demand'} in ${offer.zone ?? place.region}, image ${image.name} (${image.id}), group ${id}`,
	});
	return launchParameters({
		...{offer, image, network, settings, tags, userData},
		group: id,
		disk: intent.disk,
		maxPrice: offer.spot ? spotLimit(intent.maxPrice, price) : undefined,
		token: intent.id,
	});
}

/** Without it AWS's own limit holds, which is the same price. */
async function onDemandPrice({place, pricesFor, onProgress}: Launching, {instanceType}: Offer): Promise<number | undefined> {
	try {
		return (await pricesFor(place.region, [instanceType])).get(instanceType)?.price;
	} catch (error) {
		onProgress({step: 'instance', text: 'the on-demand price is not known', log: messageOf(error)});
		return undefined;
	}
}

/** Sends the request until there is an answer. The signal stops what is not sent yet; what is sent is heard out. */
async function make(launching: Launching, intent: LaunchIntent, request: RunInstancesCommandInput): Promise<OwnedInstance> {
	const {place, signal, onProgress} = launching;
	const {clock, session} = place;
	let current = request;
	let isUncertain = false;
	signal.throwIfAborted();
	for (let tries = 1; ; tries++) {
		try {
			const reservation = await callAws(place, 'ec2:RunInstances', async () =>
				onceOf(place).send(new session.sdk.RunInstancesCommand(current)),
			);
			const [instance] = instancesOf([reservation]);
			if (instance && isInstanceId(instance.InstanceId)) {
				return instance;
			}

			const named = instance?.InstanceId ? `, but ${quotedValue(instance.InstanceId)}` : '';
			throw new BackendError('transient', `the answer is none of AWS’s: it names no instance${named}`, {next: 'Try again.'});
		} catch (error) {
			if (!(error instanceof AwsError)) {
				throw error;
			}

			if (isCode(error, 'IdempotentParameterMismatch') || (error.isCertain && isUncertain)) {
				// An image is newer than at the first time, or the first request was heard although its answer was not.
				return await madeBefore(place, intent, error);
			}

			if (isCode(error, 'InvalidGroup.NotFound') && tries <= mostTries) {
				// EC2 does not know the new group everywhere yet, or a sweep was faster.
				await clock.sleep(1000, signal);
				current = await prepare(launching, intent);
			} else if (error.isCertain) {
				throw withAdvice(error, intent);
			} else if (tries >= mostTries || signal.aborted) {
				throw uncertain(error);
			} else {
				isUncertain = true;
				onProgress({step: 'instance', text: 'EC2 did not answer; asking again', log: error.message});
				try {
					await clock.sleep(1000 * 2 ** (tries - 1), signal);
				} catch {
					throw uncertain(error);
				}
			}
		}
	}
}

async function madeBefore(place: RegionAccess, intent: LaunchIntent, refusal: AwsError): Promise<OwnedInstance> {
	const instance = await instanceOfIntent(place, intent.id);
	if (instance) {
		return instance;
	}

	if (!isCode(refusal, 'IdempotentParameterMismatch')) {
		throw withAdvice(refusal, intent);
	}

	throw new BackendError('transient', 'EC2 says that it made this instance before, and does not show it yet', {
		next: 'Try again in a minute.',
		cause: refusal,
	});
}

/** Whether there is an instance is not known, whatever was said. */
const uncertain = (error: AwsError): BackendError =>
	new BackendError('transient', error.message, {next: error.next, cause: error});

function withAdvice(error: AwsError, {offer}: LaunchIntent): BackendError {
	if (error.class !== 'quota') {
		return error;
	}

	const link = quotaLink(offer);
	return new AwsError(error, error.code, true, link === undefined ? 'Ask AWS for a higher quota.' : `Ask AWS for more: ${link}`);
}
