import {createReadStream} from 'node:fs';
import {lstat, readdir, readlink} from 'node:fs/promises';
import path from 'node:path';
import {PassThrough, type Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {pack, type Pack} from 'tar-stream';
import {messageOf} from '../system/problem.js';

/**
A file or folder as a tar archive: its own name there is `content`, and a last entry `.complete` marks it as complete. Sockets,
devices and pipes are left out. `failed` says, when the stream has ended, why it ended too early; `close` ends it for whoever stops reading.
*/
export function makeArchive(
	source: string,
	onBytes: (bytes: number) => void,
): {readonly stream: Readable; readonly failed: () => string | undefined; readonly close: () => void} {
	const archive = pack();
	const stream = archive.pipe(new PassThrough());
	let failure: string | undefined;
	let bytes = 0;
	const count = (piece: Buffer) => {
		bytes += piece.length;
		onBytes(bytes);
	};

	const fill = async () => {
		await addEntry(archive, source, 'content', count);
		await new Promise<void>((resolve, reject) => {
			archive.entry({name: '.complete', mode: 0o600}, '', error => (error ? reject(error) : resolve()));
		});
		archive.finalize();
	};

	void fill().catch((error: unknown) => {
		// Nobody reads on: the sender reports it.
		if (stream.destroyed) {
			return;
		}

		failure = messageOf(error);
		archive.destroy();
		stream.end();
	});
	const close = () => {
		stream.destroy();
		archive.destroy();
	};

	return {stream, failed: () => failure, close};
}

async function addEntry(archive: Pack, file: string, name: string, count: (piece: Buffer) => void): Promise<void> {
	const stats = await lstat(file);
	const header = {name, mode: stats.mode & 0o7777, mtime: stats.mtime};
	if (stats.isDirectory()) {
		archive.entry({...header, type: 'directory'});
		for (const each of await readdir(file)) {
			await addEntry(archive, path.join(file, each), `${name}/${each}`, count);
		}
	} else if (stats.isSymbolicLink()) {
		archive.entry({...header, type: 'symlink', linkname: await readlink(file)});
	} else if (stats.isFile()) {
		const reader = createReadStream(file);
		reader.on('data', piece => count(piece as Buffer));
		await pipeline(reader, archive.entry({...header, size: stats.size}));
	}
}
