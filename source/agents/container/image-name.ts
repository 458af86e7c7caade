import process from 'node:process';
import {familiarName, mirrored, parseReference} from '../../system/image-reference.js';

/** What decides which image an environment is made from. */
export type ImageRequest = {
	/** The configuration's `image`. */
	readonly image: string | undefined;
	readonly python?: string;
	/** CUDA's compiler is asked for. */
	readonly nvcc?: boolean;
	/** A Docker engine inside is asked for. */
	readonly docker?: boolean;
	/** Those of the offer. */
	readonly gpus?: ReadonlyArray<{readonly vendor: string}>;
};

/** What the settings say of it. */
export type ImagePreferences = {
	/** Instead of the public base image. */
	readonly baseImage?: string;
	/** Where images of Docker Hub are fetched from. */
	readonly mirror?: string;
};

/**
dstack's public base image, as its version 0.21 names it: Ubuntu 24.04 with git, sshd and uv, which brings any Python, and CUDA, which does
no harm where there is no GPU. With `devel` CUDA's compiler is in it as well. (Until 0.19 there was one image for each Python and CUDA, such as
`py3.11-0.4rc3-cuda-11.8`.)
*/
const publicBase = (nvcc: boolean): string => `dstackai/base:0.15-${nvcc ? 'devel' : 'base'}-ubuntu24.04`;

/** Ubuntu with a Docker engine and NVIDIA's container toolkit, started by `start-dockerd`. */
const publicDockerInDocker = 'dstackai/dind:latest';

/**
The image that an environment is made from, as an engine is to be asked for it: `image`, else one with a Docker engine where that is wanted,
else what DSTACK_TUI_IMAGE or the setting `base_image` names, else the public base; from the mirror where it is one of Docker Hub. Always with a tag or
digest: without one an engine would pull all tags. A name that is none comes back as it is, for the engine's own words.
*/
export function environmentImage(
	{image, nvcc = false, docker = false}: ImageRequest,
	{baseImage, mirror}: ImagePreferences = {},
	variables: NodeJS.ProcessEnv = process.env,
): string {
	const name = image ?? (docker ? publicDockerInDocker : variables['DSTACK_TUI_IMAGE'] || (baseImage ?? publicBase(nvcc)));
	try {
		return familiarName(mirrored(parseReference(name), mirror));
	} catch {
		return name;
	}
}

/** The oldest Python that uv can bring. */
const oldestPython = 8;

/** Parts of a request that the default images cannot meet, one line each; an image of the person's own is not judged. */
export function imageCautions({image, python, docker = false, gpus = []}: ImageRequest): string[] {
	if (image !== undefined) {
		return [];
	}

	const minor = Number(python?.split('.')[1] ?? oldestPython);
	const other = gpus.find(({vendor}) => vendor !== 'nvidia');
	return [
		...(minor < oldestPython
			? [`The default image cannot bring Python ${python}: name an \`image\` that has it, or ask for 3.${oldestPython} or newer.`]
			: []),
		...(docker && python !== undefined
			? ['The image with a Docker engine inside has no Python of its own choice: name an `image` where you need both.']
			: []),
		...(other === undefined
			? []
			: [`The default image has CUDA, which is NVIDIA's: name an \`image\` that is made for GPUs of ${other.vendor}.`]),
	];
}
