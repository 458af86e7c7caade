import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {existsSync, readFileSync, rmSync} from 'node:fs';
import {mkdtemp, open, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import {cacheFolder, locked} from './cache.js';
import {isAlive} from './processes.js';

const execute = promisify(execFile);

/*
An engine that the tests start themselves: by the first file that needs one, for all files of all test runs of this machine, as two engines
would share a bridge and its addresses. It ends with the last run that used it.
*/

type Own = {
	readonly host: string;
	readonly pid: number;
	readonly folder: string;
	/** Process ids of the test runs that use it. */
	readonly users: readonly number[];
};

const record = path.join(cacheFolder, 'engine.json');

/** Set for the workers of a run by its global setup. */
const run = (): number => Number(process.env['DT_TEST_RUN'] ?? process.pid);

/** What `DOCKER_HOST` has to be; rejects with what the engine said last where it does not start. */
export async function takeOwnEngine(answers: (host: string) => Promise<boolean>): Promise<string> {
	return locked('engine', async () => {
		const own = read();
		if (own && (await answers(own.host))) {
			await write({...own, users: [...living(own.users), run()]});
			return own.host;
		}

		const started = await start(answers);
		await write(started);
		return started.host;
	});
}

/** Ends it where no other run uses it. */
export async function leaveOwnEngine(): Promise<void> {
	if (!existsSync(record)) {
		return;
	}

	await locked('engine', async () => {
		const own = read();
		if (!own?.users.includes(run())) {
			return;
		}

		const users = living(own.users).filter(user => user !== run());
		if (users.length > 0) {
			await write({...own, users});
			return;
		}

		await end(own.pid);
		await unmount(own.folder);
		await rm(own.folder, {recursive: true, force: true});
		rmSync(record, {force: true});
	});
}

const read = (): Own | undefined => (existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as Own) : undefined);

const write = async (own: Own): Promise<void> => writeFile(record, JSON.stringify({...own, users: [...new Set(own.users)]}));

const living = (pids: readonly number[]): number[] => pids.filter(pid => isAlive(pid));

async function start(answers: (host: string) => Promise<boolean>): Promise<Own> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dt-engine-'));
	const host = `unix://${folder}/docker.sock`;
	const log = path.join(folder, 'log');
	const output = await open(log, 'a');
	const child: ChildProcess = spawn(
		'dockerd',
		[
			...['--data-root', path.join(folder, 'data'), '--exec-root', path.join(folder, 'exec')],
			...['--pidfile', path.join(folder, 'pid'), '-H', host],
		],
		{detached: true, stdio: ['ignore', output.fd, output.fd]},
	);
	child.unref();
	await output.close();
	for (const started = Date.now(); Date.now() - started < 60_000;) {
		if (child.exitCode !== null || child.pid === undefined) {
			break;
		}

		if (await answers(host)) {
			return {host, pid: child.pid, folder, users: [run()]};
		}

		await new Promise(resolve => setTimeout(resolve, 100));
	}

	const last = (await readFile(log, 'utf8')).trim().split('\n').at(-1) ?? '';
	if (child.pid !== undefined) {
		await end(child.pid);
	}

	await unmount(folder);
	await rm(folder, {recursive: true, force: true});
	throw new Error(`dockerd does not start here: ${last.slice(0, 300)}`);
}

/** Its containers end with it; it has half a minute for that. */
async function end(pid: number): Promise<void> {
	for (const [signal, limit] of [
		['SIGTERM', 30_000],
		['SIGKILL', 5000],
	] as const) {
		if (!isAlive(pid)) {
			return;
		}

		process.kill(pid, signal);
		for (const started = Date.now(); isAlive(pid) && Date.now() - started < limit;) {
			await new Promise(resolve => setTimeout(resolve, 100));
		}
	}
}

/** An engine that had to be killed, or a container that hung on too long, leaves mounts behind, and no folder goes that holds one. */
async function unmount(folder: string): Promise<void> {
	const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map(line => line.split(' ')[1] ?? '');
	for (const mount of mounts.filter(each => each.startsWith(`${folder}/`)).toReversed()) {
		await execute('umount', ['--lazy', mount]);
	}
}
