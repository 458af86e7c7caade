import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {createReadStream, createWriteStream} from 'node:fs';
import {mkdir, open, rename, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import {pipeline} from 'node:stream/promises';

const headLength = 64 + 1 + 15 + 1;

/**
Puts content that Git LFS kept there into its folder here, `objects/ab/cd/abcd…`; each file's name is the checksum of what is in it, and only
what fits its name is taken. `file` holds one after the other, each after a line with its name and its bytes. Returns how many there were.
*/
export async function takeLarge(file: string, objects: string): Promise<number> {
	const {size: total} = await stat(file);
	let count = 0;
	for (let at = 0; at < total; count++) {
		const {name, size, from} = await readHead(file, at);
		if (from + size > total) {
			throw broken();
		}

		await takeOne(file, {from, size}, name, objects);
		at = from + size;
	}

	return count;
}

async function readHead(file: string, at: number): Promise<{name: string; size: number; from: number}> {
	const handle = await open(file);
	try {
		const {bytesRead, buffer} = await handle.read(Buffer.alloc(headLength), 0, headLength, at);
		const [line = '', name = '', size = ''] = /^([\da-f]{64}) (\d{1,15})\n/.exec(buffer.toString('latin1', 0, bytesRead)) ?? [];
		if (line === '') {
			throw broken();
		}

		return {name, size: Number(size), from: at + line.length};
	} finally {
		await handle.close();
	}
}

async function takeOne(file: string, {from, size}: {from: number; size: number}, name: string, objects: string): Promise<void> {
	const folder = path.join(objects, name.slice(0, 2), name.slice(2, 4));
	const target = path.join(folder, name);
	const known = await stat(target).catch(() => undefined);
	if (known?.size === size) {
		return;
	}

	await mkdir(folder, {recursive: true});
	const half = `${target}.dstack-tui`;
	const hash = createHash('sha256');
	try {
		const output = createWriteStream(half, {mode: 0o644});
		if (size > 0) {
			const input = createReadStream(file, {start: from, end: from + size - 1});
			input.on('data', piece => hash.update(piece));
			await pipeline(input, output);
		} else {
			output.end();
			await once(output, 'close');
		}

		if (hash.digest('hex') !== name) {
			throw broken();
		}

		await rename(half, target);
	} finally {
		await rm(half, {force: true});
	}
}

const broken = (): Problem =>
	new Problem('failed', 'What came from there is not whole: a file of Git LFS is not what its name says');
