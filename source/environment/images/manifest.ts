import {z} from 'zod';
import {isDigest} from '../../system/image-reference.js';
import {badAnswer} from './registry-errors.js';

/** What a registry keeps under a name, as far as we read it. Sizes in bytes. */
export type Manifest =
	| {
			readonly kind: 'index';
			readonly digest: string;
			readonly images: ReadonlyArray<{readonly digest: string; readonly architecture: string; readonly os: string}>;
	  }
	| {
			readonly kind: 'image';
			readonly digest: string;
			readonly config: {readonly digest: string; readonly size: number};
			/** Of all layers and the configuration, as they are kept and sent: packed. */
			readonly size: number;
	  };

export type ImageConfiguration = {
	readonly architecture: string;
	readonly os: string;
	/** Milliseconds since the epoch; undefined where it is not stated, or the epoch itself as reproducible builds have it. */
	readonly created: number | undefined;
	readonly labels: Readonly<Record<string, string>>;
};

/** OCI's and Docker's: one of an index, one of an image. */
export const manifestTypes = [
	'application/vnd.oci.image.index.v1+json',
	'application/vnd.docker.distribution.manifest.list.v2+json',
	'application/vnd.oci.image.manifest.v1+json',
	'application/vnd.docker.distribution.manifest.v2+json',
];

const digest = z.string().refine(isDigest);
const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const word = z.string().max(100);

const index = z.object({
	manifests: z.array(z.object({digest, platform: z.object({architecture: word, os: word}).optional()})).max(1000),
});

const image = z.object({
	config: z.object({digest, size}),
	layers: z.array(z.object({size})).max(1000),
});

const configuration = z.object({
	architecture: word.catch(''),
	os: word.catch(''),
	created: z.string().optional().catch(undefined),
	config: z
		.object({Labels: z.record(z.string(), z.string()).nullish().catch(undefined)})
		.nullish()
		.catch(undefined),
});

/** Throws a problem for anything that is neither an index nor an image. */
export function readManifest(registry: string, text: string, digestOfIt: string): Manifest {
	const value = parse(registry, text);
	const list = index.safeParse(value);
	if (list.success) {
		return {
			kind: 'index',
			digest: digestOfIt,
			// Attestations are listed as images of an unknown platform.
			images: list.data.manifests.flatMap(({digest: each, platform}) =>
				platform === undefined || platform.os === 'unknown' ? [] : [{digest: each, ...platform}],
			),
		};
	}

	const single = image.safeParse(value);
	if (!single.success) {
		throw badAnswer(registry, 'a manifest of a kind that is not known');
	}

	const {config, layers} = single.data;
	return {kind: 'image', digest: digestOfIt, config, size: layers.reduce((sum, layer) => sum + layer.size, config.size)};
}

export function readConfiguration(registry: string, text: string): ImageConfiguration {
	const read = configuration.safeParse(parse(registry, text));
	if (!read.success) {
		throw badAnswer(registry, 'a configuration of an image that cannot be read');
	}

	const created = Date.parse(read.data.created ?? '');
	return {
		architecture: read.data.architecture,
		os: read.data.os,
		created: created > 0 ? created : undefined,
		labels: read.data.config?.Labels ?? {},
	};
}

function parse(registry: string, text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw badAnswer(registry, 'something that is not JSON');
	}
}
