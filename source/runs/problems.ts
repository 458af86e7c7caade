import {self} from '../system/program-name.js';
import type {BackendError} from '../backends/backend.js';
import type {Paths} from '../system/paths.js';
import {Problem} from '../system/problem.js';
import {sshCommand} from '../tunnel/ssh-config.js';
import type {RunState, StepFailure} from './state.js';
import {keptLines, linesBeside} from './words.js';

export const missingProblem = (name: string): Problem =>
	new Problem('usage', `There is no environment called ${name}`, {next: `\`${self} ps\` lists those that there are.`});

export const takenProblem = (name: string): Problem =>
	new Problem('usage', `There is an environment called ${name} already`, {
		next: `Attach to it with \`${self} attach ${name}\`, or choose another name with -n.`,
	});

/** Nothing can be done in a run that is over. */
export function endedProblem(state: RunState): Problem {
	return new Problem('failed', `${state.name} has ended: ${state.reason ?? 'no reason known'}`, {
		details: keptLines(state),
		next: state.phase === 'ended' ? undefined : `Start a new one with \`${self} run\`.`,
	});
}

/** A failed step as the person reads it, with what can be done now. */
export function stepProblem(
	{name, reachable}: Pick<RunState, 'name' | 'reachable'>,
	paths: Paths,
	{step, message, lastLines, next}: Pick<StepFailure, 'step' | 'message' | 'lastLines' | 'next'>,
): Problem {
	const look = reachable ? `Look inside: ${sshCommand(paths, name)} · ` : '';
	const commands = `${look}Try again: ${self} attach ${name} · End it: ${self} stop ${name}`;
	return new Problem('failed', `${step}: ${message}`, {
		details: linesBeside({message, lastLines}),
		next: next === undefined ? commands : `${next} ${commands}`,
	});
}

/** A backend's refusal as the person reads it. */
export const provisioningProblem = (error: BackendError, backend: string): Problem =>
	new Problem('not-provisioned', `${backend}: ${error.message}`, {next: error.next, cause: error});

/** The instance lives, but can never be reached with what is known of it. */
export const unreachableProblem = (name: string, reason: string): Problem =>
	new Problem('failed', `${name} cannot be reached: ${reason}`, {
		next: `Nothing was ended. If this is not to be trusted, end it: ${self} stop ${name}`,
	});
