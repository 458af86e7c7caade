import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import process from 'node:process';
import {promisify} from 'node:util';
import {systemClock} from './clock.js';

const run = promisify(execFile);
const hasProc = existsSync('/proc/self/stat');

/** A process that cannot be confused with a later one of the same id. */
export type ProcessId = {readonly pid: number; readonly start: string};

/** When a process started, as the system reports it; only to be compared. Undefined when there is no such process, or only its remains. */
export async function processStart(pid: number): Promise<string | undefined> {
	if (!hasProc) {
		const {stdout} = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).catch(() => ({stdout: ''}));
		const text = stdout.trim();
		return text === '' || text.startsWith('Z') ? undefined : text.replace(/^\S+\s+/, '');
	}

	const fields = await statFields(pid);
	return fields && fields[0] !== 'Z' && fields[0] !== 'X' ? fields[19] : undefined;
}

export const isProcess = async (pid: number, start: string): Promise<boolean> =>
	start !== '' && (await processStart(pid)) === start;

/** The fields of /proc/PID/stat from the state on; the name before it may hold blanks and brackets. */
async function statFields(pid: number): Promise<string[] | undefined> {
	const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
	return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

type Listed = ProcessId & {readonly parent: number; readonly session: number; readonly marked: boolean};

/**
All living processes that carry `mark` (`NAME=value`) in their environment, and all their descendants, without `except`.
A process that was started by a marked one and moved to another session, or was orphaned, still carries the mark.
*/
export async function markedProcesses(mark: string, except: ReadonlySet<number> = new Set([process.pid])): Promise<ProcessId[]> {
	const all = await (hasProc ? listFromProc(mark) : listFromPs(mark));
	const found = new Set(all.filter(({marked}) => marked).map(({pid}) => pid));
	const sessions = new Set(all.filter(({pid, session}) => found.has(pid) && pid === session).map(({session}) => session));
	for (let grown = true; grown;) {
		grown = false;
		for (const {pid, parent, session} of all) {
			if (!found.has(pid) && (found.has(parent) || sessions.has(session))) {
				found.add(pid);
				grown = true;
			}
		}
	}

	return all.filter(({pid}) => found.has(pid) && !except.has(pid)).map(({pid, start}) => ({pid, start}));
}

async function listFromProc(mark: string): Promise<Listed[]> {
	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number);
	const listed = await Promise.all(
		pids.map(async pid => {
			const [fields, environment] = await Promise.all([
				statFields(pid),
				// Another user's process, or one that is just ending, cannot be read: it is not ours.
				readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''),
			]);
			const start = fields?.[19];
			if (!fields || start === undefined || fields[0] === 'Z' || fields[0] === 'X') {
				return undefined;
			}

			return {
				pid,
				start,
				parent: Number(fields[1]),
				session: Number(fields[3]),
				marked: `\0${environment}`.includes(`\0${mark}\0`),
			};
		}),
	);
	return listed.filter(each => each !== undefined);
}

async function listFromPs(mark: string): Promise<Listed[]> {
	const {stdout} = await run('ps', ['-axEww', '-o', 'pid=,ppid=,sess=,lstart=,command='], {maxBuffer: 64 * 1024 * 1024});
	return stdout.split('\n').flatMap(line => {
		const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s(.*)$/.exec(line);
		if (!match) {
			return [];
		}

		const [, pid, parent, session, start, command] = match;
		return [
			{
				pid: Number(pid),
				parent: Number(parent),
				session: Number(session),
				start: start ?? '',
				marked: ` ${command} `.includes(` ${mark} `),
			},
		];
	});
}

function signalOne({pid}: ProcessId, signal: NodeJS.Signals): void {
	try {
		process.kill(pid, signal);
	} catch (error) {
		// It ended by itself in the meantime.
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
			throw error;
		}
	}
}

const rounds = 200;
const roundInterval = 50;

/** Ends everything that `list` finds, politely first, by force after `grace` milliseconds, until it finds nothing. Throws when that fails. */
export async function endAll(list: () => Promise<ProcessId[]>, grace: number): Promise<void> {
	const asked = new Set<string>();
	const started = performance.now();
	for (let round = 0; ; round++) {
		const living = await list();
		if (living.length === 0) {
			return;
		}

		const force = performance.now() - started > grace;
		if (force && round > rounds + grace / roundInterval) {
			throw new Error(`processes do not end: ${living.map(({pid}) => pid).join(', ')}`);
		}

		for (const each of living) {
			const key = `${each.pid} ${each.start}`;
			if (force) {
				signalOne(each, 'SIGKILL');
			} else if (!asked.has(key)) {
				asked.add(key);
				signalOne(each, 'SIGTERM');
				// A stopped process gets no signals until it goes on.
				signalOne(each, 'SIGCONT');
			}
		}

		await systemClock.sleep(roundInterval);
	}
}
