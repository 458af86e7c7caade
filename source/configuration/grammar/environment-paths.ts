import {posix} from 'node:path';
import type {DevEnvironment} from '../model.js';

/** `NAME`, `NAME:GROUP`, `UID` or `UID:GID`. */
export const userPattern = /^(?:[A-Za-z_][\w.-]{0,31}|\d{1,10})(?::(?:[A-Za-z_][\w.-]{0,31}|\d{1,10}))?$/;

/**
The name that sessions log in by. A number is no login name: `u1000` is made for it where the container starts, with whatever else has
that number as its home and groups.
*/
export function loginName(user: string | undefined): string {
	const [name = ''] = (user ?? 'root').split(':');
	return /^0+$/.test(name) ? 'root' : /^\d+$/.test(name) ? `u${Number(name)}` : name;
}

/** What `~` means in `cache` and `files`, inside a container. */
export const homeFolder = ({homeDir, user}: Pick<DevEnvironment, 'homeDir' | 'user'>): string =>
	homeDir ?? (loginName(user) === 'root' ? '/root' : `/home/${loginName(user)}`);

/** Whether a path is absolute or stays below the folder that it is relative to. */
export const staysInside = (path: string): boolean =>
	path.startsWith('/') || !(path.startsWith('~') || /^\.\.(?:\/|$)/.test(posix.normalize(path)));

const withoutEnd = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);

/** The folder that commands and people start in: `working_dir`, else the folder of the code that the person started in. */
export function workingFolder({workingDir}: Pick<DevEnvironment, 'workingDir'>, workspace: string, subfolder: string): string {
	return withoutEnd(workingDir === undefined ? posix.join(workspace, subfolder) : posix.resolve(workspace, workingDir));
}

/** A path of the configuration as an absolute one there. A relative one is below the working folder. */
export const resolveRemotePath = (path: string, home: string, folder: string): string =>
	withoutEnd(
		path === '~' || path.startsWith('~/') ? posix.join(home, path.slice(1)) : posix.resolve(folder, posix.normalize(path)),
	);
