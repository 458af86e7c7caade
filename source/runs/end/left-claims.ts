import path from 'node:path';
import {programName} from '../../system/program-name.js';
import type {RunContext} from '../context.js';
import {readJournal} from '../journal/journal.js';
import {ownership, stays, timeOf, timeSince} from '../journal/ownership.js';
import {removeClaim} from '../journal/run-folder.js';
import {readDamage} from './damaged-run.js';

/** A folder that is being claimed has no intent yet; only one that stays so was left by a crash. Milliseconds. */
const claimLimit = 10_000;

/** A claim that a crash left behind holds nothing. Anything more than that is a person's to look at, and never removed by itself. */
export async function settleWithoutIntent(context: RunContext, folder: string, notes: string[]): Promise<void> {
	const name = path.basename(folder);
	if (await readDamage(folder)) {
		notes.push(
			`The journal of ${name} is damaged. What there is lies in ${folder}; \`${programName} stop ${name}\` ends and removes it.`,
		);
		return;
	}

	const madeAt = await timeOf(folder);
	const isAhead = madeAt !== undefined && timeSince(context.clock, madeAt) === undefined;
	if (isAhead && !(await stays(context, folder, claimLimit))) {
		return;
	}

	await removeClaim(context.paths, name, async each => {
		const time = await timeOf(each);
		const {events} = await readJournal(each);
		const age = timeSince(context.clock, time) ?? 0;
		const isLeft = time !== undefined && (isAhead ? time === madeAt : age > claimLimit);
		return events.length === 0 && isLeft && (await ownership(each)) !== 'owned';
	});
}
