import {Problem} from './problem.js';
import {neutraliseLine} from './terminal-text.js';

/**
What names a container image, in the grammar of the distribution project (https://github.com/distribution/reference), with Docker Hub's
defaults laid in: `ubuntu` is `docker.io/library/ubuntu:latest`.
*/
export type ImageReference = {
	/** Host, with its port where it has one: `docker.io`, `localhost:5000`, `[::1]:5000`. */
	readonly registry: string;
	readonly repository: string;
	/** `latest` where neither a tag nor a digest was given. */
	readonly tag: string | undefined;
	/** `sha256:…`. Where there is one, it and not the tag decides. */
	readonly digest: string | undefined;
};

export const dockerHub = 'docker.io';

const domain =
	/^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::\d{1,5})?$/;
const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,128}$/;
const longestName = 255;

/** Whether a text is a digest by sha256 or sha512, the only ones that registries know. */
export const isDigest = (text: string): boolean => /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);

/** Reads a reference. Throws a `configuration` problem that says what is wrong with it. */
export function parseReference(text: string): ImageReference {
	const shown = neutraliseLine(text).slice(0, 120);
	const refuse = (what: string): never => {
		throw new Problem('configuration', `'${shown}' is no name of an image: ${what}`, {
			next: 'Write it as REPOSITORY:TAG or REGISTRY/REPOSITORY:TAG, such as ubuntu:24.04 or ghcr.io/team/app:1.2.',
		});
	};

	if (text === '') {
		return refuse('it is empty');
	}

	if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
		return refuse('it begins like an address; leave out what stands before the host');
	}

	if (/\s/.test(text)) {
		return refuse('it has a blank in it');
	}

	const at = text.indexOf('@');
	const digest = at < 0 ? undefined : text.slice(at + 1);
	const named = at < 0 ? text : text.slice(0, at);
	if (digest !== undefined && !digestPattern.test(digest)) {
		return refuse('a digest such as sha256:… with 64 digits stands after @');
	}

	const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
	const tag = colon < 0 ? undefined : named.slice(colon + 1);
	const name = colon < 0 ? named : named.slice(0, colon);
	if (tag !== undefined && !tagPattern.test(tag)) {
		return refuse('a tag has at most 128 letters, digits, _, . and -, and begins with none of the last two');
	}

	const {registry, repository} = splitName(name);
	if (`${registry}/${repository}`.length > longestName) {
		return refuse(`it is longer than ${longestName} characters`);
	}

	if (!domain.test(registry) || Number(/:(\d+)$/.exec(registry)?.[1] ?? 0) > 65_535) {
		return refuse(`'${neutraliseLine(registry).slice(0, 60)}' is no host`);
	}

	const bad = repository.split('/').find(each => !component.test(each));
	if (bad !== undefined) {
		return refuse(
			/[A-Z]/.test(bad)
				? 'the repository has capital letters'
				: bad === ''
					? 'a part of the repository is empty'
					: `'${neutraliseLine(bad).slice(0, 60)}' cannot be a part of a repository's name`,
		);
	}

	if (/^[a-f0-9]{64}$/.test(name)) {
		return refuse('64 hexadecimal digits are the id of an image, which no registry knows');
	}

	return {registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest};
}

/** The first part is a host only where it looks like one. */
function splitName(name: string): Pick<ImageReference, 'registry' | 'repository'> {
	const slash = name.indexOf('/');
	const first = name.slice(0, Math.max(0, slash));
	const isHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
	const registry = !isHost || first === 'index.docker.io' ? dockerHub : first;
	const rest = isHost ? name.slice(slash + 1) : name;
	return {registry, repository: registry === dockerHub && !rest.includes('/') ? `library/${rest}` : rest};
}

const suffix = ({tag, digest}: ImageReference): string =>
	`${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;

/** The whole name, with nothing left to defaults. */
export const fullName = (reference: ImageReference): string =>
	`${reference.registry}/${reference.repository}${suffix(reference)}`;

/** The name as people write it: without Docker Hub's defaults, always with a tag or digest. */
export const familiarName = (reference: ImageReference): string => {
	const {registry, repository} = reference;
	const short = registry === dockerHub ? repository.replace(/^library\/(?=[^/]+$)/, '') : `${registry}/${repository}`;
	// Without its `library/` such a name would be read as a host.
	return `${short}${suffix(reference)}`;
};

/** Reads where images of Docker Hub are fetched from instead: `HOST[:PORT][/PATH]`. Throws a `configuration` problem. */
export function parseMirror(text: string): string {
	const clean = text.replace(/\/+$/, '');
	const [host = '', ...parts] = clean.split('/');
	if (!domain.test(host) || parts.some(part => !component.test(part))) {
		throw new Problem('configuration', `'${neutraliseLine(text).slice(0, 120)}' is no mirror of images`, {
			next: 'Write it as HOST, HOST:PORT or HOST/PATH, without https:// before it.',
		});
	}

	return clean;
}

/** The same image in the mirror, where it is one of Docker Hub; any other as it is. */
export function mirrored(reference: ImageReference, mirror: string | undefined): ImageReference {
	if (mirror === undefined || reference.registry !== dockerHub) {
		return reference;
	}

	const [host = '', ...parts] = parseMirror(mirror).split('/');
	return {...reference, registry: host, repository: [...parts, reference.repository].join('/')};
}
