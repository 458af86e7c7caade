import process from 'node:process';
import {z} from 'zod';
import {type MachineId, thisMachine} from './machine-id.js';
import {isProcess, type ProcessId, processStart} from './processes.js';

/**
A process, and the machine that it runs on. A home folder can be one on two machines (a network's, a synced one, a restored backup): a number of
a process says something only on its own.
*/
export type Holder = ProcessId & {
	/** Undefined where it was written down before machines were: then it is this one. */
	readonly machine?: MachineId | undefined;
};

export const holderSchema = z.object({
	pid: z.number(),
	start: z.string(),
	machine: z.object({id: z.string(), name: z.string()}).optional(),
});

/** This process. */
export const thisHolder = async (): Promise<Holder> => ({
	pid: process.pid,
	start: (await processStart(process.pid)) ?? '',
	machine: await thisMachine(),
});

/** The other machine that it runs on; undefined for this one. */
export async function otherMachine({machine}: Pick<Holder, 'machine'>): Promise<MachineId | undefined> {
	return machine !== undefined && machine.id !== (await thisMachine()).id ? machine : undefined;
}

/** Whether it lives. Of one on another machine that cannot be found out from here: only what it writes tells. */
export async function lifeOf(holder: Holder): Promise<'alive' | 'dead' | 'elsewhere'> {
	if (await otherMachine(holder)) {
		return 'elsewhere';
	}

	return (await isProcess(holder.pid, holder.start)) ? 'alive' : 'dead';
}
