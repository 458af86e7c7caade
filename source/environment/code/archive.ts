import type {Entry} from './tree.js';

/** One member of a tar archive. */
export type Member = Pick<Entry, 'name' | 'kind' | 'mode' | 'modified' | 'size'> & {
	/** Where a link leads to. */
	readonly target?: Buffer;
};

const block = 512;
const nameField = 100;
const types = {file: '0', link: '2', folder: '5'} as const;

/** The zeros after content, up to a whole block. */
export const padding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block);

export const archiveEnd = Buffer.alloc(2 * block);

const octal = (value: number, digits: number): string =>
	Math.min(Math.max(0, value), 8 ** digits - 1)
		.toString(8)
		.padStart(digits, '0');

/**
The header of a member's content. GNU's format, since all tars read it (BusyBox knows none of POSIX's extended headers) and names in it
are bytes. Without an owner: it is whoever unpacks.
*/
export function memberHeader({name, kind, mode, modified, size, target}: Member): Buffer {
	return Buffer.concat([
		...longField('L', name),
		...(target ? longField('K', target) : []),
		plainHeader({name, kind: types[kind], mode, modified, size: kind === 'file' ? size : 0, target}),
	]);
}

/** A member of its own before the one whose name or target does not fit. */
function longField(kind: 'L' | 'K', value: Buffer): Buffer[] {
	if (value.length < nameField) {
		return [];
	}

	const size = value.length + 1;
	const header = plainHeader({name: Buffer.from('././@LongLink'), kind, mode: 0, modified: 0, size});
	return [header, value, Buffer.alloc(1), padding(size)];
}

function plainHeader({
	name,
	kind,
	mode,
	modified,
	size,
	target,
}: {
	name: Buffer;
	kind: string;
	mode: number;
	modified: number;
	size: number;
	target?: Buffer;
}): Buffer {
	const header = Buffer.alloc(block);
	name.copy(header, 0, 0, nameField - 1);
	header.write(octal(mode, 7), 100);
	header.write(octal(0, 7), 108);
	header.write(octal(0, 7), 116);
	header.write(octal(size, 11), 124);
	header.write(octal(modified, 11), 136);
	header.write(' '.repeat(8), 148);
	header.write(kind, 156);
	target?.copy(header, 157, 0, nameField - 1);
	header.write('ustar  \0', 257, 'latin1');
	header.write(
		octal(
			header.reduce((sum, byte) => sum + byte, 0),
			6,
		),
		148,
	);
	header[154] = 0;
	return header;
}
