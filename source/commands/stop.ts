import type {Core} from '../runs/core.js';
import {homeThenEnd} from '../runs/end/home-then-end.js';
import {type Consent, consentTo} from '../runs/model/consent.js';
import type {UnsavedWork} from '../runs/model/run-handle.js';
import {UnwrittenEnd} from '../runs/end/failed-writes.js';
import {discardWords} from '../runs/words/bring-home-words.js';
import type {RunState} from '../runs/model/state.js';
import {messageOf, Problem} from '../system/problem.js';
import {programName} from '../system/program-name.js';
import {neutraliseLine} from '../system/terminal-text.js';
import {bringAndReport} from './bring-home.js';
import {choose, confirm, type Output} from './io.js';

export type StopOptions = {
	/** No questions: work that exists nowhere else is brought home first. */
	readonly yes: boolean;
	/** What is in it may be lost. */
	readonly discard: boolean;
	/** Nothing is ended: this program only detaches from them. */
	readonly forget: boolean;
};

/** What may be lost with an environment that is to end; or all that is in it is brought home first. */
type StopMode = Consent | 'home';

/**
Ends environments. Asks first, one after the other, telling what would be lost, unless `yes`; then ends them side by side. What fails for one
keeps no other.
*/
export async function stopRuns(core: Core, names: readonly string[], options: StopOptions, output: Output): Promise<void> {
	const known = new Map((await core.runs({all: true, note: output.note, names})).map(run => [run.name, run]));
	const failures = new Map<string, Problem>();
	const may = async (name: string): Promise<StopMode | undefined> => {
		try {
			return await isAgreed(core, name, known.get(name), options, output);
		} catch (error) {
			// Of what was typed wrong, or taken back by the person, nothing is done at all.
			if (!(error instanceof Problem) || error.kind !== 'failed') {
				throw error;
			}

			failures.set(name, error);
			return undefined;
		}
	};

	const end = async (name: string, how: StopMode): Promise<void> => {
		const endNow = async (consent: Consent): Promise<void> => endOne(core, name, consent, output);
		try {
			await (how === 'home' ? bringHomeAndEnd(core, name, known.get(name), output, endNow) : endNow(how));
		} catch (error) {
			failures.set(name, error instanceof Problem ? error : new Problem('failed', messageOf(error), {cause: error}));
		}
	};

	const unknown = names.filter(each => !known.has(each));
	const agreed = new Map<string, StopMode>();
	for (const name of options.yes ? unknown : [...unknown, ...names.filter(each => known.has(each))]) {
		const how = await may(name);
		if (how) {
			agreed.set(name, how);
		}
	}

	const unasked = options.yes ? names.filter(each => known.has(each)) : [];
	await Promise.all([
		...[...agreed].map(async ([name, how]) => end(name, how)),
		...unasked.map(async name => {
			const how = await may(name);
			if (how) {
				await end(name, how);
			}
		}),
	]);
	tellFailures(failures, names.length, output);
}

async function isAgreed(
	core: Core,
	name: string,
	run: RunState | undefined,
	options: StopOptions,
	output: Output,
): Promise<StopMode | undefined> {
	if (run?.phase === 'gone') {
		output.line(`${name} is gone already.`);
		output.object({run: name, type: 'gone'});
		return undefined;
	}

	if (options.forget) {
		await forgetRun(core, name, run, options.yes, output);
		return undefined;
	}

	const agreed = await mayEnd(core, name, run, options);
	if (!agreed) {
		output.line(`${name} is left as it is.`);
		output.object({run: name, type: 'left'});
	}

	return agreed;
}

async function endOne(core: Core, name: string, consent: Consent, output: Output): Promise<void> {
	output.line(`Ending ${name}…`);
	try {
		await core.stop(name, 'stopped', consent);
	} catch (error) {
		if (error instanceof UnwrittenEnd) {
			output.object({run: name, type: 'gone', unwritten: error.lines});
		}

		throw error;
	}

	output.line(`${name} is gone.`);
	output.object({run: name, type: 'gone'});
}

/** Throws the one failure that there is, or a `failed` problem that lists all. */
function tellFailures(failures: ReadonlyMap<string, Problem>, count: number, output: Output): void {
	const [first] = failures.values();
	if (first && count === 1) {
		throw first;
	}

	if (failures.size > 0) {
		for (const [name, {message, details, next}] of failures) {
			output.object({run: name, type: 'failed', message, details, next: next ?? null});
		}

		throw new Problem('failed', `Not all went well for ${failures.size} of ${count} environments`, {
			details: [...failures.values()].flatMap(({message, details, next}) => [
				message,
				...[...details, ...(next === undefined ? [] : [next])].map(line => `  ${line}`),
			]),
		});
	}
}

/** Lets go of a run after a question that says what may go on costing. */
async function forgetRun(core: Core, name: string, run: RunState | undefined, yes: boolean, output: Output): Promise<void> {
	if (!run) {
		// Throws where there is no such environment at all.
		await core.unsavedWork(name);
	}

	const what = run ? instanceWords(run) : `what ${name} was started as, which its journal does not tell any more,`;
	const lines = [
		`Nothing is ended: ${what} may be there, and cost money, and hold work.`,
		'Its keys are deleted here, so that nobody can log in any more, and this program does not look for it again.',
	];
	if (!yes && !(await confirm({lines, question: `Let go of ${name}?`, next: 'Add -y to do it without a question.'}))) {
		output.line(`${name} is left as it is.`);
		output.object({run: name, type: 'left'});
		return;
	}

	await core.forget(name);
	output.line(
		`${name} was let go of; nothing was ended. ${run ? what : 'An instance of it, if there is one,'} is yours to look after.`,
	);
	output.object({run: name, type: 'forgotten', instance: run?.instanceId ?? null, account: run?.account?.label ?? null});
}

const instanceWords = ({offer, instanceId, account}: RunState): string =>
	neutraliseLine([instanceId ?? offer.instanceType, offer.backend, offer.region, account?.label].filter(Boolean).join(' · '));

/** What may be lost with it, or that all is brought home first; undefined where it is to stay. What a damaged journal left has no state. */
async function mayEnd(
	core: Core,
	name: string,
	run: RunState | undefined,
	{yes, discard}: StopOptions,
): Promise<StopMode | undefined> {
	// Nothing has to be known of what may be lost, unless nothing is known of it at all: then there may be no such thing.
	if (run && yes) {
		return discard ? {lose: 'all'} : 'home';
	}

	const work = await core.unsavedWork(name);
	if (yes) {
		return discard ? {lose: 'all'} : 'home';
	}

	if (!discard && work?.changed) {
		return askAboutWork(name, work, run);
	}

	const isAgreed = await confirm({
		lines: lossLines(name, work, run),
		question: `End ${name} and delete what is in it?`,
		next: work ? 'Add -y to end it without a question.' : 'Add -y and --discard to end it without a question.',
	});
	return isAgreed ? (work && !discard ? consentTo(work) : {lose: 'all'}) : undefined;
}

/** Brings home what would be lost with an environment, and ends it then. Throws a `Problem` where that is not certain to be all. */
export async function bringHomeAndEnd(
	core: Core,
	name: string,
	run: RunState | undefined,
	output: Output,
	end: (consent: Consent) => Promise<void>,
): Promise<void> {
	await homeThenEnd({
		name,
		async ask() {
			const work = await core.unsavedWork(name);
			if (!work && run?.halted) {
				throw new Problem(
					'failed',
					`${name} was not ended: its machine is stopped, so that it cannot be asked whether it holds work that exists nowhere else`,
					{next: `Start it again, so that it can be asked: ${programName} start ${name}. ${discardWords(name)}`},
				);
			}

			return work;
		},
		async bring(listed) {
			try {
				return await bringAndReport(core, name, run?.specification.folder ?? '', output, listed);
			} catch (error) {
				throw notHomeProblem(name, error);
			}
		},
		end,
		isEnding: async () => core.isEnding(name),
	});
}

function notHomeProblem(name: string, error: unknown): Problem {
	const {details, next} = error instanceof Problem ? error : {details: [], next: undefined};
	return new Problem('failed', `${name} was not ended, since its work could not be brought home: ${messageOf(error)}`, {
		details,
		next: [next, discardWords(name)].filter(Boolean).join(' '),
		cause: error,
	});
}

async function askAboutWork(name: string, work: UnsavedWork, run: RunState | undefined): Promise<StopMode | undefined> {
	const answer = await choose({
		lines: lossLines(name, work, run),
		question: `End ${name}?`,
		answers: [
			{key: 'b', words: 'bring it home, then end it'},
			{key: 'd', words: 'end it and lose that'},
			{key: 'k', words: 'keep it running'},
		],
		next: `Add -y to bring it home and end it without a question, --discard too to lose it. \`${programName} bring-home ${name}\` only brings it home.`,
	});
	if (answer === 'b') {
		return 'home';
	}

	const isLost = answer === 'd' && (await confirm({question: 'Lose this work for good?', next: 'Add -y and --discard.'}));
	return isLost ? {lose: 'all'} : undefined;
}

const mostLines = 20;

/** What ending it would lose, in as many lines as a screen shows with the question below them. */
function lossLines(name: string, work: UnsavedWork | undefined, run: RunState | undefined): string[] {
	if (work === undefined && run?.halted) {
		return [
			`The machine of ${name} is stopped, so that it cannot be asked whether it holds work that exists nowhere else.`,
			`\`${programName} start ${name}\` starts it again, and it can; ended, its disk goes with all that is on it.`,
		];
	}

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
