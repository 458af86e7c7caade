import {deadlineText} from '../deadline-file.js';
import type {KeyPair} from '../../system/key-pair.js';
import {admitValue, oneLine, publicKeyLine} from '../../system/values.js';
import {bootstrapScript, sshdConfig} from './bootstrap.js';
import {stateFolder, workspace} from './paths.js';
import type {CacheMount, ContainerOptions} from './options.js';

/** What a container's state folder is made from; see `LaunchIntent` for the units. */
export type ContainerIntent = {
	readonly authorizedKey: string;
	readonly hostKey: KeyPair;
	readonly deadline: number | undefined;
	readonly hold: boolean;
	readonly container: ContainerOptions;
};

/**
The files of a new container's state folder, by name: they are there before its first process is, owned by root and readable to nobody
else. `ownGuard`: the container ends itself at the deadline; on a machine the machine does that.
*/
export function stateFiles(
	{authorizedKey, hostKey, deadline, hold, container}: ContainerIntent,
	{listen, ownGuard}: {readonly listen: 'all' | 'loopback'; readonly ownGuard: boolean},
): Readonly<Record<string, string>> {
	const mounts = container.caches.map(({path}) => path).filter(path => !isInsideCode(path));
	return {
		bootstrap: bootstrapScript,
		sshd_config: sshdConfig({listen}),
		authorized_keys: `${admitValue(publicKeyLine, authorizedKey, 'the key that may log in')}\n`,
		host_key: hostKey.private,
		'working-folder': `${admitValue(oneLine, container.folder, 'the working folder')}\n`,
		...(ownGuard ? {deadline: `${deadlineText(deadline)}\n`} : {}),
		...(hold ? {hold: ''} : {}),
		...(container.user === undefined ? {} : {user: `${admitValue(oneLine, container.user, 'the user')}\n`}),
		...(container.docker ? {docker: ''} : {}),
		...(mounts.length > 0
			? {'cache-paths': mounts.map(path => `${admitValue(oneLine, path, 'a path of `cache`')}\n`).join('')}
			: {}),
	};
}

/** Paths in the code cannot be mounted: the code comes when the container is there already. They are linked. */
export const isInsideCode = (path: string): boolean => path.startsWith(`${workspace}/`);

/** Where a path in the code is kept; a link leads there. */
export const cacheFolder = ({key}: CacheMount): string => `${stateFolder}/caches/${key}`;
