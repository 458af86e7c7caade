import {containerName} from '../../agents/container/paths.js';
import {quote} from '../../system/shell.js';
import type {Link} from '../../system/link.js';
import {runScriptStep} from '../../environment/runner.js';
import {Heard} from '../../environment/step-output.js';
import type {ScriptStep, StepContext, StepId, StepReport, StepResult} from '../../environment/step.js';
import {messageOf} from '../../system/problem.js';
import {explainEnvironment} from './explain-environment.js';
import {withMachineLink, withEnvironmentLink, perform, type Stage, StepFailed} from './step.js';
import type {RunState} from '../model/state.js';

/** Whether the environment waits for its build, without an SSH server of its own. */
export const isHeld = ({image, opened}: RunState): boolean => image?.build?.due === true && !opened;

/** Does something in the environment: over SSH where it has a server of its own, else through the engine that runs it. */
export async function inEnvironment<T>(stage: Stage, act: (link: Link) => Promise<T>): Promise<T> {
	const {opened, guarded, instanceId, offer} = stage.state();
	if (opened) {
		return withEnvironmentLink(stage, act);
	}

	if (guarded) {
		return withMachineLink(stage, async machine => act(containerLink(machine)));
	}

	const backend = await stage.context.backend(offer.backend);
	const link = await backend.inside?.(instanceId ?? '', stage.signal);
	if (!link) {
		throw new Error(`${offer.backend} cannot work in an environment without SSH`);
	}

	try {
		return await act(link);
	} finally {
		link.close();
	}
}

/** A way to where a script runs. */
export type Way = <T>(stage: Stage, act: (link: Link) => Promise<T>) => Promise<T>;

/** Runs a script as a visible step, unless it is done once and for all. Rejects with `StepFailed`. */
export async function performScript(stage: Stage, step: ScriptStep, way: Way, context: StepContext): Promise<void> {
	if (step.when === 'once' && isDone(stage, step.id)) {
		return;
	}

	await perform(stage, step.id, step.title, async report => runScript(stage, step, way, context, report));
}

/** How a script that is sent over a link gets to its end. */
type Run = (link: Link, heard: Heard) => Promise<StepResult>;

export const isDone = (stage: Stage, id: StepId): boolean =>
	stage.state().steps.some(step => step.id === id && (step.status === 'done' || step.status === 'warning'));

async function runScript(
	stage: Stage,
	step: ScriptStep,
	way: Way,
	context: StepContext,
	report: (report: StepReport) => void,
): Promise<{note?: string; warning?: boolean} | void> {
	return runToEnd(stage, step, way, async (link, heard) => runScriptStep(link, step, context, report, stage.signal, heard));
}

/** Runs a script of a step that was begun, over as many links as it takes. Rejects with `StepFailed`. */
export async function runToEnd(
	stage: Stage,
	step: ScriptStep,
	way: Way,
	run: Run,
): Promise<{note?: string; warning?: boolean} | void> {
	const heard = new Heard();
	const result = await way(stage, async link => run(link, heard));
	if (result.code === 0) {
		return;
	}

	if (step.optional) {
		const reason = result.lastLines.at(-1) || `exit code ${result.code}`;
		return {note: result.next === undefined ? reason : `${reason}. ${result.next}`, warning: true};
	}

	throw failureOf(step.id, result, await explain(stage));
}

/** What a machine knows of why something failed in its environment: no memory, no disk. */
async function explain(stage: Stage): Promise<readonly string[]> {
	if (!stage.state().guarded) {
		return [];
	}

	try {
		return await withMachineLink(stage, async machine => explainEnvironment(machine, stage.signal));
	} catch (error) {
		stage.signal.throwIfAborted();
		return [`The machine could not be asked for more: ${messageOf(error)}`];
	}
}

/** As a shell tells of what was killed. */
const killedCode = 128 + 9;

const failureOf = (step: StepId, {code, command, next, lastLines}: StepResult, known: readonly string[]): StepFailed => {
	const killed =
		code === killedCode && known.length === 0 ? ['It was killed, for which a lack of memory is the usual reason.'] : [];
	return new StepFailed(
		step,
		command === undefined ? lastLines.at(-1) || `exit code ${code}` : `\`${command}\` ended with exit code ${code}`,
		{
			command,
			code,
			lastLines,
			next: [...known, ...killed, next ?? 'The environment is still there: look inside, mend it, and try again.'].join(' '),
		},
	);
};

/** Into the environment's container through the engine of the machine that it runs on: for as long as it has no SSH server of its own. */
export const containerLink = (machine: Link): Link => ({
	exec: async (command, options) => machine.exec(`docker exec -i ${quote(containerName)} sh -c ${quote(command)}`, options),
	closed: machine.closed,
	// The connection to the machine is others' too.
	close: () => undefined,
});
