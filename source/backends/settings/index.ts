import path from 'node:path';
import {type AwsCredentials, findAwsCredentials, usualRegion} from './aws.js';
import {type BackendsFile, readBackendsFile} from './file.js';
import {type Found, keyOfRunpodFile, keyOfVariable, type Surroundings, currentSurroundings} from './credential-sources.js';
import {type Cloud, type Entries, endpointProblem} from './schema.js';

export type {AwsCredentials} from './aws.js';
export type {Surroundings} from './credential-sources.js';
export {currentSurroundings as theseSurroundings} from './credential-sources.js';
export {withoutSecrets} from './secrets.js';

export type ApiKey = {readonly apiKey: string};

/** How one cloud is set up here. Where `problems` are, it is not used: what was meant is not known. */
export type Setup<Credentials> = {
	readonly credentials: Credentials | undefined;
	/** Where the credentials come from, as it is shown: `LAMBDA_API_KEY`, `profile work of ~/.aws`, a file. */
	readonly origin: string | undefined;
	/** The only regions to be asked; undefined for all. */
	readonly regions: readonly string[] | undefined;
	/** The base URL, instead of the cloud's own. */
	readonly endpoint: string | undefined;
	/** One line each, with file, line and column where there is one; never a value. */
	readonly problems: readonly string[];
	readonly warnings: readonly string[];
	/** How to set it up, where nothing is. One sentence. */
	readonly next: string;
};

export type AwsSetup = Setup<AwsCredentials> & {
	/** The region that is asked first, for the others. */
	readonly homeRegion: string;
	/** How instances are launched. */
	readonly launch: AwsLaunchSettings;
};

/** The keys of `backends.yml` that concern a launch on AWS, as they stand there. */
export type AwsLaunchSettings = Omit<Entries['aws'], 'type' | 'creds' | 'regions' | 'endpoint'>;

export type RunpodSetup = Setup<ApiKey> & {
	/** Whether machines of private hosts are wanted too; off, as in dstack. */
	readonly communityCloud: boolean;
};

/** The files that hold settings of several clouds. */
export type SettingsFiles = {readonly own: BackendsFile; readonly server: BackendsFile};

/** Reads `backends.yml` and the configuration of a dstack server, where they are. */
export async function readSettingsFiles(surroundings: Surroundings = currentSurroundings()): Promise<SettingsFiles> {
	const {config, home, environment} = surroundings;
	const server = environment['DSTACK_SERVER_DIR'] || path.join(home, '.dstack', 'server');
	const [own, ofServer] = await Promise.all([
		readBackendsFile(path.join(config, 'backends.yml'), home, false),
		readBackendsFile(path.join(server, 'config.yml'), home, true),
	]);
	return {own, server: ofServer};
}

/**
Lays the places over each other. What `backends.yml` says of a cloud is meant for this program and comes first; then the cloud's usual
places (variables, files of its own tools); the dstack server's configuration is last.
*/
async function setUp<C extends Cloud, Credentials>(
	cloud: C,
	{own, server}: SettingsFiles,
	written: (settings: NonNullable<NonNullable<BackendsFile['entries'][C]>['settings']>) => Credentials | undefined,
	usual: () => Promise<Found<Credentials>>,
	next: (file: string) => string,
): Promise<{setup: Setup<Credentials>; settings: NonNullable<BackendsFile['entries'][C]>['settings']}> {
	const mine = own.entries[cloud];
	const theirs = server.entries[cloud];
	// Of a file that is no YAML nobody knows what it says of this cloud.
	const problems = own.broken ? own.problems : (mine?.problems ?? []);
	const settings = mine ? mine.settings : theirs?.settings;
	const {regions, endpoint} = (settings ?? {}) as {regions?: readonly string[]; endpoint?: string};
	const common = {regions, endpoint, warnings: [], next: next(own.file)};
	if (problems.length > 0) {
		return {setup: {...common, credentials: undefined, origin: own.file, problems}, settings};
	}

	const direct = mine?.settings && written(mine.settings);
	if (direct) {
		return {setup: {...common, credentials: direct, origin: own.file, problems: []}, settings};
	}

	const found = await usual();
	if (found.credentials || found.problems.length > 0) {
		const {credentials, origin, problems: wrong, warnings} = found;
		return {setup: {...common, credentials, origin, problems: wrong, warnings}, settings};
	}

	const last = theirs?.settings && written(theirs.settings);
	return {
		setup: {
			...common,
			credentials: last,
			origin: last || theirs?.problems.length ? server.file : undefined,
			problems: last ? [] : (theirs?.problems ?? []),
			warnings: [...found.warnings, ...(last ? server.warnings : [])],
		},
		settings,
	};
}

export async function awsSetup(surroundings: Surroundings = currentSurroundings()): Promise<AwsSetup> {
	const files = await readSettingsFiles(surroundings);
	const {creds} = (files.own.entries.aws ?? files.server.entries.aws)?.settings ?? {};
	const named = creds?.type === 'default' ? creds.profile : undefined;
	const {setup, settings} = await setUp<'aws', AwsCredentials>(
		'aws',
		files,
		({creds: each}) =>
			each?.type === 'access_key'
				? {kind: 'keys', accessKeyId: each.access_key, secretAccessKey: each.secret_key, sessionToken: each.session_token}
				: undefined,
		async () => findAwsCredentials(surroundings, named),
		file =>
			`Run \`aws configure\` or \`aws configure sso\`, set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write ${file}; on an instance with a role set AWS_EC2_METADATA_DISABLED=false.`,
	);
	const profile = setup.credentials?.kind === 'profile' ? setup.credentials.profile : named;
	const homeRegion = setup.regions?.[0] ?? (await usualRegion(surroundings, profile)) ?? 'us-east-1';
	return {...setup, homeRegion, launch: settings ?? {}};
}

export async function lambdaSetup(surroundings: Surroundings = currentSurroundings()): Promise<Setup<ApiKey>> {
	const {setup} = await setUp<'lambda', ApiKey>(
		'lambda',
		await readSettingsFiles(surroundings),
		({creds}) => creds && {apiKey: creds.api_key},
		async () => keyOfVariable('LAMBDA_API_KEY', surroundings),
		file => `Make a key at https://cloud.lambda.ai/api-keys and set LAMBDA_API_KEY, or write it into ${file}.`,
	);
	return setup;
}

export async function runpodSetup(surroundings: Surroundings = currentSurroundings()): Promise<RunpodSetup> {
	const {setup, settings} = await setUp<'runpod', ApiKey>(
		'runpod',
		await readSettingsFiles(surroundings),
		({creds}) => creds && {apiKey: creds.api_key},
		async () => {
			const variable = keyOfVariable('RUNPOD_API_KEY', surroundings);
			return variable.origin === undefined ? keyOfRunpodFile(surroundings) : variable;
		},
		file =>
			`Make a key at https://console.runpod.io/user/settings and set RUNPOD_API_KEY (\`runpodctl config\` keeps one too), or write it into ${file}.`,
	);
	// As for RunPod's own tool.
	const endpoint = setup.endpoint ?? (surroundings.environment['RUNPOD_GRAPHQL_URL'] || undefined);
	const wrong = endpoint === undefined ? undefined : endpointProblem(endpoint);
	return {
		...setup,
		endpoint,
		problems: wrong === undefined ? setup.problems : [...setup.problems, `RUNPOD_GRAPHQL_URL: ${wrong}`],
		communityCloud: settings?.community_cloud ?? false,
	};
}
