import {messageOf, Problem} from '../../system/problem.js';
import {interpolate, type Namespace, type Reference} from '../grammar/interpolation.js';
import type {DevEnvironment} from '../model.js';
import {referencesAllowed} from '../schema/reference-check.js';
import type {Secrets} from '../files/secrets.js';

/** Where the values of references and of bare variables come from. */
export type Values = {
	readonly run: {readonly name: string};
	readonly secrets: Secrets;
	/** The caller's own variables. */
	readonly caller: Readonly<Record<string, string | undefined>>;
};

/**
An environment with every value in its place: variables that are the caller's, and references. Throws a `configuration` problem for one that
has no value.
*/
export function resolveEnvironment(environment: DevEnvironment, {run, secrets, caller}: Values): DevEnvironment {
	const own = {...environment.env, ...callerValues(environment.callerEnv, caller)};
	const tables: Record<Namespace, Readonly<Record<string, string | undefined>>> = {run, secrets, env: {}};

	const lay = (key: string, text: string): string => {
		const valueOf = ({namespace, name}: Reference) =>
			referencesAllowed[key]?.includes(namespace) && Object.hasOwn(tables[namespace], name) ? tables[namespace][name] : undefined;
		try {
			return interpolate(text, valueOf);
		} catch (error) {
			throw new Problem('configuration', `\`${key}\`: ${messageOf(error)}`);
		}
	};

	const all = (key: string, texts: readonly string[]): string[] => texts.map(text => lay(key, text));
	const maybe = (key: string, text: string | undefined): string | undefined => (text === undefined ? undefined : lay(key, text));

	// What the caller's own variables hold is a value, and never read for references.
	const env = Object.fromEntries(
		Object.entries(own).map(([name, value]) => [name, environment.callerEnv.includes(name) ? value : lay('env', value)]),
	);
	tables.env = env;
	const auth = environment.registryAuth;
	return {
		...environment,
		env,
		callerEnv: [],
		image: maybe('image', environment.image),
		registryAuth: auth && {username: lay('registry_auth', auth.username), password: lay('registry_auth', auth.password)},
		build: all('build', environment.build),
		setup: all('setup', environment.setup),
		init: all('init', environment.init),
		entrypoint: maybe('entrypoint', environment.entrypoint),
		workingDir: maybe('working_dir', environment.workingDir),
		homeDir: maybe('home_dir', environment.homeDir),
		cache: all('cache', environment.cache),
	};
}

function callerValues(names: readonly string[], caller: Values['caller']): Record<string, string> {
	const missing = names.filter(name => caller[name] === undefined);
	if (missing.length > 0) {
		throw new Problem('configuration', `The environment wants your own ${missing.join(', ')}, and you have none`, {
			next: `Set it before: export ${missing[0]}=…, or give a value with -e ${missing[0]}=…`,
		});
	}

	return Object.fromEntries(names.map(name => [name, caller[name] ?? '']));
}
