/** A failure as EC2 tells it; `status` is that of HTTP. */
export class Ec2Error extends Error {
	readonly code: string;
	readonly status: number;

	constructor(code: string, message: string, status = 400) {
		super(message);
		this.name = 'Ec2Error';
		this.code = code;
		this.status = status;
	}
}

/** EC2's words where an instance type is sold out. Zones that have some are named, as EC2 names them. */
export function insufficientCapacity(type: string, zone: string, others: readonly string[] = []): Ec2Error {
	const advice =
		others.length > 0
			? ` You can currently get ${type} capacity by not specifying an Availability Zone in your request or choosing ${others.join(', ')}.`
			: '';
	return new Ec2Error(
		'InsufficientInstanceCapacity',
		`We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity.${advice}`,
		500,
	);
}

export const noSpotCapacity = (): Ec2Error =>
	new Ec2Error('InsufficientInstanceCapacity', 'There is no Spot capacity available that matches your request.', 500);

export const spotPriceTooLow = (bid: number, price: number): Ec2Error =>
	new Ec2Error(
		'SpotMaxPriceTooLow',
		`Your Spot request price of ${bid} is lower than the minimum required Spot request fulfillment price of ${price}.`,
	);

/** Not offered in the zone at all. */
export const unsupportedInZone = (type: string, zone: string, others: readonly string[]): Ec2Error =>
	new Ec2Error(
		'Unsupported',
		`Your requested instance type (${type}) is not supported in your requested Availability Zone (${zone}). Please retry your request by not specifying an Availability Zone or choosing ${others.join(', ')}.`,
	);

export const vcpuLimit = (limit: number): Ec2Error =>
	new Ec2Error(
		'VcpuLimitExceeded',
		`You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
	);

export const spotLimit = (): Ec2Error => new Ec2Error('MaxSpotInstanceCountExceeded', 'Max spot instance count exceeded');

export const unauthorized = (action: string, account = '123456789012'): Ec2Error =>
	new Ec2Error(
		'UnauthorizedOperation',
		`You are not authorized to perform this operation. User: arn:aws:iam::${account}:user/someone is not authorized to perform: ec2:${action} on resource: arn:aws:ec2:*:${account}:* because no identity-based policy allows the ec2:${action} action. Encoded authorization failure message: 4mT0fJ2Wc1XnQeUvR7aYz9dK3hLbPsGi5oNqCwEyBxZkFrVjM6tA8uHlSgDpIO`,
		403,
	);

export const throttled = (): Ec2Error => new Ec2Error('RequestLimitExceeded', 'Request limit exceeded.', 503);

export const internalError = (): Ec2Error => new Ec2Error('InternalError', 'An internal error has occurred', 500);

export const invalid = (message: string): Ec2Error => new Ec2Error('InvalidParameterValue', message);
