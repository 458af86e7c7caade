import type {Readable} from 'node:stream';

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
