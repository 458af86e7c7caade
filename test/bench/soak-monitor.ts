import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {build} from 'esbuild';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

export type SoakPoint = {readonly second: number; readonly rss: number; readonly heapUsed: number; readonly bytes: number};
export type Soak = {
	/** Memory, and bytes drawn so far, at the start and after each tenth of the time. */
	readonly points: readonly SoakPoint[];
	/** Bytes that were drawn in 600 seconds without the focus. */
	readonly unfocused: number;
};

/** Draws the monitor's screen for so many seconds, which 10 divides, in a process of its own with React and Node as the program has them. */
export async function soakMonitor(seconds: number): Promise<Soak> {
	// There its packages are found.
	await mkdir(path.join(root, 'dist'), {recursive: true});
	const folder = await mkdtemp(path.join(root, 'dist', 'soak-'));
	try {
		const outfile = path.join(folder, 'soak.mjs');
		await build({
			entryPoints: [path.join(root, 'test/bench/soak.tsx')],
			outfile,
			bundle: true,
			platform: 'node',
			format: 'esm',
			packages: 'external',
			logLevel: 'error',
			jsx: 'automatic',
			define: {'process.env.NODE_ENV': '"production"'},
		});
		const env = {...process.env, NODE_ENV: 'production', CI: undefined};
		const args = ['--expose-gc', '--max-semi-space-size=4', outfile, String(seconds)];
		const {stdout} = await promisify(execFile)(process.execPath, args, {env, encoding: 'utf8', maxBuffer: 1e8});
		const lines = stdout
			.trim()
			.split('\n')
			.map(line => JSON.parse(line) as SoakPoint | {readonly unfocused: number});
		const last = lines.at(-1) as {readonly unfocused: number};
		return {points: lines.slice(0, -1) as SoakPoint[], unfocused: last.unfocused};
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}
