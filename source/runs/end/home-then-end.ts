import type {BroughtHome} from '../../environment/bring-home/bring-home.js';
import {WorkMoved} from '../../environment/bring-home/load.js';
import {Problem} from '../../system/problem.js';
import {type Consent, consentTo} from '../model/consent.js';
import type {UnsavedWork} from '../model/run-handle.js';
import {discardWords} from '../words/bring-home-words.js';
import {WorkChanged} from './newer-work.js';

/** Somebody who goes on working there for longer than this is not taken by surprise: nothing is ended. */
const mostRounds = 4;

export type HomeThenEnd = {
	readonly name: string;
	/** What ending it would lose; undefined where that cannot be found out. */
	readonly ask: () => Promise<UnsavedWork | undefined>;
	/** Brings it home; all of `listed` has to come. */
	readonly bring: (listed: readonly string[]) => Promise<BroughtHome>;
	readonly end: (consent: Consent) => Promise<void>;
	/** Whether another program ends it now, or has done so. */
	readonly isEnding: () => Promise<boolean>;
};

/**
Ends an environment when everything is home. What is changed there between the two comes home too; what never comes to rest is not ended.
Where another program ends it meanwhile, that is waited for. Throws a `Problem`.
*/
export async function homeThenEnd(way: HomeThenEnd): Promise<void> {
	let before: UnsavedWork | undefined;
	for (let round = 1; ; round++) {
		try {
			await way.end(await bringHome(way, before, work => (before = work)));
			return;
		} catch (error) {
			if (!hasMoved(error) || round === mostRounds) {
				throw error;
			}
		}
	}
}

const hasMoved = (error: unknown): boolean =>
	error instanceof WorkChanged || [error, error instanceof Error && error.cause].some(each => each instanceof WorkMoved);

async function bringHome(
	{name, ask, bring, isEnding}: HomeThenEnd,
	before: UnsavedWork | undefined,
	onSeen: (work: UnsavedWork) => void,
): Promise<Consent> {
	try {
		const work = await ask();
		if (!work) {
			throw new Problem('failed', `${name} was not ended: it cannot be asked whether it holds work that exists nowhere else`, {
				next: discardWords(name),
			});
		}

		onSeen(work);
		if (work.changed) {
			// What is the same as before, and did not come under the names that were told, is only told otherwise.
			const isSame = before !== undefined && before.mark?.content === work.mark?.content;
			const listed = work.mark && !isSame ? work.lines : [];
			const {repositories} = await bring(listed);
			if (work.mark && repositories.length === 0 && (await ask())?.changed !== false) {
				throw new Problem('failed', `${name} was not ended: none of its work came home`, {
					details: work.lines.slice(0, 20),
					next: discardWords(name),
				});
			}
		}

		return consentTo(work);
	} catch (error) {
		if (await isEnding()) {
			return {lose: 'nothing'};
		}

		throw error;
	}
}
