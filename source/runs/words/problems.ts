import {programName} from '../../system/program-name.js';
import {BackendError} from '../../backends/backend.js';
import type {Paths} from '../../system/paths.js';
import {formatPrice} from '../../offers/format.js';
import type {Offer} from '../../offers/offer.js';
import {messageOf, Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {sshCommand} from '../../tunnel/ssh-config/install-aliases.js';
import type {OwnHost} from '../../tunnel/ssh-config/user-hosts.js';
import type {RunState, StepFailure} from '../model/state.js';
import {attemptLine, keptLines, linesBeside} from './event-words.js';

export const missingProblem = (name: string): Problem =>
	new Problem('usage', `There is no environment called ${name}`, {next: `\`${programName} ps\` lists those that there are.`});

export const takenProblem = (name: string): Problem =>
	new Problem('usage', `There is an environment called ${name} already`, {
		next: `Attach to it with \`${programName} attach ${name}\`, or choose another name with -n.`,
	});

/** `ssh` knows the name, or that of the machine around the environment, as a host of the user. */
export function ownHostProblem(name: string, {alias, place, hostName}: OwnHost): Problem {
	const where = [place ?? 'your ssh settings', ...(hostName === alias ? [] : [`it leads to ${hostName}`])].join(', ');
	return new Problem('usage', neutraliseLine(`'${name}' cannot be a run's name: you have a host ${alias} for ssh (${where})`), {
		next: 'The environment would take its place. Choose another name with -n.',
	});
}

/** Nothing can be done in a run that is over. */
/** Another program looks after the run now: this one was stopped, or did not answer for another reason. */
export class TakenOver extends Problem {
	constructor(name: string) {
		super('failed', `Another program has taken over ${name}, since this one did not answer for a while`, {
			next: `\`${programName} attach ${name}\` follows it.`,
		});
	}
}

export function endedProblem(state: RunState): Problem {
	return new Problem('failed', `${state.name} has ended: ${state.reason ?? 'no reason known'}`, {
		details: keptLines(state),
		next: state.phase === 'ended' ? undefined : `Start a new one with \`${programName} run\`.`,
	});
}

/** A failed step as the person reads it, with what can be done now. */
export function stepProblem(
	{name, reachable}: Pick<RunState, 'name' | 'reachable'>,
	paths: Paths,
	{step, message, lastLines, next}: Pick<StepFailure, 'step' | 'message' | 'lastLines' | 'next'>,
): Problem {
	const look = reachable ? `Look inside: ${sshCommand(paths, name)} · ` : '';
	const commands = `${look}Try again: ${programName} attach ${name} · End it: ${programName} stop ${name}`;
	return new Problem('failed', `${step}: ${message}`, {
		details: linesBeside({message, lastLines}),
		next: next === undefined ? commands : `${next} ${commands}`,
	});
}

/** A backend's refusal as the person reads it. */
export const provisioningProblem = (error: BackendError, backend: string): Problem =>
	new Problem('not-provisioned', `${backend}: ${error.message}`, {next: error.next, cause: error});

/** No offer is left: one line for each that was tried. */
export function nothingProvisionedProblem({attempts, offer, agreedPrice}: RunState, unasked: readonly Offer[]): Problem {
	const last = attempts.at(-1);
	const dearer = unasked[0];
	const more =
		dearer === undefined
			? undefined
			: `${unasked.length === 1 ? 'One dearer offer was' : `${unasked.length} dearer offers were`} not tried (from ${formatPrice(dearer.price)}/h, agreed were ${formatPrice(agreedPrice)}/h): say how far to go with --max-price, or choose one in the full screen.`;
	const next = [last?.next, more].filter(Boolean).join(' ') || undefined;
	if (attempts.length <= 1) {
		return new Problem('not-provisioned', `${offer.backend}: ${last?.message ?? 'nothing was tried'}`, {next});
	}

	return new Problem('not-provisioned', `None of ${attempts.length} offers could be had`, {
		details: attempts.map(attemptLine),
		next,
	});
}

/** A failing end as the person reads it: what runs on, what it costs, and how to end it without this program. */
export function notEndedProblem(
	{
		name,
		offer,
		instanceId,
		intentId,
		unanswered,
		stopFailure,
	}: Pick<RunState, 'name' | 'offer' | 'instanceId' | 'intentId' | 'unanswered' | 'stopFailure'>,
	error: unknown,
): Problem {
	const {message, next} = error instanceof Problem ? error : {message: messageOf(error), next: (error as {next?: string}).next};
	const price = offer.price > 0 ? `${formatPrice(offer.price)}/h` : undefined;
	const details = [
		...(price === undefined
			? []
			: [`It may still be billed: ${[instanceId ?? offer.instanceType, offer.backend, offer.region, price].join(' · ')}`]),
		...(instanceId === undefined && unanswered
			? [
					`Whether there is an instance is not known. By hand: look in ${offer.backend}, ${offer.region}, for one that is tagged ${intentId}, and end it there.`,
				]
			: []),
		...(stopFailure?.command === undefined ? [] : [`End it by hand: ${stopFailure.command}`]),
		...(stopFailure?.console === undefined ? [] : [`Look at it: ${stopFailure.console}`]),
	];
	return new Problem('failed', `${name} could not be ended: ${message}`, {
		details,
		next: `${next === undefined ? '' : `${next} `}Try again with \`${programName} stop ${name}\`.${error instanceof BackendError && error.class === 'permission' ? ` Where that can never be again, \`${programName} stop ${name} --forget\` lets go of it and ends nothing.` : ''}`,
		cause: error,
	});
}

/** The instance lives, but can never be reached with what is known of it. */
export const unreachableProblem = (name: string, reason: string): Problem =>
	new Problem('failed', `${name} cannot be reached: ${reason}`, {
		next: `Nothing was ended. If this is not to be trusted, end it: ${programName} stop ${name}`,
	});
