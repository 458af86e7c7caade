import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';

type Environment = Readonly<Record<string, string | undefined>>;

/** The person's folder of Windows, where this runs in Windows' Linux. */
export type WindowsProfile = {
	/** As it is seen here, such as `/mnt/c/Users/me`. */
	readonly here: string;
	/** As Windows' programs know it, with slashes that they take too: `C:/Users/me`. */
	readonly there: string;
};

/** Whether this is Linux inside Windows. `root` is where the file system begins. */
export function isWsl(env: Environment, root = '/'): boolean {
	const release = path.join(root, 'proc/sys/kernel/osrelease');
	return Boolean(env['WSL_DISTRO_NAME']) || (existsSync(release) && /microsoft/i.test(readFileSync(release, 'utf8')));
}

/** Folders beside the people's own. */
const notPeople = new Set(['public', 'default', 'default user', 'all users', 'defaultapppool', 'wdagutilityaccount']);

/**
The person's Windows profile: the one that Windows' own entries of the PATH are in, the one that `USERPROFILE` names (`WSLENV` may hand it
over), else the only one there is. Undefined outside of WSL, where Windows' drive is not mounted, and where it is not certain whose it is.
*/
export function windowsProfile(env: Environment = process.env, root = '/'): WindowsProfile | undefined {
	if (!isWsl(env, root)) {
		return undefined;
	}

	const inPath = /(?:^|:)(\/[^:]*?)\/([a-z])\/Users\/([^/:]+)\/AppData\//i.exec(env['PATH'] ?? '');
	const [, mount = '/mnt', drive = 'c', person] = inPath ?? [];
	const named = /^(?:([a-z]):\\Users\\|\/mnt\/([a-z])\/Users\/)([^\\/]+)[\\/]?$/i.exec(env['USERPROFILE'] ?? '');
	const users = path.join(root, mount, drive.toLowerCase(), 'Users');
	const name = person ?? named?.[3] ?? onlyPerson(users);
	const letter = person === undefined ? (named?.[1] ?? named?.[2] ?? drive) : drive;
	const here = name === undefined ? undefined : path.join(root, mount, letter.toLowerCase(), 'Users', name);
	return here !== undefined && existsSync(here) ? {here, there: `${letter.toUpperCase()}:/Users/${name}`} : undefined;
}

function onlyPerson(users: string): string | undefined {
	if (!existsSync(users)) {
		return undefined;
	}

	const people = readdirSync(users, {withFileTypes: true}).filter(
		each => each.isDirectory() && !notPeople.has(each.name.toLowerCase()),
	);
	return people.length === 1 ? people[0]?.name : undefined;
}
