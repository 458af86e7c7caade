import {spawn} from 'node:child_process';
import process from 'node:process';

export type Moto = {readonly url: string; close(): void};

/** Starts `moto_server`, a second implementation of EC2, on a port of this machine. */
export async function startMoto(port: number): Promise<Moto> {
	const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {stdio: 'ignore', detached: true});
	const close = () => {
		if (child.pid !== undefined && child.exitCode === null) {
			process.kill(-child.pid, 'SIGKILL');
		}
	};

	const url = `http://127.0.0.1:${port}`;
	for (let tries = 0; tries < 600; tries++) {
		const answers = await fetch(`${url}/moto-api/`).then(
			({ok}) => ok,
			() => false,
		);
		if (answers) {
			return {url, close};
		}

		await new Promise(resolve => setTimeout(resolve, 100));
	}

	close();
	throw new Error('moto_server does not answer');
}
