import {spawn} from 'node:child_process';
import process from 'node:process';
import {gather} from '../../system/exec-streams.js';
import type {ExecOptions, ExecResult, Link} from '../../system/link.js';

/** Commands in this machine's own `sh`: for what an environment that was a host process has left here. */
export const hereLink = (): Link => ({
	exec: async (command, options) => run(command, options),
	closed: new Promise(() => undefined),
	close: () => undefined,
});

async function run(command: string, {stdin = '', onOutput, signal}: ExecOptions = {}): Promise<ExecResult> {
	signal?.throwIfAborted();
	const child = spawn('/bin/sh', ['-c', command], {cwd: '/', env: process.env, stdio: 'pipe', signal});
	const gathered = {stdout: gather(), stderr: gather()};
	for (const stream of ['stdout', 'stderr'] as const) {
		child[stream].on('data', (piece: Buffer) => {
			if (onOutput) {
				onOutput(piece, stream);
			} else {
				gathered[stream].add(piece);
			}
		});
	}

	// It may end before it has read everything.
	child.stdin.on('error', () => undefined);
	if (typeof stdin === 'string' || Buffer.isBuffer(stdin)) {
		child.stdin.end(stdin);
	} else {
		stdin.pipe(child.stdin);
	}

	return new Promise((resolve, reject) => {
		child.once('error', error => reject((signal?.aborted ? (signal.reason as Error) : undefined) ?? error));
		child.once('close', code => {
			resolve({code: code ?? 137, stdout: gathered.stdout.text(), stderr: gathered.stderr.text()});
		});
	});
}
