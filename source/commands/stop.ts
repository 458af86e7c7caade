import type {Core} from '../runs/core.js';
import type {UnsavedWork} from '../runs/model/run-handle.js';
import {discardWords} from '../runs/words/bring-home-words.js';
import type {RunState} from '../runs/model/state.js';
import {messageOf, Problem} from '../system/problem.js';
import {self} from '../system/program-name.js';
import {neutraliseLine} from '../system/terminal-text.js';
import {bringAndTell} from './bring-home.js';
import {choose, confirm, type Output} from './io.js';

export type StopOptions = {
	/** No questions: work that exists nowhere else is brought home first. */
	readonly yes: boolean;
	/** What is in it may be lost. */
	readonly discard: boolean;
};

/** Ends environments one after the other. Asks first, telling what would be lost, unless `yes`. */
export async function stopRuns(core: Core, names: readonly string[], options: StopOptions, output: Output): Promise<void> {
	const known = new Map((await core.runs({all: true, note: output.note})).map(run => [run.name, run]));
	for (const name of [...names.filter(each => !known.has(each)), ...names.filter(each => known.has(each))]) {
		const run = known.get(name);
		if (run?.phase === 'gone') {
			output.line(`${name} is gone already.`);
			output.object({run: name, type: 'gone'});
			continue;
		}

		if (!(await mayEnd(core, name, run, options, output))) {
			output.line(`${name} is left as it is.`);
			output.object({run: name, type: 'left'});
			continue;
		}

		output.line(`Ending ${name}…`);
		await core.stop(name, 'stopped');
		output.line(`${name} is gone.`);
		output.object({run: name, type: 'gone'});
	}
}

/** Whether nothing stands against its end: what would be lost is home, or may be lost. What a damaged journal left has no state. */
async function mayEnd(
	core: Core,
	name: string,
	run: RunState | undefined,
	{yes, discard}: StopOptions,
	output: Output,
): Promise<boolean> {
	// Nothing has to be known of what may be lost, unless nothing is known of it at all: then there may be no such thing.
	if (run && yes && discard) {
		return true;
	}

	const work = await core.unsavedWork(name);
	if (yes && !discard) {
		await secureWork(core, name, work, run, output);
		return true;
	}

	if (yes) {
		return true;
	}

	if (discard || !work || !work.changed) {
		return confirm({
			lines: lossLines(name, work),
			question: `End ${name} and delete what is in it?`,
			next: work ? 'Add -y to end it without a question.' : 'Add -y and --discard to end it without a question.',
		});
	}

	return askAboutWork(core, name, work, run, output);
}

/** Brings home what would be lost with an environment. Throws a `Problem` where that is not certain to be all. */
export async function secureWork(
	core: Core,
	name: string,
	work: UnsavedWork | undefined,
	run: RunState | undefined,
	output: Output,
): Promise<void> {
	if (!work) {
		throw new Problem('failed', `${name} was not ended: it cannot be asked whether it holds work that exists nowhere else`, {
			next: discardWords(name),
		});
	}

	if (work.changed) {
		try {
			await bringAndTell(core, name, run?.specification.folder ?? '', output);
		} catch (error) {
			throw notHomeProblem(name, error);
		}
	}
}

function notHomeProblem(name: string, error: unknown): Problem {
	const {details, next} = error instanceof Problem ? error : {details: [], next: undefined};
	return new Problem('failed', `${name} was not ended, since its work could not be brought home: ${messageOf(error)}`, {
		details,
		next: [next, discardWords(name)].filter(Boolean).join(' '),
		cause: error,
	});
}

async function askAboutWork(
	core: Core,
	name: string,
	work: UnsavedWork,
	run: RunState | undefined,
	output: Output,
): Promise<boolean> {
	const answer = await choose({
		lines: lossLines(name, work),
		question: `End ${name}?`,
		answers: [
			{key: 'b', words: 'bring it home, then end it'},
			{key: 'd', words: 'end it and lose that'},
			{key: 'k', words: 'keep it running'},
		],
		next: `Add -y to bring it home and end it without a question, --discard too to lose it. \`${self} bring-home ${name}\` only brings it home.`,
	});
	if (answer === 'b') {
		await secureWork(core, name, work, run, output);
		return true;
	}

	return answer === 'd' && confirm({question: 'Lose this work for good?', next: 'Add -y and --discard.'});
}

const mostLines = 20;

/** What ending it would lose, in as many lines as a screen shows with the question below them. */
function lossLines(name: string, work: UnsavedWork | undefined): string[] {
	if (work === undefined) {
		return [`${name} cannot be asked whether it holds work that exists nowhere else.`];
	}

	if (!work.changed) {
		return [];
	}

	const {lines} = work;
	const more = lines.length > mostLines ? [`  … and ${lines.length - mostLines} more`] : [];
	return [
		`${name} holds work that exists nowhere else:`,
		...lines.slice(0, mostLines).map(line => `  ${neutraliseLine(line)}`),
		...more,
	];
}
