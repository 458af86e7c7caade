import pMap from 'p-map';
import {parseReference} from '../../system/image-reference.js';
import {Problem} from '../../system/problem.js';
import {type Build, buildTag, isBuildTag, newestFirst, readLabels, tagPrefix} from './build-labels.js';
import type {BuildStore} from './build-store.js';
import type {Registry} from './registry.js';
import type {RegistrySetting} from './settings.js';

const atOnce = 6;
/** Of one list; each takes two questions. */
const mostListed = 300;

/** Builds in a repository of a registry, distinguished by their tags. */
export function registryStore(registry: Registry, setting: Pick<RegistrySetting, 'registry' | 'repository'>): BuildStore {
	const where = `${setting.registry}/${setting.repository}`;

	async function read(tag: string): Promise<Build | undefined> {
		const reference = `${where}:${tag}`;
		const found = await registry.image(parseReference(reference));
		const told = readLabels(found?.labels);
		// A tag can be moved to anything: the labels decide, and what is in none of them is not ours.
		return found && told && buildTag(told, told.key) === tag
			? {
					...told,
					reference,
					store: 'registry',
					where,
					size: found.size,
					created: found.created,
					inUse: undefined,
					replaced: false,
					id: found.digest,
				}
			: undefined;
	}

	return {
		kind: 'registry',
		where,
		reference: (scope, key) => `${where}:${buildTag(scope, key)}`,
		async find(scope, key) {
			const build = await read(buildTag(scope, key));
			return build?.key === key ? build : undefined;
		},
		async list(scope) {
			const prefix = scope ? tagPrefix(scope) : '';
			const tags = (await registry.tags(setting)).filter(tag => isBuildTag(tag) && tag.startsWith(prefix));
			if (tags.length > mostListed) {
				throw new Problem('failed', `There are ${tags.length} builds in ${where}, more than can be looked at`, {
					next: `Delete old ones with the registry's own page or tool: their tags begin with ${prefix || 'b-'}.`,
				});
			}

			const builds = await pMap(tags, read, {concurrency: atOnce});
			return newestFirst(builds.filter(build => build !== undefined));
		},
		async remove({id, reference}) {
			if (!(await registry.remove({...setting, digest: id}))) {
				throw new Problem('failed', `${reference} is not there any more`);
			}
		},
	};
}
