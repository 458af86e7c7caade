import {type BuildParts, explainMiss} from './build-key.js';
import type {Build, BuildScope} from './build-labels.js';

export {type Build, type BuildScope, labelsOf, projectOf} from './build-labels.js';
export {engineStore} from './engine-builds.js';
export {registryStore} from './registry-builds.js';

/** A place where builds are kept. Rejects with `Problem`s, where it cannot be asked or refuses. */
export type BuildStore = {
	readonly kind: Build['store'];
	/** As it is shown: `this machine`, `ghcr.io/team/builds`. */
	readonly where: string;
	/** What a build is called there, whether or not there is one. */
	reference(scope: BuildScope, key: string): string;
	/** The build of a key, for an architecture; undefined where there is none. */
	find(scope: BuildScope, key: string): Promise<Build | undefined>;
	/** All builds, or those of one configuration, the newest first. */
	list(scope?: BuildScope): Promise<readonly Build[]>;
	/** Deletes one. What it is made of stays where others are made of it, too. */
	remove(build: Build): Promise<void>;
};

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
	// One for the same architecture tells more than a newer one for another.
	const other = others.find(build => build.parts?.architecture === parts.architecture) ?? others[0];
	return {hit: undefined, why: explainMiss(parts, other?.parts)};
}
