import type {Plan} from '../model/choice.js';

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
