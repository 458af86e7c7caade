import type {DevEnvironment} from '../../configuration/model.js';
import {instanceKind} from '../../offers/instance-kind.js';
import type {Offer} from '../../offers/offer.js';

const isApart = (path: string): boolean => path.startsWith('/') || path.startsWith('~');

/** The keys of a configuration that an offer cannot honour, as sentences with the reason. */
export function unsupportedKeys(environment: DevEnvironment, offer: Pick<Offer, 'kind' | 'backend' | 'instanceType'>): string[] {
	const {user, privileged, docker, nvcc, image, cache, files} = environment;
	if (instanceKind(offer) !== 'process') {
		return nvcc && image !== undefined ? ['`nvcc` has no effect: it is about the default image, and `image` names another.'] : [];
	}

	const kept = cache.filter(isApart);
	const placed = files.filter(({remote}) => isApart(remote));
	return [
		...(user === undefined ? [] : [`\`user\` has no effect here: a process runs as you, and not as ${user}.`]),
		...(privileged ? ['`privileged` has no effect here: a process has your own rights.'] : []),
		...(docker ? ['`docker` has no effect here: a process has the Docker engine that you have.'] : []),
		...(nvcc ? ["`nvcc` has no effect here: a process has this machine's own CUDA."] : []),
		...(kept.length > 0 ? [`\`cache\` has nothing to do here for ${kept.join(', ')}: it is your own and stays.`] : []),
		...(placed.length > 0
			? [
					`\`files\` are copied into the code only here: ${placed.map(({remote}) => remote).join(', ')} would be your own ${placed.length === 1 ? 'file' : 'files'}.`,
				]
			: []),
	];
}
