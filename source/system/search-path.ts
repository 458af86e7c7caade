import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import path from 'node:path';
import process from 'node:process';

const isInside = (inner: string, outer: string): boolean => {
	const way = path.relative(outer, inner);
	return way === '' || (way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way));
};

/**
A PATH without what a folder of strangers could have a say in: relative folders, those inside of it unless it holds the person's home, and the
`node_modules/.bin` of it and all above, which npm and npx put first.
*/
export function searchPath(folder: string, search = process.env['PATH'] ?? '', home = homedir()): string {
	const isStrange = (place: string): boolean =>
		!path.isAbsolute(place) ||
		(isInside(place, folder) && !isInside(home, folder)) ||
		(/[/\\]node_modules[/\\]\.bin[/\\]?$/.test(place) && isInside(folder, path.dirname(path.dirname(place))));
	return search
		.split(path.delimiter)
		.filter(place => !isStrange(place))
		.join(path.delimiter);
}

/** Where programs of the system are started: not in the current folder, since many read settings there. */
export const ownFolder = (): string => (existsSync(homedir()) ? homedir() : path.parse(process.cwd()).root);
