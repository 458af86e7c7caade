import type {BuildStore} from './build-store.js';
import {type BuildParts, explainMiss} from './build-key.js';
import type {Build, BuildScope} from './build-labels.js';

export {type Build, type BuildScope, labelsOf, projectOf} from './build-labels.js';
export {engineStore} from './engine-builds.js';
export {registryStore} from './registry-builds.js';

export type Found =
	| {readonly hit: Build; readonly why?: undefined}
	/** One reason each, by comparison with the newest other build of the same configuration. */
	| {readonly hit: undefined; readonly why: readonly string[]};

/** Looks for a build, and says why it is not there. */
export async function findBuild(
	store: BuildStore,
	scope: BuildScope,
	{key, parts}: {readonly key: string; readonly parts: BuildParts},
): Promise<Found> {
	const hit = await store.find(scope, key);
	if (hit) {
		return {hit};
	}

	const others = (await store.list(scope)).filter(build => build.parts !== undefined && build.key !== key);
	// One for the same architecture explains more than a newer one for another.
	const other = others.find(build => build.parts?.architecture === parts.architecture) ?? others[0];
	return {hit: undefined, why: explainMiss(parts, other?.parts)};
}
