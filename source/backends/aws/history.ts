import type {_InstanceType, SpotPrice} from '@aws-sdk/client-ec2';
import type {Clock} from '../../system/clock.js';
import type {PriceHistory, PricePoint, SpotMarket} from '../backend.js';
import {classify} from './errors.js';
import {pages} from './pages.js';
import type {Session} from './session.js';

const day = 24 * 3_600_000;
const pageSize = 1000;

/** What a spot market of EC2 cost within the last 24 hours. By parameter and not by filter: the filter is known to give fewer. */
export async function spotHistory(
	session: Session,
	{region, zone, instanceType}: SpotMarket,
	clock: Clock,
	signal: AbortSignal,
): Promise<PriceHistory> {
	const client = session.ec2(region);
	const to = clock.now();
	const from = to - day;
	try {
		const told = await pages(async token => {
			const command = new session.sdk.DescribeSpotPriceHistoryCommand({
				StartTime: new Date(from),
				InstanceTypes: [instanceType as _InstanceType],
				AvailabilityZone: zone,
				ProductDescriptions: ['Linux/UNIX'],
				MaxResults: pageSize,
				NextToken: token,
			});
			const answer = await client.send(command, {abortSignal: signal});
			return {items: answer.SpotPriceHistory, next: answer.NextToken};
		});
		return {from, to, points: pointsOf(told, zone, instanceType)};
	} catch (error) {
		signal.throwIfAborted();
		throw classify(error, 'ec2:DescribeSpotPriceHistory', session.secrets).error;
	}
}

/** The newest first is how EC2 tells them. What it was not asked for is left out, as are prices of nothing. */
function pointsOf(told: readonly SpotPrice[], zone: string, instanceType: string): PricePoint[] {
	return told
		.filter(each => each.AvailabilityZone === zone && each.InstanceType === instanceType)
		.map(({SpotPrice: price, Timestamp: at}) => ({at: at?.getTime() ?? Number.NaN, price: Number(price)}))
		.filter(({at, price}) => Number.isFinite(at) && Number.isFinite(price) && price > 0)
		.sort((a, b) => a.at - b.at);
}
