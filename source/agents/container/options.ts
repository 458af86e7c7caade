import {createHash} from 'node:crypto';
import type {DevEnvironment} from '../../configuration/model.js';
import {cachePaths} from '../../configuration/resolve/cache-paths.js';
import {workingFolder} from '../../configuration/grammar/environment-paths.js';
import {workspace} from './paths.js';

/** A path that is kept for the next run, and the name that it is kept by. */
export type CacheMount = {
	/** Absolute, normalised. */
	readonly path: string;
	/** 32 hexadecimal digits: the same for the same installation, folder, configuration and path. */
	readonly key: string;
};

/** What a container is made with beside its image. */
export type ContainerOptions = {
	/** As the configuration has it; undefined for root. */
	readonly user: string | undefined;
	/** Where commands and people start, absolute. */
	readonly folder: string;
	readonly privileged: boolean;
	/** A Docker engine inside, which needs all rights. */
	readonly docker: boolean;
	readonly caches: readonly CacheMount[];
	/** Whose caches they are, for lists: the user's folder and configuration. */
	readonly source: {readonly folder: string; readonly configuration: string};
};

/** Where a run comes from. */
export type RunSource = {
	readonly installation: string;
	/** Absolute folder of this machine. */
	readonly folder: string;
	/** Absolute path of the configuration. */
	readonly configurationFile: string;
	readonly subfolder: string;
};

/** What a configuration asks of its container. Throws a `configuration` problem for a path that cannot be cached. */
export function containerOptions(environment: DevEnvironment, source: RunSource): ContainerOptions {
	return {
		user: environment.user,
		folder: workingFolder(environment, workspace, source.subfolder),
		privileged: environment.privileged || environment.docker,
		docker: environment.docker,
		caches: cacheMounts(environment, source),
		source: {folder: source.folder, configuration: source.configurationFile},
	};
}

/** The paths of `cache` with the names that they are kept by. Throws a `configuration` problem. */
export const cacheMounts = (
	environment: DevEnvironment,
	{installation, folder, configurationFile, subfolder}: RunSource,
): CacheMount[] =>
	cachePaths(environment, workspace, subfolder).map(path => ({
		path,
		key: createHash('sha256').update([installation, folder, configurationFile, path].join('\0')).digest('hex').slice(0, 32),
	}));
