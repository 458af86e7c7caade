import type {EC2Client} from '@aws-sdk/client-ec2';
import type {Clock} from '../../../system/clock.js';
import {BackendError} from '../../backend.js';
import {classify} from '../errors.js';
import {isDisabled} from '../regions.js';
import type {Session} from '../session.js';

/** A region with what it takes to ask it. */
export type RegionAccess = {
	readonly session: Session;
	readonly region: string;
	readonly client: EC2Client;
	/** Sends each request once: what is repeated through it is repeated knowingly. See `onceOf`. */
	readonly once: EC2Client;
	readonly clock: Clock;
	/** Gives up what is only asked; what changes something is sent all the same. */
	readonly signal?: AbortSignal | undefined;
};

/** The client that repeats nothing. What the other one has found out about this machine's clock, it knows too: it could not correct itself. */
export function onceOf({client, once}: RegionAccess): EC2Client {
	once.config.systemClockOffset = client.config.systemClockOffset;
	return once;
}

/** Now by EC2's clock, milliseconds since the epoch: the SDK has found out how much this machine's differs, where that is five minutes or more. */
export const cloudNow = ({client, clock}: Pick<RegionAccess, 'client' | 'clock'>): number =>
	clock.now() + client.config.systemClockOffset;

/** A refusal or failure of EC2 that keeps AWS's own name for it. */
export class AwsError extends BackendError {
	readonly code: string;
	/** Whether it was a whole answer that refused: then nothing was done. */
	readonly isCertain: boolean;

	constructor(error: BackendError, code: string, isCertain: boolean, next: string | undefined = error.next) {
		super(error.class, error.message, {next, cause: error, zones: error.zones});
		this.code = code;
		this.isCertain = isCertain;
	}
}

export const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
	error instanceof AwsError && codes.includes(error.code);

/** How a region refuses everybody of an account that has it switched off; wrong keys are refused with the same words. */
const disabledCodes = ['AuthFailure', 'OptInRequired', 'InvalidClientTokenId', 'UnrecognizedClientException'];

/** Runs one call of `action` (`ec2:RunInstances`). Throws an `AwsError`, or the signal's reason. */
export async function callAws<T>(
	{session, region, signal: ofPlace}: RegionAccess,
	action: string,
	send: () => Promise<T>,
	signal?: AbortSignal,
): Promise<T> {
	signal?.throwIfAborted();
	try {
		return await send();
	} catch (error) {
		signal?.throwIfAborted();
		const {error: failure, code, status = 0} = classify(error, action, session.secrets);
		const isCertain = failure.class !== 'transient' && (failure.class !== 'unknown' || (status >= 400 && status < 500));
		const refusal = new AwsError(failure, code, isCertain, nextFor(failure, region));
		throw disabledCodes.includes(code) && (await isDisabled(session, region, signal ?? ofPlace))
			? disabledRegion(region, refusal)
			: refusal;
	}
}

const disabledRegion = (region: string, {code, zones}: AwsError): AwsError =>
	new AwsError(
		new BackendError(
			'permission',
			`region ${region} is not enabled in this account (${code}): nothing there can be seen or ended, and what runs there goes on and is billed`,
			{zones},
		),
		code,
		true,
		`Enable it in the AWS console (Account, AWS Regions), or: aws account enable-region --region-name ${region}`,
	);

/** What `classify` says of a failure it has no advice for is about listing. */
const nextFor = ({class: kind, next}: BackendError, region: string): string | undefined =>
	kind === 'configuration' || kind === 'unknown'
		? `Look at ${region} in the AWS console and at the entry of aws in backends.yml.`
		: next;
