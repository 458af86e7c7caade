import {createHash} from 'node:crypto';
import {familiarName, type ImageReference, isDigest} from '../../system/image-reference.js';
import {createHttp, type Http, type HttpAnswer, HttpError, type HttpRequest} from '../../system/http.js';
import {type ImageConfiguration, type Manifest, manifestTypes, readConfiguration, readManifest} from './manifest.js';
import {authorize, type Login} from './registry-auth.js';
import {type Attempt, badAnswer, noSuchImage, registryProblem} from './registry-errors.js';
import {isMissing, listTags, type RepositoryName, repositoryName} from './registry-tags.js';

export {noSuchImage} from './registry-errors.js';
export type {Login} from './registry-auth.js';

/** The architectures that offers have, by the names that images have for them. */
const architectures: Readonly<Record<string, string>> = {amd64: 'x86_64', arm64: 'arm64'};

export type RemoteImage = Pick<ImageConfiguration, 'created' | 'labels'> & {
	/** Of the manifest of this one image. */
	readonly digest: string;
	readonly architecture: string;
	/** Bytes, packed. */
	readonly size: number;
};

/**
A registry of images, by OCI's distribution specification (https://github.com/opencontainers/distribution-spec). Nothing that it says is trusted:
answers are checked for their form, contents for their digest. Rejects with `Problem`s, or with the signal's reason.
*/
export type Registry = {
	/** The digest of what a reference names now; undefined where there is no such thing. Costs no pull. */
	digest(reference: ImageReference): Promise<string | undefined>;
	/** Undefined where there is no such thing. */
	manifest(reference: ImageReference): Promise<Manifest | undefined>;
	/** The architectures there are of it: `x86_64`, `arm64`, or the image's own word for another. Throws where there is no such image. */
	architectures(reference: ImageReference): Promise<readonly string[]>;
	/** The image for an architecture, the first one without. Undefined where there is no such thing. */
	image(reference: ImageReference, architecture?: string): Promise<RemoteImage | undefined>;
	/** All tags of a repository, none of one that is not there. Rejects where there are more than anybody could have made. */
	tags(repository: RepositoryName): Promise<readonly string[]>;
	/** Deletes a manifest, and with it all tags of it. What it refers to, the registry removes when it cleans up. False where it is not there. */
	remove(reference: RepositoryName & {readonly digest: string}): Promise<boolean>;
};

export type RegistryOptions = {
	/** Hosts that may be asked over plain HTTP, beside this machine itself. */
	readonly insecure?: readonly string[];
	/** Who the person is to a host. Asked for once, when the registry wants to know. */
	readonly login?: (registry: string) => Promise<Login | undefined>;
	readonly http?: Http;
	readonly signal?: AbortSignal;
};

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/** Whether a host is asked over plain HTTP. */
export const isPlain = (registry: string, insecure: readonly string[] = []): boolean =>
	loopback.test(registry) || insecure.includes(registry);

// Docker Hub's registry has another name than it goes by.
const hostOf = (registry: string): string => (registry === 'docker.io' ? 'registry-1.docker.io' : registry);

const limits = {answer: 15_000, idle: 15_000, whole: 60_000, size: 8 * 1024 * 1024};
const retry = {tries: 3, base: 300, longest: 5000};

const sha = (bytes: Uint8Array, algorithm: string): string => `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;

export function createRegistry({insecure = [], login, http = createHttp(), signal}: RegistryOptions = {}): Registry {
	const client = http.with({limits, retry, headers: {'user-agent': 'dstack-tui'}});
	const logins = new Map<string, Promise<Login | undefined>>();
	const headers = new Map<string, string>();

	const loginTo = async (registry: string): Promise<Login | undefined> => {
		const known = logins.get(registry) ?? login?.(registry) ?? Promise.resolve(undefined);
		logins.set(registry, known);
		return known;
	};

	const base = (registry: string): string => `${isPlain(registry, insecure) ? 'http' : 'https'}://${hostOf(registry)}`;

	/** One request, logged in where the registry asks for that: with what it took last, and once more where that does no longer do. */
	async function send(
		{registry, repository}: RepositoryName,
		subject: string,
		act: Attempt['act'],
		request: Omit<HttpRequest, 'url'> & {url: string},
	): Promise<HttpAnswer<Buffer>> {
		const key = `${registry}/${repository} ${act === 'delete' ? 'delete' : 'pull'}`;
		const once = async () => {
			const authorization = headers.get(key);
			return client.bytes({...request, signal, headers: {...request.headers, ...(authorization ? {authorization} : {})}});
		};

		let known: Login | undefined;
		let withheld: unknown;
		try {
			return await once().catch(async (error: unknown) => {
				if (!(error instanceof HttpError) || error.status !== 401) {
					throw error;
				}

				// What is public is there for anybody, also where a login is kept that cannot be had.
				known = await loginTo(registry).catch((reason: unknown) => {
					withheld = reason;
					return undefined;
				});
				headers.delete(key);
				const scope = `repository:${repository}:${act === 'delete' ? 'pull,delete' : 'pull'}`;
				const authorization = await authorize(error.challenge, known, {
					http: client,
					registry,
					plain: isPlain(registry, insecure),
					scope,
					signal,
				}).catch((reason: unknown) => {
					throw isMissing(reason) ? badAnswer(registry, 'a login server that is not there') : reason;
				});
				if (authorization === undefined) {
					throw error;
				}

				headers.set(key, authorization);
				return once();
			});
		} catch (error) {
			signal?.throwIfAborted();
			if (withheld !== undefined && error instanceof HttpError && (error.status === 401 || error.status === 403)) {
				throw withheld;
			}

			throw isMissing(error) ? error : registryProblem(error, {registry, subject, act, login: known?.origin});
		}
	}

	const manifestUrl = ({registry, repository, tag, digest}: ImageReference): string =>
		`${base(registry)}/v2/${repository}/manifests/${digest ?? tag ?? 'latest'}`;

	async function manifest(reference: ImageReference): Promise<Manifest | undefined> {
		const {registry} = reference;
		try {
			const {headers: answered, body} = await send(reference, familiarName(reference), 'read', {
				url: manifestUrl(reference),
				headers: {accept: manifestTypes.join(', ')},
			});
			const bytes = body ?? Buffer.alloc(0);
			const told = reference.digest ?? answered.get('docker-content-digest') ?? sha(bytes, 'sha256');
			if (!isDigest(told) || sha(bytes, told.split(':')[0] ?? '') !== told) {
				throw badAnswer(registry, `something else than ${familiarName(reference)}: its digest does not fit`);
			}

			return readManifest(registry, bytes.toString('utf8'), told);
		} catch (error) {
			if (isMissing(error)) {
				return undefined;
			}

			throw error;
		}
	}

	async function digest(reference: ImageReference): Promise<string | undefined> {
		try {
			const {headers: answered} = await send(reference, familiarName(reference), 'read', {
				url: manifestUrl(reference),
				method: 'HEAD',
				headers: {accept: manifestTypes.join(', ')},
			});
			const told = answered.get('docker-content-digest') ?? '';
			// Some report it only with the content itself.
			return isDigest(told) ? told : (await manifest(reference))?.digest;
		} catch (error) {
			if (isMissing(error)) {
				return undefined;
			}

			throw error;
		}
	}

	async function configurationOf(
		reference: ImageReference,
		found: Manifest & {readonly kind: 'image'},
	): Promise<ImageConfiguration> {
		const {registry, repository} = reference;
		const {digest: wanted} = found.config;
		try {
			const {body} = await send(reference, familiarName(reference), 'read', {
				url: `${base(registry)}/v2/${repository}/blobs/${wanted}`,
			});
			const bytes = body ?? Buffer.alloc(0);
			if (sha(bytes, wanted.split(':')[0] ?? '') !== wanted) {
				throw badAnswer(registry, `a configuration of ${familiarName(reference)} whose digest does not fit`);
			}

			return readConfiguration(registry, bytes.toString('utf8'));
		} catch (error) {
			throw isMissing(error) ? badAnswer(registry, `an image without the configuration that it names`) : error;
		}
	}

	return {
		digest,
		manifest,
		async architectures(reference) {
			const found = await manifest(reference);
			if (!found) {
				throw noSuchImage(reference);
			}

			const words =
				found.kind === 'index'
					? found.images.filter(({os}) => os === 'linux').map(({architecture}) => architecture)
					: [(await configurationOf(reference, found)).architecture];
			return [...new Set(words.map(word => architectures[word] ?? word))];
		},
		async image(reference, architecture) {
			let found = await manifest(reference);
			if (found?.kind === 'index') {
				const fits = found.images.find(
					({architecture: each, os}) =>
						os === 'linux' && (architecture === undefined || (architectures[each] ?? each) === architecture),
				);
				found = fits && (await manifest({...reference, tag: undefined, digest: fits.digest}));
			}

			if (found?.kind !== 'image') {
				return undefined;
			}

			const {architecture: word, created, labels} = await configurationOf(reference, found);
			return {digest: found.digest, size: found.size, architecture: architectures[word] ?? word, created, labels};
		},
		tags: async place => listTags(place, base(place.registry), async url => send(place, repositoryName(place), 'list', {url})),
		async remove(place) {
			try {
				await send(place, `${repositoryName(place)}@${place.digest}`, 'delete', {
					url: `${base(place.registry)}/v2/${place.repository}/manifests/${place.digest}`,
					method: 'DELETE',
					repeatable: true,
				});
				return true;
			} catch (error) {
				if (isMissing(error)) {
					return false;
				}

				throw error;
			}
		},
	};
}
