import {BackendError, type BackendErrorClass} from '../backend.js';
import {networkError} from '../../system/http/error.js';
import {withoutSecrets} from '../settings/index.js';

/** A failure of one call. */
export type Failure = {
	readonly error: BackendError;
	/** AWS's own name for it. */
	readonly code: string;
	/** Of HTTP; undefined where there was no whole answer. */
	readonly status: number | undefined;
	/** The permission that is missing, `ec2:DescribeRegions`, where that is the failure. */
	readonly permission: string | undefined;
};

const codes: Readonly<Record<Exclude<BackendErrorClass, 'unknown'>, readonly string[]>> = {
	capacity: [
		...['InsufficientInstanceCapacity', 'InsufficientHostCapacity', 'InsufficientCapacity', 'UnfulfillableCapacity'],
		...['Unsupported', 'SpotMaxPriceTooLow', 'InsufficientFreeAddressesInSubnet'],
	],
	quota: [
		...['VcpuLimitExceeded', 'InstanceLimitExceeded', 'MaxSpotInstanceCountExceeded', 'VolumeLimitExceeded'],
		...['SecurityGroupLimitExceeded', 'RulesPerSecurityGroupLimitExceeded', 'NetworkInterfaceLimitExceeded'],
	],
	permission: [
		...['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException', 'AuthFailure', 'OptInRequired', 'PendingVerification'],
		...['Blocked', 'InvalidClientTokenId', 'UnrecognizedClientException', 'ExpiredToken', 'ExpiredTokenException'],
		...['RequestExpired', 'SignatureDoesNotMatch', 'InvalidSignatureException', 'IncompleteSignature'],
		...['MissingAuthenticationToken', 'CredentialsProviderError', 'TokenProviderError', 'OperationNotPermitted'],
	],
	configuration: [
		...['InvalidSubnetID.NotFound', 'VPCIdNotSpecified', 'InvalidKeyPair.NotFound', 'IdempotentParameterMismatch'],
		...['InvalidAction', 'UnknownParameter', 'InvalidGroup.NotFound', 'InvalidVpcID.NotFound', 'DefaultVpcDoesNotExist'],
	],
	transient: [
		...['RequestLimitExceeded', 'TooManyRequestsException', 'InternalError', 'InternalFailure', 'Unavailable'],
		...['ServiceUnavailable', 'TimeoutError', 'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE'],
		...['EHOSTUNREACH', 'ENETUNREACH', 'EPROTO'],
	],
};

const classes = new Map(
	Object.entries(codes).flatMap(([name, list]) => list.map(code => [code, name as BackendErrorClass] as const)),
);

function classOf(code: string, message: string, status: number | undefined): BackendErrorClass {
	const known = classes.get(code);
	if (known) {
		return known;
	}

	if (/^Throttling|^RequestThrottled/.test(code)) {
		return 'transient';
	}

	if (/^Insufficient\w*Capacity/.test(code) || /\bno spot capacity\b/i.test(message)) {
		return 'capacity';
	}

	if (/^InvalidAMIID|^InvalidParameter|^InvalidBlockDevice|^InvalidTag/.test(code)) {
		return 'configuration';
	}

	return status !== undefined && (status >= 500 || status === 429) ? 'transient' : 'unknown';
}

const denied = new Set(['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException']);

type Thrown = {
	readonly name?: string;
	readonly message?: string;
	readonly code?: unknown;
	/** Of the system's own failures: who was looked up, or asked. */
	readonly hostname?: string;
	readonly address?: string;
	readonly port?: number;
	readonly $metadata?: {readonly httpStatusCode?: number};
};

/** What went wrong with a call of `action` (`ec2:DescribeRegions`), in AWS's own words without `secrets`, and what can be done. */
export function classify(thrown: unknown, action: string, secrets: ReadonlySet<string>): Failure {
	const {name = 'Error', message = '', code: nodeCode, hostname, address, port, $metadata} = thrown as Thrown;
	const host = hostname ?? (address === undefined ? undefined : [address, port].join(':'));
	const status = $metadata?.httpStatusCode;
	// A network failure is a plain error with the system's code; a body that is no XML or JSON makes one of no name.
	const code = typeof nodeCode === 'string' && (name === 'Error' || name === 'AggregateError') ? nodeCode : name;
	const isOdd = name === 'SyntaxError' || name === 'Unknown' || message === '' || /\bXML parse error\b/.test(message);
	const said = isOdd
		? `the answer is none of AWS's${status === undefined ? '' : ` (${status})`}`
		: withoutSecrets(message, [...secrets])
				.replace(/\s*(?:Deserialization error:|Encoded authorization failure message:).*$/, '')
				.replace(/^@smithy\/node-http-handler - \[ERROR\] /, '') || code;
	const permission = denied.has(code) ? (/not authorized to perform:? ([a-z\d-]+:\w+)/.exec(said)?.[1] ?? action) : undefined;
	const kind = classOf(code, message, status);
	const words =
		host !== undefined && code === nodeCode
			? networkError(host, thrown).message
			: isOdd || said.includes(code)
				? said
				: `${code}: ${said}`;
	return {
		error: new BackendError(kind, permission === undefined ? words : `may not ${permission} (${code})`, {
			next: nextStep(code, kind, permission),
			zones: kind === 'capacity' ? zonesIn(message) : [],
		}),
		code,
		status,
		permission,
	};
}

/** `… by not specifying an Availability Zone in your request or choosing us-west-2a, us-west-2c.` */
const zonesIn = (message: string): string[] =>
	/\bchoosing\b(.*)/s.exec(message)?.[1]?.match(/\b[a-z]{2}(?:-[a-z]+)+-\d+[a-z]\b/g) ?? [];

function nextStep(code: string, kind: BackendErrorClass, permission: string | undefined): string | undefined {
	if (permission !== undefined) {
		return `Allow ${permission} for these credentials in IAM.`;
	}

	switch (code) {
		case 'ExpiredToken':
		case 'ExpiredTokenException':
		case 'CredentialsProviderError':
		case 'TokenProviderError': {
			return 'Sign in again (`aws sso login`), or check the profile.';
		}

		case 'RequestExpired': {
			return "Check this machine's clock.";
		}

		case 'OptInRequired':
		case 'PendingVerification':
		case 'Blocked': {
			return 'Look at the account in the AWS console.';
		}

		default: {
			break;
		}
	}

	switch (kind) {
		case 'permission': {
			return 'Check the access key and the secret key.';
		}

		case 'transient': {
			return 'Try again; if it goes on, look at your network and at https://health.aws.amazon.com.';
		}

		case 'configuration':
		case 'unknown': {
			return 'Is the endpoint of aws in the settings right?';
		}

		default: {
			return undefined;
		}
	}
}
