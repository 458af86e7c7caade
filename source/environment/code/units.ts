import {createHash} from 'node:crypto';
import {closeSync, openSync, readFileSync, readlinkSync, readSync} from 'node:fs';
import {archiveEnd, memberHeader, padding} from './archive.js';
import {FilesChanged} from './changed.js';
import {type Item, sourceOf} from './shipment.js';
import {inSlices, joinBytes} from './tree.js';

/** What a unit holds at most, but for one file more. Bytes. */
export const unitLimit = 2 * 1024 * 1024;
const mostFiles = 256;
/** A bigger file goes in parts, each a unit. */
const wholeLimit = 2 * unitLimit;

type Piece = {
	readonly item: Item;
	/** For a part of a file: which, and its place in it. */
	readonly part?: {readonly index: number; readonly from: number; readonly length: number};
};

/** What arrives whole or not at all, and once there is not sent again. */
export type Unit = {
	/** One letter; ids begin with it. */
	readonly class: string;
	readonly pieces: readonly Piece[];
	readonly bytes: number;
	readonly files: number;
};

const prefixed = (prefix: string, name: Buffer): Buffer => joinBytes(Buffer.from(prefix), name);

/** Where a name falls in any listing it falls the same way, so that after a change only the units around it are others. */
function isBorder(name: Buffer): boolean {
	let sum = 0x811c9dc5;
	for (const byte of name) {
		sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
	}

	return (sum >>> 8) % 96 === 0;
}

/** Divides files into units, in the order of their names. */
export function cutUnits(items: readonly Item[], kind: string): Unit[] {
	const units: Unit[] = [];
	let [pieces, bytes]: [Piece[], number] = [[], 0];
	const close = () => {
		if (pieces.length > 0) {
			units.push({class: kind, pieces, bytes, files: pieces.length});
			[pieces, bytes] = [[], 0];
		}
	};

	for (const item of [...items].sort((one, other) => Buffer.compare(one.name, other.name))) {
		const size = item.content?.length ?? item.size;
		if (size > wholeLimit || item.late) {
			units.push(...cutParts(item, size, kind));
			continue;
		}

		if (bytes + size > unitLimit || pieces.length >= mostFiles || isBorder(item.name)) {
			close();
		}

		pieces.push({item});
		bytes += size;
	}

	close();
	return units;
}

function cutParts(item: Item, size: number, kind: string): Unit[] {
	return Array.from({length: Math.max(1, Math.ceil(size / unitLimit))}, (_, index) => {
		const from = index * unitLimit;
		const length = Math.min(unitLimit, size - from);
		return {class: kind, pieces: [{item, part: {index, from, length}}], bytes: length, files: index === 0 ? 1 : 0};
	});
}

/** A unit with everything that is in it. */
export type LoadedUnit = {readonly id: string; readonly contents: readonly Buffer[]};

/** Reads what belongs to a unit. Throws `Changed` where a file went or shrank. */
export async function loadUnit({class: kind, pieces}: Unit): Promise<LoadedUnit> {
	const hash = createHash('sha1');
	const contents = await inSlices(pieces, piece => {
		const content = contentOf(piece);
		hash.update(`${piece.item.name.toString('latin1')}\0${piece.item.mode} ${piece.part?.index} ${content.length}\0`, 'latin1');
		hash.update(content);
		return content;
	});
	return {id: kind + hash.digest('hex').slice(0, 24), contents};
}

function contentOf({item, part}: Piece): Buffer {
	const {content} = item;
	if (content) {
		return part ? content.subarray(part.from, part.from + part.length) : content;
	}

	try {
		return part ? readPart(sourceOf(item), part.from, part.length) : readFileSync(sourceOf(item));
	} catch (error) {
		if (error === short || ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
			throw new FilesChanged([item.name.toString('utf8')]);
		}

		throw error;
	}
}

const short = new Error('shorter than it was');

function readPart(file: Buffer, from: number, length: number): Buffer {
	const bytes = Buffer.allocUnsafe(length);
	const handle = openSync(file, 'r');
	try {
		for (let done = 0; done < length;) {
			const read = readSync(handle, bytes, done, length - done, from + done);
			if (read === 0) {
				throw short;
			}

			done += read;
		}
	} finally {
		closeSync(handle);
	}

	return bytes;
}

/** Parts of a file lie in a folder named for it until they are put together. */
const partFolder = ({name, late}: Item): string =>
	`${late ? 'late' : 'parts'}/${createHash('sha1').update(name).digest('hex').slice(0, 16)}`;

const plain = (name: string | Buffer, content: Buffer, like: Partial<Item> = {}): Buffer[] => [
	memberHeader({
		name: typeof name === 'string' ? Buffer.from(name) : name,
		kind: 'file',
		mode: like.mode ?? 0o600,
		modified: like.modified ?? 0,
		size: content.length,
	}),
	content,
	padding(content.length),
];

/** Names, each ended by a zero, that stand there for what a unit brings. */
function namesOf({pieces}: Unit): Buffer {
	const zero = Buffer.from([0]);
	const names = pieces.flatMap(({item, part}) => {
		const whole = prefixed('tree', item.name);
		if (!part) {
			return [whole];
		}

		const folder = partFolder(item);
		return [
			Buffer.from(`${folder}/${partName(part.index)}`),
			...(part.index === 0 ? [Buffer.from(`${folder}/name`), whole] : []),
		];
	});
	return Buffer.concat(names.flatMap(name => [name, zero]));
}

const partName = (index: number): string => `p${String(index).padStart(6, '0')}`;

/**
A unit as it goes into the archive: its names first, so that what a lost link left of it can be found, then its files, and the mark that it is
whole at last.
*/
export function packUnit(unit: Unit, {id, contents}: LoadedUnit): Buffer {
	const files = unit.pieces.flatMap(({item, part}, index) => {
		const content = contents[index] ?? Buffer.alloc(0);
		if (!part) {
			return plain(prefixed('tree', item.name), content, item);
		}

		const folder = partFolder(item);
		return [
			...(part.index === 0 ? plain(`${folder}/name`, item.name) : []),
			...plain(`${folder}/${partName(part.index)}`, content, item),
		];
	});
	return Buffer.concat([...plain(`units/${id}.names`, namesOf(unit)), ...files, ...plain(`units/${id}`, Buffer.alloc(0))]);
}

/** A note of ours for the machine. */
export const packNote = (name: string, content: Buffer): Buffer => Buffer.concat(plain(name, content));

/** What comes once all units are there: links and empty folders, which weigh nothing, and which a tar may only make at its end. */
export async function packRest(items: readonly Item[]): Promise<Buffer> {
	const members = await inSlices(items, item => {
		const target = item.kind === 'link' ? linkTarget(item) : undefined;
		return memberHeader({...item, name: prefixed('tree', item.name), target, size: 0});
	});
	return Buffer.concat([...members, archiveEnd]);
}

function linkTarget(item: Item): Buffer {
	try {
		return readlinkSync(sourceOf(item), {encoding: 'buffer'});
	} catch {
		throw new FilesChanged([item.name.toString('utf8')]);
	}
}
