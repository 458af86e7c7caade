import {createServer, type Server} from 'node:net';
import path from 'node:path';
import {execFile} from 'node:child_process';
import {readdir, readFile, readlink} from 'node:fs/promises';
import {promisify} from 'node:util';
import {neutraliseLine} from './terminal-text.js';

const run = promisify(execFile);

/** Whether listeners can be opened on the loopback (127.0.0.1, and ::1 where there is one) at `port` now. */
export async function isPortFree(port: number): Promise<boolean> {
	try {
		await closeServers(await listenOnLoopback(port, createServer));
		return true;
	} catch {
		return false;
	}
}

/** The first free port from `port` upwards, none of `taken`; undefined when there is none in the next thousand. */
export async function nextFreePort(port: number, taken: ReadonlySet<number> = new Set()): Promise<number | undefined> {
	for (let candidate = port; candidate <= Math.min(port + 1000, 65_535); candidate++) {
		if (!taken.has(candidate) && (await isPortFree(candidate))) {
			return candidate;
		}
	}

	return undefined;
}

/** Who listens at `port` on this machine, as `node (pid 123)`; undefined where that cannot be found out (another user's process). */
export async function portHolder(port: number): Promise<string | undefined> {
	const pid = (await holderFromProc(port)) ?? (await holderFromLsof(port));
	return pid === undefined ? undefined : `${await processName(pid)} (pid ${pid})`;
}

const listening = '0A';

async function holderFromProc(port: number): Promise<number | undefined> {
	const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(async file => readFile(file, 'utf8').catch(() => '')));
	const wanted = port.toString(16).toUpperCase().padStart(4, '0');
	const inodes = new Set<string>();
	for (const line of tables.join('\n').split('\n')) {
		const fields = line.trim().split(/\s+/);
		if (fields[3] === listening && fields[1]?.endsWith(`:${wanted}`) && fields[9]) {
			inodes.add(`socket:[${fields[9]}]`);
		}
	}

	if (inodes.size === 0) {
		return undefined;
	}

	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
	for (const pid of pids) {
		// A process may end, or be another user's, while we look.
		const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
		for (const descriptor of descriptors) {
			if (inodes.has(await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => ''))) {
				return Number(pid);
			}
		}
	}

	return undefined;
}

async function holderFromLsof(port: number): Promise<number | undefined> {
	try {
		const {stdout} = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'], {timeout: 3000});
		const pid = Number.parseInt(stdout, 10);
		return Number.isNaN(pid) ? undefined : pid;
	} catch {
		// Without lsof, or when it finds nothing, the holder stays unknown.
		return undefined;
	}
}

/** As it was started; what the kernel calls it may be the name of a thread. */
async function processName(pid: number): Promise<string> {
	const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(async () => {
		const {stdout} = await run('ps', ['-o', 'comm=', '-p', String(pid)], {timeout: 3000}).catch(() => ({stdout: ''}));
		return stdout;
	});
	return neutraliseLine(path.basename(line.split('\0')[0]?.trim() ?? '')) || 'a process';
}

/**
Listens at a port of 127.0.0.1 and, where this machine has it, of ::1: `localhost` leads to either, and many servers listen at the newer one
only. Rejects with the system's error where one of them is taken, and has then opened neither; another failure at ::1 is none of the whole.
*/
export async function listenOnLoopback(port: number, make: () => Server, backlog?: number): Promise<Server[]> {
	const first = await listen(make(), {host: '127.0.0.1', port, backlog});
	try {
		return [first, await listen(make(), {host: '::1', port, backlog})];
	} catch (error) {
		const {code = ''} = error as NodeJS.ErrnoException;
		if (code === 'EADDRINUSE') {
			first.close();
			throw error;
		}

		return [first];
	}
}

/** Resolves when all of them are closed, with their connections. */
export async function closeServers(servers: readonly Server[]): Promise<void> {
	await Promise.all(servers.map(async server => new Promise(resolve => server.close(resolve))));
}

async function listen(server: Server, place: {host: string; port: number; backlog: number | undefined}): Promise<Server> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen({...place, exclusive: true}, () => {
			server.off('error', reject);
			resolve(server);
		});
	});
}
