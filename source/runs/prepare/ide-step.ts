import {findEditor} from '../../environment/ide/find.js';
import {recordSum, readRecordedSums} from '../../environment/ide/recorded-sums.js';
import {hasServer} from '../../environment/ide/products.js';
import {runIdeStep} from '../../environment/ide/run.js';
import type {StepContext} from '../../environment/step.js';
import {scriptStep} from '../../environment/steps.js';
import {messageOf, Problem, sentencesOf} from '../../system/problem.js';
import {withEnvironmentLink, perform, type Stage, stepContext} from '../steps/step.js';
import {isDone, runToEnd} from '../steps/in-environment.js';

type Found = Awaited<ReturnType<typeof findEditor>> & {readonly origin?: string};

/** Looks for the person's editor on this machine, beside everything else. Never rejects. */
export async function lookForEditor({state, context: {ideOrigin}, signal}: Stage): Promise<Found> {
	const {ide} = stepContext(state()).configuration;
	if (!hasServer(ide) || state().sharesNetwork) {
		return {};
	}

	const origin = await ideOrigin();
	try {
		return {...(await findEditor(ide, {origin, signal})), origin};
	} catch {
		// Only what the signal ends: then nobody asks for it any more.
		return {};
	}
}

/** Puts there what the editor would fetch when it connects. What cannot be had is a warning. Rejects with `StepFailed`. */
export async function performIdeStep(stage: Stage, looking: Promise<Found>): Promise<void> {
	if (isDone(stage, 'ide')) {
		return;
	}

	const {editor, note, origin} = await looking;
	const {paths, clock} = stage.context;
	const without: StepContext = {...stepContext(stage.state()), editor, ideOrigin: origin};
	const title = scriptStep(without, 'ide')?.title;
	if (title === undefined) {
		return;
	}

	await perform(stage, 'ide', title, async report => {
		if (note !== undefined) {
			report({log: `${note}\n`});
		}

		const {context, warning} = await withKeptSums(without, paths.fetched);
		const step = warning === undefined ? scriptStep(context, 'ide') : undefined;
		if (!step) {
			return {note: warning, warning: true};
		}

		return runToEnd(stage, step, withEnvironmentLink, async (link, heard) =>
			runIdeStep(link, step, context, report, {
				signal: stage.signal,
				heard,
				async onSum(url, sum) {
					try {
						await recordSum(paths.fetched, url, sum, clock.now());
					} catch (error) {
						report({log: `What came from ${url} cannot be compared with what comes the next time: ${messageOf(error)}\n`});
					}
				},
			}),
		);
	});
}

/** What is kept of the editor's archives; a warning where it cannot be read: what cannot be compared is not put there. */
async function withKeptSums(context: StepContext, folder: string): Promise<{context: StepContext; warning?: string}> {
	const {editor, ideOrigin} = context;
	try {
		return editor === undefined
			? {context}
			: {context: {...context, keptSums: await readRecordedSums(folder, editor, ideOrigin)}};
	} catch (error) {
		return {context, warning: error instanceof Problem ? sentencesOf(error) : messageOf(error)};
	}
}
