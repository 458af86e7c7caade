import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {isAlive} from '../launch/find-instance.js';
import {describeInstance, findInstance} from '../steps/run-instance.js';
import {messageOf, Problem} from '../../system/problem.js';
import {programName} from '../../system/program-name.js';
import {settleEnd} from './end-run.js';
import {Unwritten} from './failed-writes.js';

/**
Forgets a run whose end nobody can confirm from here: its account is closed, its engine was set up anew, its journal does not say where it
was. Nothing is ended. Throws a `Problem` where the instance is there, so that it can be ended, or another program looks after it.
*/
export async function forgetRecord(context: RunContext, record: RunRecord): Promise<void> {
	if (!(await record.own())) {
		throw new Problem('failed', `Another program looks after ${record.name}`, {next: 'End that program first.'});
	}

	try {
		const state = record.known;
		const backend = await context.backend(state.offer.backend);
		const asking = state.instanceId === undefined ? findInstance(backend, state) : describeInstance(backend, state);
		let why = 'it is not there any more';
		const instance = await asking.catch((error: unknown) => {
			why = messageOf(error);
			return undefined;
		});
		if (instance && (isAlive(instance) || instance.state === 'ending')) {
			throw new Problem('failed', `${record.name} was not let go of: its instance ${instance.id} is there`, {
				next: `\`${programName} stop ${record.name}\` ends it.`,
			});
		}

		const reason = `let go of, and its end is not confirmed: ${why}`;
		const unwritten = new Unwritten();
		await settleEnd(context, record, {type: 'gone', reason}, unwritten);
		if (!unwritten.isEmpty) {
			throw new Problem('failed', `That ${record.name} was let go of could not be written down whole on this machine`, {
				details: unwritten.lines,
				next: 'Try again when the disk can be written again.',
			});
		}
	} finally {
		await record.release();
	}
}
