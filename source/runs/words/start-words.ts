import type {Plan} from '../model/choice.js';
import {reasonsAgainst} from '../../offers/reasons.js';
import {Problem} from '../../system/problem.js';
import {loginCautions, unagreedWords} from './leaving-words.js';
import {endlessWords} from './plan-words.js';

/** What is to be known before a process is started where a container was to be had; undefined for any other plan. */
export function processWords({instead, request}: Pick<Plan, 'instead' | 'request'>): string | undefined {
	if (!instead) {
		return undefined;
	}

	const why = reasonsAgainst(instead, request.requirements).join(' ');
	return `Its commands run as you on this machine itself, without isolation, and not in a container${why === '' ? '' : ` (${instead.backend} ${instead.instanceType}: ${why})`}`;
}

/** The question before a start: what it says yes to, in one line, and what is to be known first. */
export function startQuestion(plan: Plan): {readonly question: string; readonly lines: readonly string[]} {
	const endless = endlessWords(plan);
	const process = processWords(plan);
	const logins = unagreedWords(plan);
	const parts = [
		...(process === undefined ? [] : [' as a process of this machine, without isolation']),
		...(endless === undefined ? [] : [', which costs money until somebody ends it']),
		...(logins === undefined ? [] : [`${process === undefined && endless === undefined ? '' : ','} and ${logins}`]),
	];
	return {
		question: `Start ${plan.name}${parts.join('')}?`,
		lines: [process, endless, ...loginCautions(plan)].filter(line => line !== undefined),
	};
}

/** What `-y` alone does not say yes to, since nothing that was shown before had it; undefined where there is no such thing. */
export function unagreedProblem(plan: Plan): Problem | undefined {
	const process = processWords(plan);
	if (process !== undefined) {
		return new Problem('no-offer', `-y alone starts no process of this machine where a container was to be had`, {
			details: [`${process}.`],
			next: `Mend what stands there, start it without -y to be asked, or name it: --backend local --instance-type ${plan.offer.instanceType}. ("process": "always" in config.json says yes for always.)`,
		});
	}

	const waiting = plan.logins.filter(({agreed}) => !agreed);
	return waiting.length === 0
		? undefined
		: new Problem('usage', '-y alone sends nothing of your own to a registry that has not got it before', {
				details: loginCautions(plan),
				next: `Start it without -y to be asked, or say it: ${[...new Set(waiting.map(({host}) => `--send-secrets ${host}`))].join(' ')}.`,
			});
}

/** Whether there is anything to say of it, and to decide. */
export const asksForTrust = ({code: {commands, refused, trusted}}: Pick<Plan, 'code'>): boolean =>
	commands.length > 0 || refused || trusted;

const mostNames = 4;

/** What the person's word for the repository decides; undefined where it makes no difference. `way` says how to give it. */
export function repositoryWords(plan: Pick<Plan, 'code'>, way: string): string | undefined {
	const {commands, refused, trusted} = plan.code;
	if (!asksForTrust(plan)) {
		return undefined;
	}

	if (trusted) {
		return `trusted: in an environment on this machine itself its filters run, and a git folder elsewhere is its own (${way})`;
	}

	const more = commands.length > mostNames ? `, and ${commands.length - mostNames} more` : '';
	const names = `${commands.slice(0, mostNames).join(', ')}${more}`;
	return [
		'not trusted',
		...(commands.length > 0 ? [`: commands that its settings name are not run by this program (${names})`] : []),
		...(refused ? [': a git folder elsewhere is not followed'] : []),
		`; ${way}`,
	].join('');
}
