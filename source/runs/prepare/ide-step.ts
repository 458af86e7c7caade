import {findEditor} from '../../environment/ide/find.js';
import {hasServer} from '../../environment/ide/products.js';
import {runIdeStep} from '../../environment/ide/run.js';
import type {StepContext} from '../../environment/step.js';
import {scriptStep} from '../../environment/steps.js';
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
	const context: StepContext = {...stepContext(stage.state()), editor, ideOrigin: origin};
	const step = scriptStep(context, 'ide');
	if (!step) {
		return;
	}

	await perform(stage, 'ide', step.title, async report => {
		if (note !== undefined) {
			report({log: `${note}\n`});
		}

		return runToEnd(stage, step, withEnvironmentLink, async (link, heard) =>
			runIdeStep(link, step, context, report, {signal: stage.signal, heard}),
		);
	});
}
