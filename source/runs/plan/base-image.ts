import type Docker from 'dockerode';
import {engineError, isGone} from '../../backends/local/docker/engine.js';
import {environmentImage} from '../../agents/container/image-name.js';
import type {DevEnvironment} from '../../configuration/model.js';
import type {Secrets} from '../../configuration/files/secrets.js';
import {imageLogin, isOwnImage} from '../../environment/images/credentials.js';
import {createRegistry, type Login, noSuchImage, type Registry} from '../../environment/images/registry.js';
import {type ImageSettings, requireSettings} from '../../environment/images/settings.js';
import type {Offer} from '../../offers/offer.js';
import type {Http} from '../../system/http.js';
import {parseReference} from '../../system/image-reference.js';
import {Problem} from '../../system/problem.js';

/** What images are asked about with. */
export type ImageMeans = {
	readonly settings: ImageSettings;
	readonly secrets: Secrets;
	/** The caller's own variables. */
	readonly variables?: NodeJS.ProcessEnv;
	readonly signal?: AbortSignal;
	readonly http?: Http;
};

/** An image as it is now: its name for an engine, and what that stands for. */
export type Base = {readonly name: string; readonly digest: string};

type ImageOf = Pick<DevEnvironment, 'image' | 'python' | 'nvcc' | 'docker' | 'registryAuth'>;
type Target = Pick<Offer, 'architecture' | 'gpus'>;

/** The image of an environment by its name: see `environmentImage`. */
export function baseName(environment: ImageOf, {gpus}: Pick<Target, 'gpus'>, {settings, variables}: ImageMeans): string {
	requireSettings(settings, ['base_image', 'mirror', 'insecure_registries']);
	return environmentImage({...environment, gpus}, settings, variables);
}

/**
The login for the host that an environment's image is fetched from: `registry_auth` where that is the host of `image` itself, and not of a mirror, which it
is none of the business of; else what the settings, Docker or AWS know.
*/
export async function loginForImage(
	registry: string,
	{image, registryAuth}: Pick<ImageOf, 'image' | 'registryAuth'>,
	{secrets, variables, settings}: Pick<ImageMeans, 'secrets' | 'variables' | 'settings'>,
): Promise<Login | undefined> {
	const name = `${registry}/x`;
	return imageLogin(name, isOwnImage({image}, name) ? registryAuth : undefined, {
		secrets,
		variables,
		registry: settings.registry,
	});
}

/** A client for the registry of an environment's image. */
const imageRegistry = (environment: ImageOf, means: ImageMeans): Registry =>
	createRegistry({
		insecure: means.settings.insecureRegistries,
		login: async registry => loginForImage(registry, environment, means),
		http: means.http,
		signal: means.signal,
	});

/**
Asks the registry what an environment's image is now, and whether there is one for the offer's architecture. Throws `Problem`s: no such tag, a
refused login, another architecture, a registry that cannot be asked.
*/
export async function askBase(environment: ImageOf, target: Target, means: ImageMeans): Promise<Base> {
	const name = baseName(environment, target, means);
	const reference = parseReference(name);
	const registry = imageRegistry(environment, means);
	const digest = await registry.digest(reference);
	if (digest === undefined) {
		throw noSuchImage(reference);
	}

	if (target.architecture !== 'unknown') {
		refuseArchitecture(name, await registry.architectures({...reference, digest}), target.architecture);
	}

	return {name, digest};
}

function refuseArchitecture(name: string, there: readonly string[], wanted: string): void {
	if (!there.includes(wanted)) {
		throw new Problem(
			'configuration',
			`The image ${name} is for ${there.join(', ') || 'no known architecture'}, and the offer is ${wanted}`,
			{
				next: 'Choose another image, or ask for the other architecture: `cpu: x86:2..` or `cpu: arm:2..` in `resources`.',
			},
		);
	}
}

/** The same for the engine of this machine: as the image lies there, else as the registry has it. */
export async function findBaseHere(docker: Docker, environment: ImageOf, target: Target, means: ImageMeans): Promise<Base> {
	const name = baseName(environment, target, means);
	// What was built or loaded here has its own name, whatever mirror there is.
	const own = environmentImage(environment, {...means.settings, mirror: undefined}, means.variables);
	for (const each of new Set([own, name])) {
		// Refuses what is no name, before it becomes part of a request.
		parseReference(each);
		const found = await inspect(docker, each);
		if (found) {
			const architecture = {amd64: 'x86_64', arm64: 'arm64'}[found.Architecture] ?? found.Architecture;
			if (target.architecture !== 'unknown') {
				refuseArchitecture(each, [architecture], target.architecture);
			}

			return {name: each, digest: digestOf(found, each)};
		}
	}

	return askBase(environment, target, means);
}

async function inspect(docker: Docker, name: string): Promise<Docker.ImageInspectInfo | undefined> {
	try {
		return await docker.getImage(name).inspect();
	} catch (error) {
		if (isGone(error)) {
			return undefined;
		}

		const {message, next} = engineError(error);
		throw new Problem('failed', `The Docker engine here: ${message}`, {next, cause: error});
	}
}

/** What the registry calls it, so that pulling it changes nothing; the engine's own id for what came from none. */
function digestOf({Id, RepoDigests}: Docker.ImageInspectInfo, name: string): string {
	const {registry, repository} = parseReference(name);
	const known = (RepoDigests ?? []).flatMap(text => {
		try {
			return [parseReference(text)];
		} catch {
			return [];
		}
	});
	return known.find(each => each.registry === registry && each.repository === repository)?.digest ?? Id;
}
