import {access, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {Backend} from '../backends/backend.js';
import type {Paths} from '../system/paths.js';
import {messageOf, Problem} from '../system/problem.js';
import {removeAliases} from '../tunnel/ssh-config.js';
import type {RunContext} from './context.js';
import {readState} from './journal.js';
import {over} from './obtain.js';
import type {RunRecord} from './record.js';
import {forgetSecrets, runFolder, runNames} from './run-folder.js';
import type {RunOver} from './stage.js';
import type {RunState} from './state.js';

/** Ends a run that this program owns: its instance first, confirmed, then everything that was kept for it. Throws a `Problem`. */
export async function endRun(context: RunContext, record: RunRecord, reason: string): Promise<void> {
	const {state} = record;
	if (!state || state.phase === 'gone') {
		return;
	}

	await record.append({type: 'stopping', reason});
	try {
		const backend = await context.backend(state.offer.backend);
		const id = state.instanceId ?? (await backend.find(state.specification.intentId))?.id;
		if (id !== undefined) {
			await backend.terminate(id);
		}
	} catch (error) {
		throw new Problem('failed', `${state.name} could not be ended: ${messageOf(error)}`, {
			next: `Try again with \`dstack-tui stop ${state.name}\`.`,
			cause: error,
		});
	}

	await record.append({type: 'gone', reason});
	await tidy(context.paths, record.folder);
}

/** Takes away what opened doors: aliases, keys, secrets. Journal and logs stay for the record. */
export async function tidy(paths: Paths, folder: string): Promise<void> {
	await removeAliases(paths, folder, async () => anyAlias(paths));
	await forgetSecrets(folder);
	await rm(stopRequest(folder), {force: true});
}

async function anyAlias(paths: Paths): Promise<boolean> {
	const names = await runNames(paths);
	const states = await Promise.all(names.map(async name => readState(runFolder(paths, name))));
	return states.some(
		state => state !== undefined && state.address !== undefined && state.phase !== 'gone' && state.phase !== 'ended',
	);
}

/**
Whether a run whose tunnel is down has ended by itself. What it holds is kept where it is work that exists nowhere else; otherwise
the rest is removed at once. Undefined while it runs.
*/
export async function findEnd(backend: Backend, state: RunState): Promise<RunOver | undefined> {
	const instance = state.instanceId === undefined ? undefined : await backend.describe(state.instanceId);
	if (instance?.state === 'running' || instance?.state === 'pending') {
		return undefined;
	}

	const end = over(instance);
	if (!end.kept && instance) {
		await backend.terminate(instance.id);
	}

	return end;
}

const stopRequest = (folder: string): string => path.join(folder, 'stop-requested');

/** Asks the run's owner, another program, to end it. */
export const requestStop = async (folder: string): Promise<void> => writeFile(stopRequest(folder), '', {mode: 0o600});

/** Whether another program asked for the run's end. */
export const isStopRequested = async (folder: string): Promise<boolean> =>
	access(stopRequest(folder)).then(
		() => true,
		() => false,
	);
