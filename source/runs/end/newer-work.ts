import {Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {type Consent, covers} from '../model/consent.js';
import {discardWords} from '../words/bring-home-words.js';
import {findUnsavedWork, isEmpty} from './unsaved-work.js';

const mostLines = 20;

/** What there is now is not what was brought home, or looked at, before the end: nothing was ended. */
export class WorkChanged extends Problem {
	constructor(name: string, lines: readonly string[]) {
		super('failed', `${name} was not ended: somebody went on working there after its work was looked at`, {
			details: lines.slice(0, mostLines),
			next: `Try again when nothing works there. ${discardWords(name)}`,
		});
	}
}

export type Look = {
	/** Not the program that looked before, or long after that. */
	readonly isLater?: boolean;
	/** It was asked a moment ago, and its end is under way: silence says nothing then. */
	readonly mayBeSilent?: boolean;
};

/** Looks for work just before an end. Throws `WorkChanged` for what may not be lost, a `Problem` where it cannot be asked. */
export async function refuseNewerWork(
	context: RunContext,
	record: RunRecord,
	consent: Consent,
	{isLater = false, mayBeSilent = false}: Look = {},
): Promise<void> {
	const {known} = record;
	if (consent.lose === 'all' || known.phase === 'ended' || known.kept || isEmpty(known)) {
		return;
	}

	const work = await findUnsavedWork(context, record);
	if (!work && !mayBeSilent) {
		throw new Problem(
			'failed',
			`${known.name} was not ended: it cannot be asked whether it holds work that came after it was looked at`,
			{next: discardWords(known.name)},
		);
	}

	if (work && !covers(consent, work, isLater)) {
		throw new WorkChanged(known.name, work.lines);
	}
}
