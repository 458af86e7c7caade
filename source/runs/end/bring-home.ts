import path from 'node:path';
import {bringHome, type BringHomeOptions, type BroughtHome} from '../../environment/bring-home/bring-home.js';
import {keepWorkspace} from '../../environment/bring-home/workspace.js';
import {messageOf, Problem} from '../../system/problem.js';
import {self} from '../../system/program-name.js';
import type {RunContext} from '../context.js';
import {hereLink} from './local-shell-link.js';
import type {RunRecord} from '../journal/record.js';
import {stepContext} from '../steps/step.js';
import {findUnsavedWork, isEmpty, overOwnLink} from './unsaved-work.js';
import {dateTime, keptLines} from '../words/event-words.js';

/** What has to come, what is told meanwhile, and how it is broken off. */
export type BringHome = Pick<BringHomeOptions, 'listed' | 'onReport' | 'signal'>;

const nothing: BroughtHome = {folder: undefined, repositories: []};

/** Brings home what exists only in a run's environment; it goes on as it is. Throws a `Problem`. */
export async function bringRunHome(context: RunContext, record: RunRecord, how: BringHome = {}): Promise<BroughtHome> {
	const {known} = record;
	const {name, phase, specification} = known;
	const date = dateTime(context.clock.now()).slice(0, 10);
	const options = {...how, source: specification.folder, place: path.join(context.paths.brought, `${name}-${date}`)};
	if (phase === 'ended') {
		return bringKeptHome(context, record, options);
	}

	if (isEmpty(known)) {
		return nothing;
	}

	try {
		return await overOwnLink(record, async link => bringHome(link, stepContext(known), options));
	} catch (error) {
		if (error instanceof Problem) {
			throw error;
		}

		// Nothing is lost where nothing is left.
		const work = await findUnsavedWork(context, record);
		if (work && !work.changed) {
			return nothing;
		}

		throw new Problem('failed', `The work in ${name} could not be brought home: ${messageOf(error)}`, {
			next: `Try again: ${self} bring-home ${name}`,
			cause: error,
		});
	}
}

/** From one that has stopped, without starting anything: a folder of this machine is read where it lies, a container's is copied out. */
async function bringKeptHome(context: RunContext, {known}: RunRecord, options: BringHomeOptions): Promise<BroughtHome> {
	const {name, offer, instanceId = '', workspace = '', sharesNetwork} = known;
	if (sharesNetwork) {
		return bringHome(hereLink(), stepContext(known), options);
	}

	const {copyOut} = await context.backend(offer.backend);
	if (!copyOut) {
		throw new Problem('failed', `What ${name} has kept cannot be fetched from here`, {details: keptLines(known).slice(0, -1)});
	}

	return keepWorkspace(await copyOut(instanceId, workspace), options);
}
