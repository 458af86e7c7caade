import type {_InstanceType, ResourceType, RunInstancesCommandInput, Tag} from '@aws-sdk/client-ec2';
import type {Offer} from '../../../offers/offer.js';
import type {AwsLaunchSettings} from '../../settings/index.js';
import type {Image} from './images.js';
import type {Network} from './network.js';

/** Where nobody says how much, as in dstack. GiB. */
const usualDisk = 100;

export type LaunchFacts = {
	readonly offer: Offer;
	readonly image: Image;
	readonly network: Network;
	readonly group: string | undefined;
	readonly settings: AwsLaunchSettings;
	/** MiB; undefined for the usual 100 GiB. */
	readonly disk: number | undefined;
	/** US dollars per hour, for spot; undefined for the on-demand price, which is AWS's own limit. */
	readonly maxPrice: number | undefined;
	readonly tags: readonly Tag[];
	/** Undefined for a question whether it would be allowed. */
	readonly token: string | undefined;
	/** Plain text. */
	readonly userData: string | undefined;
};

/** What EC2 is asked for: the same facts give the same bytes, or a repeated launch would be refused. */
export function launchParameters(facts: LaunchFacts): RunInstancesCommandInput {
	const {offer, image, network, group, settings, tags, token, userData} = facts;
	const groups = group === undefined ? undefined : [group];
	const profile = settings.iam_instance_profile;
	const wanted = facts.disk === undefined ? usualDisk : Math.ceil(facts.disk / 1024);
	const kinds: ResourceType[] = ['instance', 'volume', 'network-interface'];
	if (offer.spot) {
		kinds.push('spot-instances-request');
	}

	return {
		ClientToken: token,
		MinCount: 1,
		MaxCount: 1,
		ImageId: image.id,
		InstanceType: offer.instanceType as _InstanceType,
		InstanceInitiatedShutdownBehavior: 'terminate',
		// A container on the instance is one hop further away than its guest.
		MetadataOptions: {HttpEndpoint: 'enabled', HttpTokens: 'required', HttpPutResponseHopLimit: 1},
		BlockDeviceMappings: [
			{
				DeviceName: image.rootDevice,
				Ebs: {VolumeType: 'gp3', VolumeSize: Math.max(image.size, wanted), Encrypted: true, DeleteOnTermination: true},
			},
		],
		...(network.subnet === undefined
			? {SecurityGroupIds: groups}
			: {
					NetworkInterfaces: [
						{
							DeviceIndex: 0,
							SubnetId: network.subnet,
							Groups: groups,
							AssociatePublicIpAddress: settings.public_ips ?? true,
							DeleteOnTermination: true,
						},
					],
				}),
		...(offer.spot && {
			InstanceMarketOptions: {
				MarketType: 'spot' as const,
				SpotOptions: {
					SpotInstanceType: 'one-time' as const,
					InstanceInterruptionBehavior: 'terminate' as const,
					...(facts.maxPrice !== undefined && {MaxPrice: priceText(facts.maxPrice)}),
				},
			},
		}),
		...(profile !== undefined && {IamInstanceProfile: profile.startsWith('arn:') ? {Arn: profile} : {Name: profile}}),
		...(tags.length > 0 && {TagSpecifications: kinds.map(kind => ({ResourceType: kind, Tags: [...tags]}))}),
		...(userData !== undefined && {UserData: Buffer.from(userData, 'utf8').toString('base64')}),
	};
}

/** EC2 takes at most six digits after the point. Rounded down: it is a limit. */
const priceText = (price: number): string => (Math.floor(price * 1e6 + 1e-6) / 1e6).toFixed(6).replace(/\.?0+$/, '');

/** The limit for a spot instance: the person's, but never more than what the same costs on demand. */
export function spotLimit(maxPrice: number | undefined, onDemand: number | undefined): number | undefined {
	const known = [maxPrice, onDemand].filter(each => each !== undefined);
	return known.length === 0 ? undefined : Math.min(...known);
}
