import {unsavedWork} from '../environment/work.js';
import {Problem} from '../system/problem.js';
import {connect} from '../tunnel/connection.js';
import type {RunContext} from './context.js';
import {endRun, requestStop} from './end.js';
import type {UnsavedWork} from './handle.js';
import {RunRecord} from './record.js';
import {readKeys} from './run-folder.js';
import {stepContext} from './stage.js';

const pollInterval = 500;
const stopLimit = 120_000;
const askLimit = 30_000;

/** The run called `name` as its journal tells it. Throws a `usage` problem when there is none. */
export async function openRecord(context: RunContext, name: string): Promise<RunRecord> {
	const record = new RunRecord(context, name);
	await record.load();
	if (!record.state) {
		throw new Problem('usage', `There is no environment called ${name}`, {next: '`dstack-tui ps` lists those that there are.'});
	}

	return record;
}

/** Ends a run: itself where this program is its owner or can become it, else by asking the owner. Throws a `Problem`. */
export async function stopRecord(context: RunContext, record: RunRecord, reason: string): Promise<void> {
	if (!(await record.own())) {
		await requestStop(record.folder);
		await awaitOwner(context, record);
	}

	if (record.owned) {
		try {
			await endRun(context, record, reason);
		} finally {
			await record.release();
		}
	}
}

/** Waits until the owner, another program, has ended the run, or has died so that it can be ended from here. */
async function awaitOwner({clock}: RunContext, record: RunRecord): Promise<void> {
	for (const start = clock.now(); clock.now() - start < stopLimit;) {
		await clock.sleep(pollInterval);
		await record.catchUp();
		if (record.state?.phase === 'gone' || (await record.own())) {
			return;
		}
	}

	throw new Problem('failed', `The program that looks after ${record.name} did not end it`, {
		next: 'End that program and try again.',
	});
}

/** Asks the environment over a connection of its own, without taking the run up. Undefined where it cannot be asked. */
export async function findUnsavedWork(context: RunContext, record: RunRecord): Promise<UnsavedWork | undefined> {
	const {state} = record;
	if (state?.phase === 'ended') {
		return {changed: true, lines: [`what it held when it ended: ${state.workspace ?? ''}`]};
	}

	if (!state?.address || !state.reachable || state.phase === 'gone') {
		return {changed: false, lines: []};
	}

	const {identity, hostKey} = await readKeys(record.folder);
	try {
		const destination = {...state.address, privateKey: identity.private, hostKey: hostKey.public};
		const link = await connect(destination, AbortSignal.timeout(askLimit));
		try {
			return await unsavedWork(link, stepContext(state));
		} finally {
			link.close();
		}
	} catch (error) {
		record.note(`could not be asked for unsaved work: ${String(error)}`);
		return undefined;
	}
}
