import {spawn} from 'node:child_process';
import process from 'node:process';
import type {Readable} from 'node:stream';
import {messageOf} from '../../system/problem.js';

/** How packing ended: `touched` when files were written to while they were read, `torn` when they went or shrank. */
export type PackEnd = 'done' | 'touched' | 'torn' | {readonly failure: string};

/** The system's tar, GNU's or BSD's, writing an archive to `stream`. */
export function pack(args: readonly string[]): {
	readonly stream: Readable;
	readonly ended: Promise<PackEnd>;
	readonly kill: () => void;
} {
	// Their own variables could add options.
	const {TAR_OPTIONS: _gnu, TAR_WRITER_OPTIONS: _bsd, POSIXLY_CORRECT: _posix, ...rest} = process.env;
	const child = spawn('tar', ['-cf', '-', ...args], {
		stdio: ['ignore', 'pipe', 'pipe'],
		// On macOS it would add a file for each extended attribute.
		env: {...rest, COPYFILE_DISABLE: '1', LC_ALL: 'C'},
	});
	let errors = '';
	child.stderr.on('data', (piece: Buffer) => {
		errors = (errors + piece.toString('utf8')).slice(-4000);
	});
	const ended = new Promise<PackEnd>(resolve => {
		child.once('error', (error: NodeJS.ErrnoException) =>
			resolve({failure: error.code === 'ENOENT' ? 'tar is not installed' : messageOf(error)}),
		);
		child.once('close', code => resolve(endOf(code, errors.trim())));
	});
	return {stream: child.stdout, ended, kill: () => child.kill('SIGKILL')};
}

const touches = /file changed as we read it|grew/i;
const tears = /removed before we read it|No such file or directory|shrank by|Not a directory|Truncated/i;
const remarks = /socket ignored|Exiting with failure status|Error exit delayed/;

function endOf(code: number | null, errors: string): PackEnd {
	const lines = errors.split('\n').filter(line => !remarks.test(line) && line !== '');
	const known = lines.length > 0 && lines.every(line => touches.test(line) || tears.test(line));
	if (known) {
		return lines.some(line => tears.test(line)) ? 'torn' : 'touched';
	}

	return code === 0 ? 'done' : {failure: lines.at(-1) ?? `tar ended with exit code ${code}`};
}
