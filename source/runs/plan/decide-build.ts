import path from 'node:path';
import {findEngine} from '../../backends/local/docker/engine.js';
import {readPieces} from '../../configuration/grammar/interpolation.js';
import type {BuildPolicy, DevEnvironment} from '../../configuration/model.js';
import {readSecretsFile} from '../../configuration/files/secrets.js';
import {buildKey} from '../../environment/images/build-key.js';
import {
	type Build,
	type BuildScope,
	engineStore,
	findBuild,
	labelsOf,
	projectOf,
	registryStore,
} from '../../environment/images/builds.js';
import {type BuildStore} from '../../environment/images/build-store.js';
import {registryLogin} from '../../environment/images/credentials.js';
import {namedFiles} from '../../environment/images/named-files.js';
import {createRegistry} from '../../environment/images/registry.js';
import {requireSettings} from '../../environment/images/settings.js';
import {formatAge, formatBytes} from '../../system/format.js';
import {instanceKind} from '../../offers/instance-kind.js';
import type {Offer} from '../../offers/offer.js';
import type {Paths} from '../../system/paths.js';
import {Problem} from '../../system/problem.js';
import {askBase, type Base, baseName, findBaseHere, type ImageMeans} from './base-image.js';
import {loadImageSettings} from '../settings/preferences.js';

export type BuildWish = {
	readonly policy: BuildPolicy;
	/** With all values in their places. */
	readonly environment: DevEnvironment;
	/** As the configuration has it, references and all; what a build is known by must not change with a run's name. */
	readonly declared: DevEnvironment;
	/** The configuration's file, relative to the folder. */
	readonly configuration: string;
	/** The code that is copied: its root, and where the chosen folder lies below it. */
	readonly workspace: {readonly root: string; readonly subfolder: string};
	/** Milliseconds since the epoch. */
	readonly now: number;
};

export type BuildDecision = {
	/** `none`: nothing to build. `reuse`: there is one. `build`: one is made. `missing`: there is none, and nobody asked for one. */
	readonly decision: 'none' | 'reuse' | 'build' | 'missing';
	/** The image to begin from where nothing is reused; undefined for a host process. */
	readonly base: string | undefined;
	/** Why it is so, one line each. */
	readonly why: readonly string[];
	/** Of the build that is there, or to be made; undefined with `none`. */
	readonly build?: {
		readonly key: string;
		readonly reference: string;
		/** What the image is committed with. */
		readonly labels: Readonly<Record<string, string>>;
		readonly where: string;
		/** The digest that the base image has now: what is built upon must have it. */
		readonly baseDigest: string;
	};
	readonly hit?: Build;
};

/**
Finds out whether the image that the `build` commands make is there already. Throws a `Problem` where a registry or the engine that has to know cannot
be asked: it is never guessed.
*/
export async function decideBuild(wish: BuildWish, offer: Offer, means: ImageMeans): Promise<BuildDecision> {
	const {environment, declared, policy} = wish;
	const here = offer.backend === 'local';
	if (instanceKind(offer) === 'process') {
		return {
			decision: 'none',
			base: undefined,
			why: environment.build.length > 0 ? ['A process has no image: the `build` commands run in place, each time anew.'] : [],
		};
	}

	if (environment.build.length === 0) {
		return {decision: 'none', base: baseName(environment, offer, means), why: []};
	}

	const {store, base} = here ? await inEngine(environment, offer, means) : await inRegistry(environment, offer, means);
	const folders = foldersOf(wish);
	const [scope, files] = await Promise.all([scopeOf(wish), namedFiles(declared.build, {root: wish.workspace.root, folders})]);
	const built = buildKey({
		base,
		commands: declared.build,
		python: environment.python,
		architecture: offer.architecture,
		user: environment.user,
		shell: environment.shell,
		variables: buildVariables(declared),
		files: files.files,
	});
	const build = {
		key: built.key,
		reference: store.reference(scope, built.key),
		labels: labelsOf(scope, built.key, built.parts),
		where: store.where,
		baseDigest: base.digest,
	};
	const counted = [countedWords(Object.keys(files.files)), ...files.notes];
	const {hit, why} = await findBuild(store, scope, built);
	if (hit && policy !== 'force-build') {
		return {decision: 'reuse', base: base.name, build, hit, why: [hitWords(hit, wish.now), ...counted]};
	}

	const reasons = hit ? [`--force-build: the one ${agoWords(hit, wish.now)} is replaced`] : why;
	return {
		decision: policy === 'use' ? 'missing' : 'build',
		base: base.name,
		build,
		...(hit ? {hit} : {}),
		why: [...(reasons ?? []), ...counted],
	};
}

async function inEngine(environment: DevEnvironment, offer: Offer, means: ImageMeans): Promise<{store: BuildStore; base: Base}> {
	const search = await findEngine();
	if (!search.docker) {
		throw new Problem('failed', search.note, {next: 'Start the Docker engine and try again.'});
	}

	return {store: engineStore(search.docker), base: await findBaseHere(search.docker, environment, offer, means)};
}

async function inRegistry(
	environment: DevEnvironment,
	offer: Offer,
	means: ImageMeans,
): Promise<{store: BuildStore; base: Base}> {
	const store = registryOf(means);
	if (!store) {
		throw new Problem(
			'configuration',
			`\`build\` makes an image that ${offer.backend} fetches from a registry, and none is named`,
			{
				next: 'Name one in the settings (`registry`), leave out `build`, or choose an offer of this machine.',
			},
		);
	}

	return {store, base: await askBase(environment, offer, means)};
}

/** The store in the registry of the settings; undefined where none is named. Throws a `configuration` problem where it is named wrongly. */
function registryOf({settings, secrets, variables, http, signal}: ImageMeans): BuildStore | undefined {
	requireSettings(settings, ['registry', 'insecure_registries']);
	const {registry, insecureRegistries} = settings;
	return (
		registry &&
		registryStore(
			createRegistry({
				insecure: insecureRegistries,
				login: async () => registryLogin(registry, {secrets, variables}),
				http,
				signal,
			}),
			registry,
		)
	);
}

/** Where the commands run, as far as that is known here, relative to the root. */
function foldersOf({workspace: {subfolder}, environment: {workingDir}}: BuildWish): string[] {
	const below =
		workingDir === undefined ? undefined : path.posix.relative('/workflow', path.posix.resolve('/workflow', workingDir));
	return [...new Set([subfolder, ...(below === undefined ? [] : [below, path.posix.join(subfolder, below)])])].filter(
		folder => folder !== '' && !folder.startsWith('..'),
	);
}

const scopeOf = async ({workspace: {root, subfolder}, configuration}: BuildWish): Promise<BuildScope> => ({
	project: await projectOf(root),
	configuration: path.posix.join(subfolder, configuration),
});

/** Tools read these without being told to. */
const toolVariables = /^(?:PIP|UV|POETRY|CONDA|MAMBA|NPM_CONFIG|CARGO|CUDA|CMAKE|MAX_JOBS|CC|CXX|CFLAGS|LDFLAGS)(?:_|$)/;

/** The variables that change what the commands do, as the configuration writes them; those that hold secrets are left out. */
export function buildVariables({env, build}: Pick<DevEnvironment, 'env' | 'build'>): Record<string, string> {
	const text = build.join('\n');
	const isNamed = (name: string): boolean => toolVariables.test(name) || new RegExp(`\\$\\{?${name}(?!\\w)`).test(text);
	return Object.fromEntries(
		Object.entries(env).filter(([name, value]) => /^\w+$/.test(name) && isNamed(name) && !isSecret(value)),
	);
}

function isSecret(value: string): boolean {
	try {
		return readPieces(value).some(piece => typeof piece !== 'string' && piece.namespace === 'secrets');
	} catch {
		return true;
	}
}

const mostNamed = 6;

const countedWords = (names: readonly string[]): string => {
	const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
	return `counted are base image, commands, Python, architecture${names.length === 0 ? '; they name no file' : `, ${names.slice(0, mostNamed).join(', ')}${more}`}`;
};

const agoWords = ({created}: Build, now: number): string =>
	created === undefined ? 'of an unknown age' : `of ${formatAge((now - created) / 1000)} ago`;

const hitWords = (build: Build, now: number): string =>
	`the build ${agoWords(build, now)}, ${formatBytes(build.size)}, in ${build.where}`;

/** The places where builds can be, for the listing. */
export type BuildPlaces = {
	readonly stores: readonly BuildStore[];
	/** Places that are not looked at, and why, one line each. */
	readonly notes: readonly string[];
};

/** The engine of this machine, where there is one, and the registry of the settings, where one is named. */
export async function buildPlaces(paths: Paths, variables: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<BuildPlaces> {
	const [settings, secrets, search] = await Promise.all([loadImageSettings(paths), readSecretsFile(paths.secrets), findEngine()]);
	const registry = registryOf({settings, secrets, variables, signal});
	return {
		stores: [...(search.docker ? [engineStore(search.docker)] : []), ...(registry ? [registry] : [])],
		notes: [
			...(search.docker ? [] : [search.note]),
			...(registry ? [] : ['no `registry` in the settings: builds for clouds are kept nowhere']),
		],
	};
}
