import {isFromBefore} from '../../environment/runner.js';
import {scriptStep} from '../../environment/steps.js';
import {inEnvironment, performScript} from '../steps/in-environment.js';
import {type Stage, StepFailed, stepContext} from '../steps/step.js';

/**
Where a ready environment was started anew (its machine rebooted, its container came again), what `init` had started is gone: it runs again.
A failure of it is told, and leaves the environment ready. Rejects with the signal's reason.
*/
export async function initAfterRestart(stage: Stage, note: (line: string) => void): Promise<void> {
	const context = stepContext(stage.state());
	const step = scriptStep(context, 'init');
	if (
		!step ||
		stage.state().phase !== 'ready' ||
		!(await inEnvironment(stage, async link => isFromBefore(link, 'init', context)))
	) {
		return;
	}

	note('the environment was started anew: `init` runs again');
	try {
		await performScript(stage, step, inEnvironment, context);
	} catch (error) {
		stage.signal.throwIfAborted();
		const {message, details} = StepFailed.from('init', error);
		await stage.append({type: 'step-failed', step: 'init', message, ...details, lastLines: [...details.lastLines]});
	}
}
