import {instanceKind} from '../../offers/instance-kind.js';
import {formatBytes} from '../../system/format.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Leaving, Plan, RegistryLogin} from '../model/choice.js';

type Variable = Leaving['variables'][number];
type File = Leaving['files'][number];

/** Each line has a label for what it is of. */
export type LabelledLine = readonly [label: string, text: string];

const shown = (text: string): string => neutraliseLine(text).slice(0, 300);

const fileWords = ({local, source, remote, bytes, outside}: File): string =>
	outside
		? `${neutraliseLine(source)} → ${shown(remote)}, ${formatBytes(bytes)}, from outside of the code${local === source ? '' : ` (written as ${shown(local)})`}`
		: `${shown(local)} → ${shown(remote)}, ${formatBytes(bytes)}`;

const froms: Readonly<Record<Variable['from'], string>> = {
	configuration: 'the configuration',
	flag: '-e',
	caller: 'your own variable',
};

function variableWords({name, from, secrets}: Variable): string {
	const sources = [
		...secrets.map(secret => `secrets.${secret}`),
		...(secrets.length > 0 && from === 'configuration' ? [] : [froms[from]]),
	];
	return `${shown(name)} (${sources.map(shown).join(', ')})`;
}

/** Who gets what of the person's own, and by which key of the configuration. */
const loginWords = ({host, values, by}: RegistryLogin): string =>
	`${shown(host)} gets ${values.map(shown).join(', ')} (${by === 'image' ? 'in the name of `image`' : '`registry_auth`'})`;

/** What goes from this machine into the environment beside the code: names and places, never values. */
export function leavingLines({leaving, logins}: Pick<Plan, 'leaving' | 'logins'>): LabelledLine[] {
	const {files, variables, secrets, agent, reverse} = leaving;
	return [
		...files.map((file): LabelledLine => ['file', fileWords(file)]),
		...(variables.length === 0 ? [] : [['variables', variables.map(variableWords).join(' · ')] as const]),
		...(secrets.length === 0 ? [] : [['secrets', secrets.map(shown).join(', ')] as const]),
		...logins.map((login): LabelledLine => [
			'login',
			`${loginWords(login)}, ${login.agreed ? 'as you agreed' : 'if you say yes'}`,
		]),
		...(agent
			? [['SSH agent', 'yours is lent to its sessions: they can log in wherever you can, as long as they are connected'] as const]
			: []),
		...reverse.map(({remote, local}): LabelledLine => [
			'way back',
			`port ${remote} there leads to port ${local} of this machine`,
		]),
	];
}

const rights: Readonly<Record<string, string>> = {
	here: 'all rights over this machine: what runs in it can become root here',
	there: 'all rights over its machine, where nothing else of yours is',
};

/** What it is given where it runs: rights and folders. */
export function givenLines({given, offer}: Pick<Plan, 'given' | 'offer'>): LabelledLine[] {
	const {privileged, docker, caches} = given;
	const kind = instanceKind(offer);
	// A process has the person's own rights and folders, which is said elsewhere.
	if (kind === 'process') {
		return [];
	}

	const isHere = offer.backend === 'local';
	const why = docker ? '`docker`, an engine inside,' : '`privileged`';
	return [
		...(privileged ? [['given', `${why} gives it ${rights[isHere ? 'here' : 'there']}`] as const] : []),
		...(caches.length === 0
			? []
			: [
					[
						'mounts',
						`${caches.map(shown).join(', ')}: ${isHere ? 'volumes of the engine here' : 'kept in the registry of the settings'}, for this and later environments of the configuration`,
					] as const,
				]),
	];
}

/** What registries would get that was not agreed to yet, a line each. */
export const loginCautions = ({logins}: Pick<Plan, 'logins'>): string[] =>
	logins.filter(({agreed}) => !agreed).map(login => `${loginWords(login)}, and you have not agreed to that before`);

/** What a person must not overlook of all that: what is not of the code, what a registry would get, what can reach this machine. */
export function leavingCautions(plan: Pick<Plan, 'leaving' | 'logins' | 'given' | 'offer'>): string[] {
	const outside = plan.leaving.files.filter(file => file.outside).map(({source}) => neutraliseLine(source));
	return [
		...loginCautions(plan),
		...(outside.length === 0 ? [] : [`Copied from outside of the code: ${outside.join(', ')}`]),
		...(plan.offer.backend === 'local' ? givenLines({...plan, given: {...plan.given, caches: []}}).map(([, text]) => text) : []),
		...(plan.leaving.agent ? ['Your SSH agent is lent to its sessions'] : []),
	];
}

/** The logins that wait for a yes, in a few words for a question: `give ghcr.io your env.TOKEN`; undefined where none does. */
export function unagreedWords({logins}: Pick<Plan, 'logins'>): string | undefined {
	const waiting = logins.filter(({agreed}) => !agreed);
	return waiting.length === 0
		? undefined
		: `give ${shown(waiting[0]?.host ?? '')} ${[...new Set(waiting.flatMap(({values}) => values))].map(shown).join(', ')}`;
}
