import {Problem} from '../../system/problem.js';
import type {DevEnvironment} from '../model.js';
import {homeFolder, resolveRemotePath, workingFolder} from '../grammar/environment-paths.js';

type Asked = Pick<DevEnvironment, 'user' | 'homeDir' | 'workingDir' | 'cache'>;

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Nothing in these can be kept by itself. */
const systemFolders = ['/proc', '/sys', '/dev', '/run', '/dstack-tui'];
const wholeSystem = /^\/(?:bin|boot|etc|home|lib\w*|opt|root|sbin|srv|tmp|usr|var)?$/;

/**
The paths of `cache`, absolute, each once; `~` is `home_dir`, and a relative one is below the working folder. Throws a `configuration`
problem for one that cannot be kept by itself.
*/
export function cachePaths(environment: Asked, workspace: string, subfolder: string): string[] {
	const home = homeFolder(environment);
	const folder = workingFolder(environment, workspace, subfolder);
	return [...new Set(environment.cache.map(path => checkedPlace(path, resolveRemotePath(path, home, folder), home, workspace)))];
}

function checkedPlace(path: string, place: string, home: string, workspace: string): string {
	const isWhole = [home, workspace].some(each => isWithin(each, place)) || wholeSystem.test(place);
	const escapes = !path.startsWith('/') && !path.startsWith('~') && !isWithin(place, workspace);
	if (isWhole || escapes || systemFolders.some(each => isWithin(place, each))) {
		throw new Problem('configuration', `\`cache\`: ${path} (${place}) cannot be kept for the next run`, {
			next: 'Name a folder in the home folder, in the code, or one of its own.',
		});
	}

	return place;
}
