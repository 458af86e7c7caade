import {spawn} from 'node:child_process';
import process from 'node:process';
import {onTestFinished} from 'vitest';
import {hasCommand} from '../../support/program.js';
import {freePort} from './http.js';

export const hasMoto = hasCommand('moto_server');
if (!hasMoto) {
	console.warn('EC2 of moto: skipped, missing: moto_server');
}

/** The address of a moto of one test. */
export async function startMoto(): Promise<string> {
	const port = await freePort();
	const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {stdio: 'ignore', detached: true});
	onTestFinished(() => {
		if (child.pid !== undefined) {
			process.kill(-child.pid, 'SIGKILL');
		}
	});
	const url = `http://127.0.0.1:${port}`;
	for (let tries = 0; tries < 600; tries++) {
		if (
			await fetch(`${url}/moto-api/`).then(
				({ok}) => ok,
				() => false,
			)
		) {
			return url;
		}

		await new Promise(resolve => setTimeout(resolve, 100));
	}

	throw new Error('moto_server does not answer');
}
