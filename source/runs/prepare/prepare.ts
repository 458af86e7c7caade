import {isFromBefore} from '../../environment/runner.js';
import {scriptStep} from '../../environment/steps.js';
import {inEnvironment, isDone, isHeld, performScript} from '../steps/in-environment.js';
import {perform, type Stage, stepContext, StepFailed} from '../steps/step.js';
import {Problem} from '../../system/problem.js';
import {copyCode} from '../../environment/code/upload.js';
import type {ScriptId} from '../../environment/asked-steps.js';
import {openSessions, writeVariables} from '../../environment/variables.js';
import {installWorkCheck, takeBaseline, takeBaselineUnlessVisited} from '../../environment/work.js';
import {restoreCaches} from './caches.js';
import {furnish} from './place-files.js';
import {lookForEditor, performIdeStep} from './ide-step.js';
import {keepImage} from './commit-image.js';
import {obtainInstance} from '../launch/obtain-instance.js';
import {openEnvironment} from './start-sshd.js';
import {prepareMachine} from './prepare-machine.js';
import {awaitInstanceSsh} from './await-ssh.js';
import {environmentOf} from '../model/specification.js';

/**
Takes a run from wherever it is to `ready`. Every part can be taken up again: after a crash, a lost link, a failed step.
Rejects with `StepFailed`, `RunOver`, `BackendError`, or the signal's reason.
*/
export async function prepare(stage: Stage): Promise<void> {
	await obtainInstance(stage);
	const editor = lookForEditor(stage);
	if (stage.state().guarded) {
		await prepareMachine(stage);
	} else if (!isHeld(stage.state())) {
		await awaitInstanceSsh(stage, stage.tunnels.environment);
		await runStep(stage, 'guard');
	}

	if (isHeld(stage.state())) {
		await uploadCodeStep(stage);
		await runStep(stage, 'python');
		await runStep(stage, 'build');
		await keepImage(stage);
	}

	await openEnvironment(stage);
	await uploadCodeStep(stage);
	await runStep(stage, 'python');
	if (stage.state().image?.reference === undefined) {
		// Nothing can be kept of a host process: the commands run in it each time.
		await runStep(stage, 'build');
	}

	await restoreCaches(stage);
	await setUp(stage);
	await performIdeStep(stage, editor);
	await runStep(stage, 'init');
	await stage.append({type: 'ready'});
}

async function uploadCodeStep(stage: Stage): Promise<void> {
	if (isDone(stage, 'code')) {
		return;
	}

	const {specification} = stage.state();
	await perform(stage, 'code', 'Copy the code', async report => {
		const context = stepContext(stage.state());
		const {env} = environmentOf(specification, stage.secrets);
		const {opened} = stage.state();
		await inEnvironment(stage, async link => writeVariables(link, context, env));
		const unheard = opened ? await inEnvironment(stage, async link => openSessions(link, context, env)) : [];

		// What runs on this machine would ask for history with the user's keys, and gets it sooner from here.
		const options = {fetch: stage.state().guarded};
		const {note, copied} = await inEnvironment(stage, async link =>
			copyCode(link, specification.folder, context, report, stage.signal, options),
		);
		// From now on there may be a person's work.
		await inEnvironment(stage, async link => installWorkCheck(link, context));
		const missed = await inEnvironment(stage, async link => furnish(stage, link, report, {held: !opened}));
		await (copied ? inEnvironment(stage, async link => takeBaseline(link, context)) : noteUnlessVisited(stage));
		const warnings = [...unheard, ...missed];
		return {note: [note, ...warnings].join('; '), warning: warnings.length > 0};
	});
}

/** Records the state of the code where nobody but this program can have been in the environment. */
async function noteUnlessVisited(stage: Stage): Promise<void> {
	const own = stage.tunnels.environment.health.reconnects + 1;
	await inEnvironment(stage, async link => takeBaselineUnlessVisited(link, stepContext(stage.state()), own));
}

async function setUp(stage: Stage): Promise<void> {
	// After a failure the person may have been in there, mending: what they changed is theirs, and no part of the baseline.
	const untouched = stage.state().steps.every(({id}) => id !== 'setup');
	await runStep(stage, 'setup');
	if (untouched && isDone(stage, 'setup')) {
		try {
			await noteUnlessVisited(stage);
		} catch (error) {
			if (!(error instanceof Problem)) {
				throw error;
			}

			// No reason to run setup once more: without a baseline nothing is taken for no work.
			stage.report('setup', {log: `${error.message}; what is there counts as changed\n`});
		}
	}
}

/** Runs one of the scripts that happen inside, where the configuration asks for it. */
async function runStep(stage: Stage, id: ScriptId): Promise<void> {
	const context = stepContext(stage.state());
	const step = scriptStep(context, id);
	if (step) {
		await performScript(stage, step, inEnvironment, context);
	}
}

/**
Where a ready environment was started anew (its machine rebooted, its container came again), what `init` had started is gone: it runs again.
A failure of it is reported, and leaves the environment ready. Rejects with the signal's reason.
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
