import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import {resolvePaths} from '../../../system/paths.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {identifier, moment, plainLine, portNumber, publicKeyLine, runName} from '../../../system/values.js';

const machineSchema = z.object({id: z.string().refine(plainLine.is), name: z.string().refine(plainLine.is)});

/** What a host process is told, on disk before it starts. The host key lies beside it. */
const hostSchema = z.object({
	/** A part of the mark that processes are told and ended by. */
	intentId: z.string().refine(identifier.is),
	/** The name of a folder. */
	run: z.string().refine(runName.is),
	installation: z.string().refine(identifier.is),
	/** The machine that it runs on. */
	machine: machineSchema.optional(),
	/** One line; the only key that may log in. */
	authorizedKey: z.string().refine(publicKeyLine.is),
	launchedAt: z.number().refine(moment.is),
});

export type HostRecord = z.infer<typeof hostSchema>;

/** A record of what the host process is to know. Throws where a value cannot be what it is to be. */
export const hostRecord = (values: z.input<typeof hostSchema>): HostRecord => hostSchema.parse(values);

const runningSchema = z.object({
	pid: z.number().int().positive(),
	start: z.string().refine(plainLine.is),
	port: z.number().refine(portNumber.is),
	/** The machine that the process is one of. */
	machine: machineSchema.optional(),
});

/** A host that serves: which process, at which port of 127.0.0.1. */
export type RunningRecord = z.infer<typeof runningSchema>;

const endedSchema = z.object({at: z.number(), reason: z.string().transform(neutraliseLine)});

export type EndedRecord = z.infer<typeof endedSchema>;

/** The places in an instance's folder, all absolute. */
export const layout = (folder: string, run: string) => ({
	folder,
	host: path.join(folder, 'host.json'),
	hostKey: path.join(folder, 'host_key'),
	running: path.join(folder, 'running.json'),
	ended: path.join(folder, 'ended.json'),
	lock: path.join(folder, 'host.lock'),
	log: path.join(folder, 'host.log'),
	state: path.join(folder, 'state'),
	workspace: path.join(folder, run),
});

export type Layout = ReturnType<typeof layout>;

/** Where an instance's folder lies while it is being removed: it is moved first, so that half a one never looks whole. */
export const doomedFolder = (folder: string): string => (folder.endsWith('.removed') ? folder : `${folder}.removed`);

export const instanceFolder = (runFolder: string): string => path.join(runFolder, 'instance');

async function readRecord<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
	try {
		return schema.parse(JSON.parse(await readFile(file, 'utf8')));
	} catch (error) {
		if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
			return undefined;
		}

		throw new Error(`${file} cannot be read`, {cause: error});
	}
}

export const readHost = async (folder: string): Promise<HostRecord | undefined> =>
	readRecord(path.join(folder, 'host.json'), hostSchema);
export const readRunning = async (places: Layout): Promise<RunningRecord | undefined> =>
	readRecord(places.running, runningSchema);
export const readEnded = async (places: Layout): Promise<EndedRecord | undefined> => readRecord(places.ended, endedSchema);

/** All instances of this runtime below the runs folder that is in force now. */
export async function findHosts(): Promise<Array<{record: HostRecord; places: Layout}>> {
	const {runs} = resolvePaths();
	const names = await readdir(runs).catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') {
			return [];
		}

		throw error;
	});
	const found = await Promise.all(
		names.map(async name => {
			const whole = instanceFolder(path.join(runs, name));
			const folders = await Promise.all(
				[whole, doomedFolder(whole)].map(async folder => {
					const record = await readHost(folder);
					return record && {record, places: layout(folder, record.run)};
				}),
			);
			return folders.filter(each => each !== undefined);
		}),
	);
	return found.flat();
}

/** What marks every process of a run: it is inherited by whatever they start. */
export const processMark = (intentId: string): string => `DSTACK_TUI_INTENT=${intentId}`;
