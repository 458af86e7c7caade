import {spawn} from 'node:child_process';
import process from 'node:process';
import type {Link} from '../../source/system/link.js';

/** Commands in a container of the engine at `host`, by `docker exec`, where no SSH server is needed. */
export const execOver = (container: string, host: string): Link => ({
	async exec(command, {stdin, onOutput} = {}) {
		const child = spawn('docker', ['exec', '-i', container, 'sh', '-c', command], {
			stdio: 'pipe',
			env: {...process.env, DOCKER_HOST: host},
		});
		const gathered = {stdout: [] as Buffer[], stderr: [] as Buffer[]};
		for (const stream of ['stdout', 'stderr'] as const) {
			child[stream].on('data', (piece: Buffer) => (onOutput ? onOutput(piece, stream) : gathered[stream].push(piece)));
		}

		child.stdin.on('error', () => undefined);
		if (stdin === undefined || typeof stdin === 'string' || Buffer.isBuffer(stdin)) {
			child.stdin.end(stdin ?? '');
		} else {
			stdin.pipe(child.stdin);
		}

		const code = await new Promise<number>((resolve, reject) => {
			child.once('error', reject);
			child.once('close', each => resolve(each ?? 137));
		});
		return {
			code,
			stdout: Buffer.concat(gathered.stdout).toString('utf8'),
			stderr: Buffer.concat(gathered.stderr).toString('utf8'),
		};
	},
	closed: new Promise(() => undefined),
	close: () => undefined,
});
