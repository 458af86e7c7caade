import type {Readable, Writable} from 'node:stream';

export type ExecOptions = {
	/** Sent to the command's standard input, which is then closed. */
	readonly stdin?: string | Buffer | Readable;
	/** Called with each piece of output as it comes. Without it, output is gathered into the result. */
	readonly onOutput?: (piece: Buffer, stream: 'stdout' | 'stderr') => void;
	/** Milliseconds without any traffic on the channel after which it is given up. @default 60_000; 0 for none. */
	readonly idleLimit?: number;
	readonly signal?: AbortSignal;
};

export type ExecResult = {
	/** The exit code; 128 + n where a signal ended it. */
	readonly code: number;
	/** Gathered output, at most 1 MiB each, unless `onOutput` took it. */
	readonly stdout: string;
	readonly stderr: string;
};

/** A way to run commands in an environment or on its machine: an SSH connection, or an engine's `exec`. Commands run in a POSIX `sh`. */
export type Link = {
	/** Runs one command line in the instance's `sh`. Rejects when the connection or the channel dies, resolves with any exit code. */
	exec(command: string, options?: ExecOptions): Promise<ExecResult>;
	/** Resolves, never rejects, when the connection is over, with the reason where there is one. */
	readonly closed: Promise<Error | undefined>;
	close(): void;
};

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
