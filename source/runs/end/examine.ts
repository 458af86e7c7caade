import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {layAliases} from '../link/aliases.js';
import type {Backend, Instance} from '../../backends/backend.js';
import {type OwnEnd, overdue, overdueLimit} from '../model/overdue.js';
import type {RunState} from '../model/state.js';
import {describeInstance, haltedReason, isHalted} from '../steps/run-instance.js';
import {endOf, type RunOver} from '../steps/step.js';

/** What a look at a run's instance has found, where that is anything: it has ended by itself, or should have and did not. */
export type Finding =
	| {readonly type: 'over'; readonly over: RunOver}
	| {readonly type: 'overdue'; readonly end: OwnEnd}
	/** It is a machine that was stopped, and not ended. */
	| {readonly type: 'halted'; readonly reason: string}
	/** It was, and runs again. */
	| {readonly type: 'resumed'; readonly instance: Instance}
	/** It should have ended by this machine's clock, but not by the cloud's: one of them is wrong. */
	| {readonly type: 'ahead'; readonly end: OwnEnd};

/**
Asks the backend how the instance of a run is. What is over by itself may hold work that exists nowhere else, which is to be kept. Undefined
while it runs as it should. Rejects with the `BackendError` of a backend that cannot be asked.
*/
export async function examine(
	backend: Backend,
	state: RunState,
	now: number,
	signal?: AbortSignal,
): Promise<Finding | undefined> {
	const instance = state.instanceId === undefined ? undefined : await describeInstance(backend, state, signal);
	if (isHalted(instance)) {
		return state.halted ? undefined : {type: 'halted', reason: haltedReason(instance)};
	}

	if (instance?.state === 'running' && state.halted) {
		return {type: 'resumed', instance};
	}

	return instance?.state === 'running' || instance?.state === 'pending'
		? late(instance, state, now)
		: {type: 'over', over: endOf(instance, state, now)};
}

/** Whether an instance that runs should have ended itself long ago, also one that no journal has heard of by its id. */
export function late(instance: Instance, state: RunState, now: number): Finding | undefined {
	const known = state.instanceId !== undefined;
	const run = known ? state : {...state, guarded: instance.replaceHostKey === true, launchedAt: instance.launchedAt};
	const end = overdue(now, run);
	if (!end) {
		return undefined;
	}

	const {toldAt} = instance;
	return toldAt === undefined || toldAt - momentThere(end, run) >= overdueLimit ? {type: 'overdue', end} : {type: 'ahead', end};
}

/** The same moment by the cloud's clock: the guest's own deadline is by that, and so is the launch. Without one, this machine's has to do. */
const momentThere = ({why, at}: OwnEnd, {remoteDeadline}: Pick<RunState, 'remoteDeadline'>): number =>
	why === 'deadline' && remoteDeadline !== undefined ? remoteDeadline * 1000 : at;

/** Writes down that the machine of a run that this program owns was stopped, or runs again: its address is then another one. */
export async function noteHalted({paths, backend}: RunContext, record: RunRecord, found: Finding | undefined): Promise<void> {
	if (found?.type === 'halted') {
		const {instanceId, offer} = record.known;
		const byHand = instanceId === undefined ? undefined : (await backend(offer.backend)).byHand?.(instanceId);
		await record.append({type: 'halted', reason: found.reason, start: byHand?.start});
	} else if (found?.type === 'resumed') {
		await record.append({type: 'resumed'});
		const {endpoint} = found.instance;
		if (endpoint) {
			await record.append({type: 'address', host: endpoint.host, port: endpoint.port, user: endpoint.user});
			const trouble = await layAliases(paths, record.known, record.folder);
			if (trouble) {
				record.note(`${trouble.why} ${trouble.next}`);
			}
		}
	}
}
