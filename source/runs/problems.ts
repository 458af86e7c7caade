import {self} from '../system/program-name.js';
import type {BackendError} from '../backends/backend.js';
import {Problem} from '../system/problem.js';
import type {RunState} from './state.js';

export const missingProblem = (name: string): Problem =>
	new Problem('usage', `There is no environment called ${name}`, {next: `\`${self} ps\` lists those that there are.`});

export const takenProblem = (name: string): Problem =>
	new Problem('usage', `There is an environment called ${name} already`, {
		next: `Attach to it with \`${self} attach ${name}\`, or choose another name with -n.`,
	});

/** Nothing can be done in a run that is over. */
export function endedProblem(state: RunState): Problem {
	const next =
		state.phase === 'ended'
			? `What it holds is kept; \`${self} stop ${state.name}\` removes it.`
			: `Start a new one with \`${self} run\`.`;
	return new Problem('failed', `${state.name} has ended: ${state.reason ?? 'no reason known'}`, {next});
}

/** A failed step as the person reads it, with what can be done now. */
export function stepProblem(
	name: string,
	step: string,
	message: string,
	{lastLines, next}: {readonly lastLines: readonly string[]; readonly next?: string},
): Problem {
	const commands = `Try again: ${self} attach ${name} · end it: ${self} stop ${name}`;
	return new Problem('failed', `${step}: ${message}`, {
		details: lastLines,
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
