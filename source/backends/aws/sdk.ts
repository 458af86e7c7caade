// Whatever is used of the AWS SDK, by name: so the bundle holds only that. Import this file lazily; it is large all the same.
export {
	DescribeInstancesCommand,
	DescribeInstanceTypeOfferingsCommand,
	DescribeInstanceTypesCommand,
	DescribeRegionsCommand,
	DescribeSpotPriceHistoryCommand,
	EC2Client,
} from '@aws-sdk/client-ec2';
export {ListServiceQuotasCommand, ServiceQuotasClient} from '@aws-sdk/client-service-quotas';
export {fromIni} from '@aws-sdk/credential-provider-ini';
