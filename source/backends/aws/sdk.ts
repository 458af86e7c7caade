// Whatever is used of the AWS SDK, by name: so the bundle holds only that. Import this file lazily; it is large all the same.
export {
	AuthorizeSecurityGroupIngressCommand,
	CancelSpotInstanceRequestsCommand,
	CreateSecurityGroupCommand,
	DeleteKeyPairCommand,
	DeleteSecurityGroupCommand,
	DeleteVolumeCommand,
	DescribeImagesCommand,
	DescribeInstancesCommand,
	DescribeInstanceTypeOfferingsCommand,
	DescribeInstanceTypesCommand,
	DescribeRegionsCommand,
	DescribeKeyPairsCommand,
	DescribeRouteTablesCommand,
	DescribeSecurityGroupsCommand,
	DescribeSpotInstanceRequestsCommand,
	DescribeSpotPriceHistoryCommand,
	DescribeSubnetsCommand,
	DescribeVolumesCommand,
	DescribeVpcsCommand,
	EC2Client,
	RevokeSecurityGroupIngressCommand,
	RunInstancesCommand,
	StartInstancesCommand,
	TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
export {ListServiceQuotasCommand, ServiceQuotasClient} from '@aws-sdk/client-service-quotas';
export {fromIni} from '@aws-sdk/credential-provider-ini';
