import {existsSync} from 'node:fs';
import path from 'node:path';
import {secretPattern} from './schema.js';
import {type Found, noneFound, type Surroundings} from './credential-sources.js';
import {shownFile} from './file.js';

/** How the AWS SDK comes by its credentials. */
export type AwsCredentials =
	| {
			readonly kind: 'keys';
			readonly accessKeyId: string;
			readonly secretAccessKey: string;
			readonly sessionToken: string | undefined;
	  }
	/** A profile of the shared files, whatever it uses: keys, SSO, a role, a process. */
	| {readonly kind: 'profile'; readonly profile: string; readonly filepath: string; readonly configFilepath: string}
	/** What the SDK's own chain finds inside a container or on an instance. */
	| {readonly kind: 'chain'};

type Sections = Readonly<Record<string, Readonly<Record<string, string | undefined>> | undefined>>;

// Any of these makes a profile one that can sign requests; a mere region does not.
const signing = [
	...['aws_access_key_id', 'role_arn', 'sso_session', 'sso_start_url', 'sso_account_id', 'credential_process'],
	...['web_identity_token_file', 'login_session', 'credential_source'],
];

/**
Looks where AWS's own tools look, without loading the SDK. The metadata service of an instance is left out unless
`AWS_EC2_METADATA_DISABLED=false` is set: on a laptop nobody answers at its address, and every listing would wait for that.
*/
export async function findAwsCredentials(surroundings: Surroundings, named: string | undefined): Promise<Found<AwsCredentials>> {
	const keys = named === undefined ? keysOfEnvironment(surroundings.environment) : noneFound;
	if (keys.credentials || keys.problems.length > 0) {
		return keys;
	}

	const found = await findBesideKeys(surroundings, named);
	return {...found, warnings: [...keys.warnings, ...found.warnings]};
}

async function findBesideKeys(surroundings: Surroundings, named: string | undefined): Promise<Found<AwsCredentials>> {
	const {environment} = surroundings;
	const wanted = named ?? environment['AWS_PROFILE'];
	const profile = await findProfile(surroundings, wanted);
	if (profile.credentials || profile.problems.length > 0) {
		return profile;
	}

	if (environment['AWS_WEB_IDENTITY_TOKEN_FILE'] && environment['AWS_ROLE_ARN']) {
		return {...noneFound, credentials: {kind: 'chain'}, origin: 'AWS_WEB_IDENTITY_TOKEN_FILE'};
	}

	if (environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || environment['AWS_CONTAINER_CREDENTIALS_FULL_URI']) {
		return {...noneFound, credentials: {kind: 'chain'}, origin: "the container's role"};
	}

	return environment['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'false'
		? {...noneFound, credentials: {kind: 'chain'}, origin: "the instance's role"}
		: noneFound;
}

function keysOfEnvironment(environment: NodeJS.ProcessEnv): Found<AwsCredentials> {
	const [accessKeyId, secretAccessKey, sessionToken] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'].map(
		name => environment[name]?.trim() || undefined,
	);
	if (accessKeyId === undefined && secretAccessKey === undefined) {
		return noneFound;
	}

	const origin = accessKeyId === undefined ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID';
	if (accessKeyId === undefined || secretAccessKey === undefined) {
		// AWS's own tools pass over half of a pair; the other half is more often forgotten than meant so.
		const missing = accessKeyId === undefined ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY';
		return {...noneFound, warnings: [`${origin} is set without ${missing}: it is passed over`]};
	}

	if (![accessKeyId, secretAccessKey, sessionToken ?? 'none'].every(each => secretPattern.test(each))) {
		return {...noneFound, origin, problems: ['The AWS keys in the environment have blanks or other characters that no key has']};
	}

	const ignored = environment['AWS_PROFILE'];
	return {
		...noneFound,
		credentials: {kind: 'keys', accessKeyId, secretAccessKey, sessionToken},
		origin,
		warnings: ignored ? [`AWS_PROFILE is set too; the keys in the environment count, as they do for AWS's own tool`] : [],
	};
}

async function findProfile(surroundings: Surroundings, wanted: string | undefined): Promise<Found<AwsCredentials>> {
	const name = wanted ?? 'default';
	const {sections, shown, problem, ...files} = await readSharedFiles(surroundings);
	if (problem !== undefined) {
		return {...noneFound, origin: shown, problems: [problem]};
	}

	const profile = sections[name];
	const origin = `profile ${name} of ${shown}`;
	if (profile && signing.some(key => profile[key])) {
		return {...noneFound, credentials: {kind: 'profile', profile: name, ...files}, origin};
	}

	return wanted === undefined
		? noneFound
		: {
				...noneFound,
				origin,
				problems: [profile ? `The profile ${name} in ${shown} holds no credentials` : `There is no profile ${name} in ${shown}`],
			};
}

/** The region that AWS's own tools would take: the first to be asked, which tells what others there are. */
export async function usualRegion(surroundings: Surroundings, profile: string | undefined): Promise<string | undefined> {
	const {environment} = surroundings;
	const set = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'];
	const region =
		set || (await readSharedFiles(surroundings)).sections[profile ?? environment['AWS_PROFILE'] ?? 'default']?.['region'];
	return region !== undefined && /^[a-z]{2}(?:-[a-z]+)+-\d+$/.test(region) ? region : undefined;
}

/** Both shared files laid over each other, read by the SDK's own reader, which is light; a file that is not there is an empty one. */
async function readSharedFiles({environment, home}: Surroundings): Promise<{
	sections: Sections;
	shown: string;
	filepath: string;
	configFilepath: string;
	problem?: string;
}> {
	const filepath = environment['AWS_SHARED_CREDENTIALS_FILE'] || path.join(home, '.aws', 'credentials');
	const configFilepath = environment['AWS_CONFIG_FILE'] || path.join(home, '.aws', 'config');
	const shown = shownFile(path.dirname(configFilepath), home);
	if (!existsSync(filepath) && !existsSync(configFilepath)) {
		return {sections: {}, shown, filepath, configFilepath};
	}

	const {loadSharedConfigFiles} = await import('@smithy/core/config');
	try {
		const {configFile, credentialsFile} = await loadSharedConfigFiles({filepath, configFilepath, ignoreCache: true});
		const sections: Record<string, Record<string, string | undefined>> = {};
		for (const [name, values] of [...Object.entries(configFile), ...Object.entries(credentialsFile)]) {
			sections[name] = {...sections[name], ...values};
		}

		return {sections, shown, filepath, configFilepath};
	} catch {
		return {sections: {}, shown, filepath, configFilepath, problem: `${shown}: its files cannot be read`};
	}
}
