import {quotaCodes} from './catalogue.js';
import {Ec2Error} from './errors.js';
import type {World} from './world.js';

const names = new Map(
	Object.values(quotaCodes).flatMap(({onDemand, spot, name}) => [
		[onDemand, `Running On-Demand ${name} instances`],
		[spot, `All ${name} Spot Instance Requests`],
	]),
);

/** What Service Quotas answers to `GetServiceQuota` and `ListServiceQuotas`. Throws its errors. */
export function answerQuotas(world: World, action: string, input: {ServiceCode?: unknown; QuotaCode?: unknown}): unknown {
	if (input.ServiceCode !== 'ec2') {
		throw new Ec2Error('NoSuchResourceException', 'The request failed because the specified service does not exist.');
	}

	const quota = ([code, Value]: readonly [string, number]) => ({
		...{
			ServiceCode: 'ec2',
			ServiceName: 'Amazon Elastic Compute Cloud (Amazon EC2)',
			QuotaCode: code,
			QuotaName: names.get(code),
		},
		...{Value, Unit: 'None', Adjustable: true, GlobalQuota: false},
	});
	if (action === 'ListServiceQuotas') {
		return {Quotas: Object.entries(world.quotas).map(quota)};
	}

	const code = String(input.QuotaCode);
	const value = world.quotas[code];
	if (action !== 'GetServiceQuota') {
		throw new Ec2Error('UnknownOperationException', '');
	}

	if (value === undefined) {
		throw new Ec2Error('NoSuchResourceException', 'The request failed because the specified quota does not exist.');
	}

	return {Quota: quota([code, value])};
}
