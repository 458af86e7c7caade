import type {Offer} from '../../../offers/offer.js';
import {BackendError, type ByHand} from '../../backend.js';
import {familyOf} from '../quotas.js';

const pattern = /^([a-z]{2,5}(?:-[a-z]+)+-\d+)\/(i-[\da-f]+)$/;

/** Whether EC2 calls an instance so: what it says otherwise goes into no request and no command. */
export const isInstanceId = (id: unknown): id is string => typeof id === 'string' && /^i-[\da-f]{1,32}$/.test(id);

/** An instance is called `eu-west-1/i-0123456789abcdef0`. */
export const instanceName = (region: string, instanceId: string): string => `${region}/${instanceId}`;

/** Throws a `configuration` error for what no instance of AWS is called. */
export function partsOf(id: string): {readonly region: string; readonly instanceId: string} {
	const [, region, instanceId] = pattern.exec(id) ?? [];
	if (region === undefined || instanceId === undefined) {
		throw new BackendError('configuration', 'no instance of aws is called that; expected REGION/i-…');
	}

	return {region, instanceId};
}

export function byHand(id: string): ByHand {
	const {region, instanceId} = partsOf(id);
	return {
		command: `aws ec2 terminate-instances --region ${region} --instance-ids ${instanceId}`,
		start: `aws ec2 start-instances --region ${region} --instance-ids ${instanceId}`,
		console: `https://${region}.console.aws.amazon.com/ec2/home?region=${region}#InstanceDetails:instanceId=${instanceId}`,
	};
}

/** The code of the quota that an offer counts in; the family's name where AWS's code for it is not known for certain. */
export function quotaFamily({instanceType, spot}: Offer): string | undefined {
	const family = familyOf(instanceType);
	return family && ((spot ? family.spot : family.onDemand) ?? `${family.name} ${spot ? 'spot' : 'on-demand'}`);
}

/** Where a quota is raised; undefined where its code is not known. */
export function quotaLink({instanceType, spot, region}: Pick<Offer, 'instanceType' | 'spot' | 'region'>): string | undefined {
	const family = familyOf(instanceType);
	const code = spot ? family?.spot : family?.onDemand;
	return code === undefined
		? undefined
		: `https://${region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/${code}`;
}
