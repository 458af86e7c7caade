import type {Writable} from 'node:stream';
import type {ExecOptions} from './link.js';

const gatherLimit = 1024 * 1024;

/** What `ExecOptions.idleLimit` is where nobody says, milliseconds. */
export const idleDefault = 60_000;

/** Gathers output up to the limit of `ExecResult`. The pieces are copied: a buffer may be part of a larger one that is used again. */
export function gather() {
	const pieces: Buffer[] = [];
	let size = 0;
	return {
		add(piece: Buffer) {
			const room = gatherLimit - size;
			if (room > 0) {
				pieces.push(Buffer.from(piece.subarray(0, room)));
				size += Math.min(room, piece.length);
			}
		},
		text: () => Buffer.concat(pieces).toString('utf8'),
	};
}

/** Sends a command its input and then the end of it. */
export function feed(target: Writable, stdin: ExecOptions['stdin'], fail: (error: Error) => void): void {
	if (stdin === undefined) {
		target.end();
	} else if (typeof stdin === 'string' || Buffer.isBuffer(stdin)) {
		target.end(stdin);
	} else {
		stdin.once('error', fail);
		stdin.pipe(target);
	}
}
