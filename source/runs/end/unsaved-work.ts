import {unsavedWork} from '../../environment/work.js';
import type {Link} from '../../system/link.js';
import {type RunContext, waitFor} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {openEnvironment} from '../link/destination.js';
import type {UnsavedWork} from '../model/run-handle.js';
import type {RunState} from '../model/state.js';
import {describeInstance} from '../steps/run-instance.js';
import {stepContext} from '../steps/step.js';
import {keptLines} from '../words/event-words.js';
import {leaveQuestion} from '../words/wait-words.js';

const askLimit = 30_000;

/** Does something over a connection of its own into the environment, without taking the run up. Rejects where it cannot be reached. */
export async function overOwnLink<T>(record: RunRecord, act: (link: Link) => Promise<T>): Promise<T> {
	const link = await openEnvironment(record, AbortSignal.timeout(askLimit));
	try {
		return await act(link);
	} finally {
		link.close();
	}
}

/** Whether there is no place in which work could be: nothing was copied there yet, or it is gone. */
export const isEmpty = ({phase, address, opened, steps}: RunState): boolean =>
	phase === 'gone' || !address || !opened || !steps.some(({id}) => id === 'code');

const nothing: UnsavedWork = {changed: false, lines: []};

/** What ending a run would lose. Undefined where its environment cannot be asked. */
export async function findUnsavedWork(context: RunContext, record: RunRecord): Promise<UnsavedWork | undefined> {
	const {known} = record;
	if (known.phase === 'ended') {
		return {changed: true, lines: keptLines(known).slice(0, -1)};
	}

	if (isEmpty(known)) {
		return nothing;
	}

	if (known.halted) {
		// Nothing answers there, and its disk may hold work.
		return undefined;
	}

	try {
		const wish = {what: `${known.name} to say what work it holds`, limit: 2 * askLimit, wayOut: leaveQuestion};
		return await waitFor(context, wish, async () => overOwnLink(record, async link => unsavedWork(link, stepContext(known))));
	} catch (error) {
		record.note(`could not be asked for unsaved work: ${String(error)}`);
		return (await isLost(context, known)) ? nothing : undefined;
	}
}

/** Whether the backend is sure that nothing is left of the instance that could be saved. */
async function isLost(context: RunContext, known: RunState): Promise<boolean> {
	try {
		const instance = await describeInstance(await context.backend(known.offer.backend), known);
		return instance === undefined || instance.state === 'terminated' || instance.state === 'ending';
	} catch {
		// Whoever cannot be asked is sure of nothing.
		return false;
	}
}
