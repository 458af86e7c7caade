import process from 'node:process';
import type {EC2Client, EC2ClientConfig} from '@aws-sdk/client-ec2';
import type {ServiceQuotasClient} from '@aws-sdk/client-service-quotas';
import type {AwsCredentials, AwsSetup} from '../settings/index.js';
import type * as sdkModule from './sdk.js';
import {limitConcurrency} from './turns.js';

export type Sdk = typeof sdkModule;

/** Milliseconds: for a connection, for one answer, and for all of a region's answers together. */
export type Limits = {readonly connect: number; readonly request: number; readonly region: number};

export const usualLimits: Limits = {connect: 5000, request: 10_000, region: 45_000};

const usualAttempts = 2;

type Identity = {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken?: string;
	readonly expiration?: Date;
};

export type ClientOptions = {
	/** How often one call is sent before it has failed. @default 2 */
	readonly attempts?: number;
	/** Milliseconds for one answer, instead of the session's limit. */
	readonly request?: number;
};

/** Clients of one account for as long as one question takes. */
export type Session = {
	readonly sdk: Sdk;
	readonly setup: AwsSetup;
	/** What must not be in any message; grows when the credentials are known. */
	readonly secrets: Set<string>;
	ec2(region: string, options?: ClientOptions): EC2Client;
	quotas(region: string): ServiceQuotasClient;
	close(): void;
};

let loading: Promise<Sdk> | undefined;

async function loadSdk(): Promise<Sdk> {
	// Its warning about old versions of Node would be written into the middle of the screen.
	process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
	return (loading ??= import('./sdk.js'));
}

/** Opens clients with a setup's credentials. The SDK, which is heavy, is loaded with the first. */
export async function openSession(setup: AwsSetup, credentials: AwsCredentials, limits: Limits): Promise<Session> {
	const sdk = await loadSdk();
	const secrets = new Set<string>();
	const opened: Array<{destroy(): void}> = [];
	const common = (region: string, request = limits.request): EC2ClientConfig => ({
		region,
		endpoint: setup.endpoint,
		maxAttempts: usualAttempts,
		requestHandler: {
			connectionTimeout: limits.connect,
			requestTimeout: request,
			socketTimeout: request,
			throwOnRequestTimeout: true,
		},
	});
	const identity = identityOf(sdk, credentials, () => {
		const client = new sdk.EC2Client(common(setup.homeRegion));
		opened.push(client);
		return async () => client.config.credentials();
	});
	// Asked once, however many clients there are: a sign-in or a role costs a question of its own.
	let known: Promise<Identity> | undefined;
	const shared = async (): Promise<Identity> => {
		known ??= identity().then(each => {
			for (const secret of [each.accessKeyId, each.secretAccessKey, each.sessionToken]) {
				if (secret) {
					secrets.add(secret);
				}
			}

			return each;
		});
		return known;
	};

	const profile = credentials.kind === 'profile' ? credentials.profile : undefined;
	const keep = <T extends EC2Client | ServiceQuotasClient>(client: T): T => {
		limitConcurrency(client as EC2Client);
		opened.push(client);
		return client;
	};

	return {
		sdk,
		setup,
		secrets,
		ec2: (region, {attempts: maxAttempts = usualAttempts, request} = {}) =>
			keep(new sdk.EC2Client({...common(region, request), maxAttempts, profile, credentials: shared})),
		quotas: region => keep(new sdk.ServiceQuotasClient({...common(region), profile, credentials: shared})),
		close() {
			for (const client of opened) {
				client.destroy();
			}
		},
	};
}

function identityOf(sdk: Sdk, credentials: AwsCredentials, chain: () => () => Promise<Identity>): () => Promise<Identity> {
	switch (credentials.kind) {
		case 'keys': {
			const {accessKeyId, secretAccessKey, sessionToken} = credentials;
			return async () => ({accessKeyId, secretAccessKey, sessionToken});
		}

		case 'profile': {
			const {profile, filepath, configFilepath} = credentials;
			// A person who signs in anew while this runs must not meet yesterday's file.
			return sdk.fromIni({profile, filepath, configFilepath, ignoreCache: true});
		}

		case 'chain': {
			return chain();
		}
	}
}
