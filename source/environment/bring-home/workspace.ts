import {createWriteStream} from 'node:fs';
import path from 'node:path';
import {type Readable, Transform} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {checkArchive, compress} from './archive.js';
import type {BringHomeOptions, BroughtHome} from './bring-home.js';
import {homeLimit} from './load.js';
import {Place} from './place.js';
import {tooBigProblem} from './receive.js';

/** Keeps a whole workspace, as an archive of it comes: for one that nothing can be asked in any more. Throws a `Problem`. */
export async function keepWorkspace(
	archive: Readable,
	{place: folder, limit = homeLimit, onReport, signal}: BringHomeOptions,
): Promise<BroughtHome> {
	const place = await Place.open(folder);
	let done = 0;
	const bound = new Transform({
		transform(piece: Buffer, _encoding, next) {
			done += piece.length;
			onReport?.({text: 'copying the workspace', done, unit: 'bytes'});
			next(done > limit ? tooBigProblem(limit) : undefined, piece);
		},
	});
	try {
		const [file, small] = [path.join(place.incoming, 'tar'), path.join(place.incoming, 'tar.gz')];
		await pipeline(archive, bound, createWriteStream(file, {flags: 'wx', mode: 0o600}), {signal});
		await checkArchive(file);
		await compress(file, small);
		const kept = await place.keep(small, '', 'workspace.tar.gz');
		const none = {into: undefined, brought: [], patch: undefined, bundle: undefined};
		const notes = ['the whole workspace, as it was when it stopped'];
		return {folder: place.folder, repositories: [{...none, place: '', archive: kept, notes}]};
	} finally {
		await place.close();
	}
}
