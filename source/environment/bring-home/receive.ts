import {closeSync, openSync, writeSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {formatBytes} from '../../system/format.js';
import {messageOf, Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Link} from '../../system/link.js';
import {idleLimit} from './remote-units.js';

type Options = {
	/** Absolute; must not be there yet. */
	readonly file: string;
	/** Bytes that all of the work may have, as it was announced. */
	readonly limit: number;
	/** Bytes that this file may have. */
	readonly room: number;
	readonly onBytes: (bytes: number) => void;
	readonly signal?: AbortSignal | undefined;
};

/**
Writes what a command there prints into a new file that only this person may read. What does not come whole leaves no file. Throws a
`Problem`, or the link's error.
*/
export async function receive(link: Link, command: string, {file, limit, room, onBytes, signal}: Options): Promise<void> {
	// Written at once: pieces that waited for the disk would pile up in memory.
	const descriptor = openSync(file, 'wx', 0o600);
	const giveUp = new AbortController();
	let [size, errors] = [0, ''];
	try {
		const {code} = await link.exec(command, {
			idleLimit,
			signal: signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal,
			onOutput(piece, stream) {
				if (stream === 'stderr') {
					errors = (errors + piece.toString()).slice(-2000);
				} else if (!giveUp.signal.aborted) {
					size += piece.length;
					const problem = size > room ? tooBigProblem(limit) : write(descriptor, piece);
					if (problem) {
						giveUp.abort(problem);
					}

					onBytes(piece.length);
				}
			},
		});
		giveUp.signal.throwIfAborted();
		if (code !== 0) {
			const reason = neutraliseLine(errors.trim().split('\n').at(-1) ?? '') || `exit code ${code}`;
			throw new Problem('failed', `The work there cannot be sent: ${reason}`);
		}
	} catch (error) {
		await rm(file, {force: true});
		throw error;
	} finally {
		closeSync(descriptor);
	}
}

function write(descriptor: number, piece: Buffer): Problem | undefined {
	try {
		for (let from = 0; from < piece.length;) {
			from += writeSync(descriptor, piece, from);
		}

		return undefined;
	} catch (error) {
		const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
		return new Problem('failed', `The work cannot be written here: ${full ? 'the disk is full' : messageOf(error)}`, {
			next: full ? 'Free some space and try again.' : undefined,
		});
	}
}

export const tooBigProblem = (limit: number, bytes?: number): Problem =>
	new Problem(
		'failed',
		`The work there is ${bytes === undefined ? '' : `${formatBytes(bytes)}, `}more than ${formatBytes(limit)}`,
		{
			next: 'Push it, or copy it from there with scp or rsync.',
		},
	);
