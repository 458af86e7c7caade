import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import process from 'node:process';
import {promisify} from 'node:util';
import {neutraliseLine} from './terminal-text.js';

/** This machine, distinguished from every other one that has the same files: a home folder can be synced, or restored from a backup elsewhere. */
export type MachineId = {
	/** 16 hexadecimal digits that last. */
	readonly id: string;
	/** What people call it; may change. */
	readonly name: string;
};

const longestName = 64;

let known: Promise<MachineId> | undefined;

/**
The machine that this program runs on. `DSTACK_TUI_MACHINE` names one whose own id does not last, as that of a container that is made anew
each time. What the system's own id is stays here: only a hash of it is ever sent.
*/
export const thisMachine = async (): Promise<MachineId> => (known ??= readMachineId());

export async function readMachineId(environment: NodeJS.ProcessEnv = process.env): Promise<MachineId> {
	const given = environment['DSTACK_TUI_MACHINE'];
	const own = given || (await systemId()) || hostname();
	const name = neutraliseLine(given || hostname()).slice(0, longestName) || 'a machine without a name';
	return {id: createHash('sha256').update(`dstack-tui machine ${own}`).digest('hex').slice(0, 16), name};
}

/** What the system itself is known by; undefined where it has no such id. */
async function systemId(): Promise<string | undefined> {
	if (process.platform === 'darwin') {
		const {stdout} = await promisify(execFile)('ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']).catch(() => ({stdout: ''}));
		return /"IOPlatformUUID" = "([^"]+)"/.exec(stdout)?.[1];
	}

	for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
		const text = (await readFile(file, 'utf8').catch(() => '')).trim();
		if (/^[\da-f]{32}$/.test(text)) {
			return text;
		}
	}

	return undefined;
}
