import path from 'node:path';
import process from 'node:process';
import {interpolate} from '../../configuration/grammar/interpolation.js';
import type {Secrets} from '../../configuration/files/secrets.js';
import {parseReference} from '../../system/image-reference.js';
import {messageOf, Problem} from '../../system/problem.js';
import {programName} from '../../system/program-name.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {dockerLogin} from './docker-login.js';
import type {Login} from './registry-auth.js';
import type {RegistrySetting} from './settings.js';

/** Where logins come from. */
export type LoginSources = {
	readonly secrets: Secrets;
	/** The caller's own variables. */
	readonly variables?: NodeJS.ProcessEnv;
	/** The setting `registry`. */
	readonly registry?: RegistrySetting;
};

/** The login for the repository that built images are kept in: of the settings, of Docker, of AWS. Undefined where there is none. */
export async function registryLogin(
	setting: RegistrySetting,
	{secrets, variables = process.env}: LoginSources,
): Promise<Login | undefined> {
	const {registry} = setting;
	if (setting.username !== undefined && setting.password !== undefined) {
		const [username, password] = [setting.username, setting.password].map(text => settle(text, secrets, variables));
		return {kind: 'password', origin: '`registry` in the settings', username: username ?? '', password: password ?? ''};
	}

	return (await dockerLogin(registry, variables)) ?? (await awsLogin(registry, variables));
}

/**
The login for an image that a configuration names: its `registry_auth`; else the one of the setting `registry`, where it is the same host; else what Docker
or AWS know of that host.
*/
export async function imageLogin(
	image: string,
	registryAuth: {readonly username: string; readonly password: string} | undefined,
	sources: LoginSources,
): Promise<Login | undefined> {
	if (registryAuth) {
		return {kind: 'password', origin: '`registry_auth`', ...registryAuth};
	}

	const {registry} = parseReference(image);
	return sources.registry?.registry === registry
		? registryLogin(sources.registry, sources)
		: registryLogin({registry, repository: '', username: undefined, password: undefined}, sources);
}

/**
Whether an image comes from the host that a configuration names: `registry_auth` is for that one, and for no mirror, default or build in its
place. A name that is none comes from nowhere.
*/
export function isOwnImage({image}: {readonly image: string | undefined}, reference: string | undefined): boolean {
	if (image === undefined || reference === undefined) {
		return false;
	}

	try {
		return parseReference(image).registry === parseReference(reference).registry;
	} catch {
		return false;
	}
}

/** A secret or a variable of the caller's in a setting. Never its value in an error. */
function settle(text: string, secrets: Secrets, variables: NodeJS.ProcessEnv): string {
	const tables: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {secrets, env: variables};
	let missing: string | undefined;
	try {
		const value = interpolate(text, ({namespace, name}) => {
			const table = tables[namespace] ?? {};
			const found = Object.hasOwn(table, name) ? table[name] : undefined;
			missing = found === undefined ? `${namespace}.${name}` : missing;
			return found;
		});
		if (value === '') {
			throw new Problem('configuration', 'The login of `registry` in the settings is empty');
		}

		return value;
	} catch (error) {
		if (error instanceof Problem) {
			throw error;
		}

		const name = missing?.replace(/^\w+\./, '');
		throw new Problem(
			'configuration',
			`\`registry\` in the settings: ${missing === undefined ? messageOf(error) : `there is no ${missing}`}`,
			{
				next: missing?.startsWith('env.')
					? `Set it before: export ${name}=…`
					: `\`${programName} secrets set ${name ?? 'NAME'}\` keeps one.`,
			},
		);
	}
}

const ecr =
	/^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]{3,30})\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$/;
const awsLimit = 30_000;

/** The region of a registry of AWS; undefined for any other. */
export const ecrRegion = (registry: string): string | undefined =>
	registry === 'public.ecr.aws' ? 'us-east-1' : ecr.exec(registry)?.[1];

/** A password of twelve hours for AWS's registry, by AWS's own program, where that is installed. It comes on standard output only. */
async function awsLogin(registry: string, variables: NodeJS.ProcessEnv): Promise<Login | undefined> {
	const region = ecrRegion(registry);
	if (region === undefined) {
		return undefined;
	}

	const {execa} = await import('execa');
	const service = registry === 'public.ecr.aws' ? 'ecr-public' : 'ecr';
	const {failed, stdout, stderr, code, timedOut} = await execa('aws', [service, 'get-login-password', '--region', region], {
		env: variables,
		extendEnv: false,
		// Never a program of the current folder, which may be a stranger's.
		cwd: path.parse(process.cwd()).root,
		stdin: 'ignore',
		reject: false,
		timeout: awsLimit,
	});
	if (code === 'ENOENT') {
		return undefined;
	}

	const command = `aws ${service} get-login-password --region ${region}`;
	if (failed || stdout.trim() === '') {
		const said = timedOut ? `it did not answer within ${awsLimit / 1000} s` : reasonOf(stderr);
		throw new Problem('failed', `\`${command}\` gives no login for ${registry}: ${said}`, {
			next: 'Log in to AWS (`aws sso login`, `aws configure`), and try again.',
		});
	}

	return {kind: 'password', origin: '`aws`', username: 'AWS', password: stdout.trim()};
}

const reasonOf = (stderr: string): string =>
	neutraliseLine(stderr.trim().split('\n').at(-1) ?? '').slice(0, 300) || 'it says nothing';
