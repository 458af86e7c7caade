import type {Dirent} from 'node:fs';

const folder = /^(?:[\da-f]{2}|pack)$/;
const object =
	/^(?:[\da-f]{2}\/[\da-f]{38}(?:[\da-f]{24})?|pack\/pack-[\da-f]{40}(?:[\da-f]{24})?\.(?:pack|idx|rev|bitmap|mtimes|keep|promisor))$/;

/**
Whether something in another repository's folder of objects is an object, or may hold some. Nothing else of it comes along: a repository may name
any folder of this machine as one that it borrows from. An index over the other's packs is left, since it fits only these.
*/
export const isBorrowed = (relative: string, entry: Pick<Dirent, 'isFile' | 'isDirectory'>): boolean =>
	entry.isDirectory() ? folder.test(relative) : entry.isFile() && object.test(relative);
