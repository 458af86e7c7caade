import type Docker from 'dockerode';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {isInsideCode, cacheFolder} from '../../../agents/container/state-files.js';
import type {CacheMount, ContainerOptions} from '../../../agents/container/options.js';
import {engineError, isGone, requireEngine} from './engine.js';
import {labels} from './labels.js';

/** The volume that keeps a cache; environments that run at the same time share it. The engine makes it where there is none. */
export function cacheMount(cache: CacheMount, source: ContainerOptions['source'], installation: string): Docker.MountSettings {
	const {path, key} = cache;
	return {
		Type: 'volume',
		Source: `dstack-tui-cache-${key}`,
		Target: isInsideCode(path) ? cacheFolder(cache) : path,
		VolumeOptions: {
			NoCopy: false,
			DriverConfig: {},
			Labels: {
				[labels.installation]: installation,
				[labels.cache]: path,
				[labels.folder]: source.folder,
				[labels.configuration]: source.configuration,
			},
		},
	} as unknown as Docker.MountSettings;
}

/** What is kept for the next run in the engine here. */
export type KeptCache = {
	/** The volume's name. */
	readonly name: string;
	/** Its path in environments. */
	readonly path: string;
	/** The person's folder and configuration that it belongs to, absolute. */
	readonly folder: string;
	readonly configuration: string;
	/** Bytes; undefined where the engine does not tell. */
	readonly size: number | undefined;
	/** An environment has it, running or stopped. */
	readonly inUse: boolean;
};

type Volume = {
	readonly Name: string;
	readonly Labels: Readonly<Record<string, string>> | null;
	readonly UsageData?: {readonly Size: number; readonly RefCount: number} | null;
};

/** The caches of this installation. Measuring takes the engine a while. Throws a `BackendError`. */
export async function listCaches(installation: string): Promise<readonly KeptCache[]> {
	const {docker} = await requireEngine();
	try {
		const {Volumes} = (await docker.df()) as {Volumes: readonly Volume[] | null};
		return (Volumes ?? [])
			.filter(({Labels}) => Labels?.[labels.installation] === installation && Labels[labels.cache] !== undefined)
			.map(({Name, Labels, UsageData}) => ({
				name: Name,
				path: neutraliseLine(Labels?.[labels.cache] ?? ''),
				folder: neutraliseLine(Labels?.[labels.folder] ?? ''),
				configuration: neutraliseLine(Labels?.[labels.configuration] ?? ''),
				size: UsageData && UsageData.Size >= 0 ? UsageData.Size : undefined,
				inUse: (UsageData?.RefCount ?? 0) > 0,
			}));
	} catch (error) {
		throw engineError(error);
	}
}

/** Removes one; one that is gone is no error. Throws a `BackendError`, also for one that an environment has. */
export async function removeCache(name: string): Promise<void> {
	const {docker} = await requireEngine();
	try {
		await docker.getVolume(name).remove();
	} catch (error) {
		if (!isGone(error)) {
			throw engineError(error);
		}
	}
}
