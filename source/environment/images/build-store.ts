import type {Build, BuildScope} from './build-labels.js';

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
