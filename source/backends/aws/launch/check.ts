import type {Offer} from '../../../offers/offer.js';
import {messageOf} from '../../../system/problem.js';
import {BackendError} from '../../backend.js';
import type {AwsLaunchSettings} from '../../settings/index.js';
import {HardwareBook} from '../hardware.js';
import {quotaFor} from '../quotas.js';
import {readLimits, runningInstances, usage} from '../region.js';
import {findAllowedRanges} from './address.js';
import {quotaLink} from './ids.js';
import type {ImageBook} from './images.js';
import {findNetwork, inRegion} from './network.js';
import {launchParameters} from './parameters.js';
import {callAws, isCode, onceOf, type RegionAccess} from './region-access.js';
import {groupRequest} from './security-group.js';

export type Checking = {
	readonly place: RegionAccess;
	readonly settings: AwsLaunchSettings;
	readonly images: ImageBook;
	readonly signal: AbortSignal;
};

/** Whom a dry run is tagged for: the run's own tags are not known yet. */
const nobody = 'check';

/** Asks by dry runs whether a launch would be allowed, after its quota. Makes nothing. See the contract of `Backend`. */
export async function checkOffer(checking: Checking, offer: Offer): Promise<readonly string[]> {
	const {place, settings, images, signal} = checking;
	const warnings = await checkQuota(place, offer, signal);
	const [image, network] = await Promise.all([
		images.find(place, offer, settings, signal),
		findNetwork(place, settings, offer.zone, nobody, signal),
	]);
	const fixed = inRegion(settings.security_group_id, place.region);
	await dryRun(checking, 'ec2:RunInstances', async sdk => {
		const request = launchParameters({
			...{offer, image, network, settings, group: fixed, disk: undefined, maxPrice: undefined, token: undefined},
			tags: [{Key: 'Name', Value: 'dstack-tui-check'}],
			userData: undefined,
		});
		return onceOf(place).send(new sdk.RunInstancesCommand({...request, DryRun: true}), {abortSignal: signal});
	});
	if (fixed === undefined) {
		await dryRun(checking, 'ec2:CreateSecurityGroup', async sdk =>
			onceOf(place).send(new sdk.CreateSecurityGroupCommand({...groupRequest(network.vpc, nobody), DryRun: true}), {
				abortSignal: signal,
			}),
		);
		const {note} = await findAllowedRanges(settings, signal);
		warnings.push(...(note === undefined ? [] : [note]));
	}

	if (settings.public_ips !== false) {
		warnings.push('The public IPv4 address costs $0.005 an hour, which is not in the price.');
	}

	return [...warnings, 'The disk, an encrypted gp3 volume, is not in the price.'];
}

async function dryRun(
	{place, signal}: Checking,
	action: string,
	send: (sdk: RegionAccess['session']['sdk']) => Promise<unknown>,
): Promise<void> {
	try {
		await callAws(place, action, async () => send(place.session.sdk), signal);
	} catch (error) {
		if (!isCode(error, 'DryRunOperation')) {
			throw error;
		}
	}
}

/** Throws where the quota has no room. Where it cannot be read, that is a warning: the launch will tell. */
async function checkQuota(place: RegionAccess, offer: Offer, signal: AbortSignal): Promise<string[]> {
	const {session, client, region} = place;
	let limits: Map<string, number>;
	try {
		limits = await callAws(place, 'servicequotas:ListServiceQuotas', async () => readLimits(session, region, signal), signal);
	} catch (error) {
		signal.throwIfAborted();
		return [`Whether the quota has room is not known: ${messageOf(error)}`];
	}

	const instances = await callAws(place, 'ec2:DescribeInstances', async () => runningInstances(session, client, signal), signal);
	const used = usage(instances, new HardwareBook());
	const quota = quotaFor({limits, used}, region, offer.instanceType, offer.cpu, offer.spot);
	if (quota?.note !== undefined) {
		const link = quotaLink(offer);
		throw new BackendError('quota', quota.note, {next: link === undefined ? undefined : `Ask AWS for more: ${link}`});
	}

	return [];
}
