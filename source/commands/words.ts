import {formatGpus, formatMemory, formatPrice} from '../offers/format.js';
import type {Offer} from '../offers/offer.js';
import type {Core} from '../runs/core.js';
import type {Plan, Request} from '../runs/model/choice.js';
import type {LinkHealth} from '../runs/model/run-handle.js';
import {
	besidePlanned,
	buildWords,
	deadlineWords,
	endlessWords,
	imageWords,
	othersWords,
	priceWords,
	readyWords,
} from '../runs/words/plan-words.js';
import {givenLines, leavingLines} from '../runs/words/leaving-words.js';
import {processWords, repositoryWords} from '../runs/words/start-words.js';
import {forwardWords, movedWords, reverseWords} from '../runs/words/port-words.js';
import type {RunState} from '../runs/model/state.js';
import {table} from './io.js';

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Notes as sentences one after the other. */
export const sentences = (notes: readonly string[]): string =>
	notes.map((note, index) => (index < notes.length - 1 && !/[.!?:;…]$/.test(note) ? `${note}.` : note)).join(' ');

const resources = ({cpu, memory, gpus}: Offer): string =>
	[`${cpu}xCPUs`, formatMemory(memory), ...(gpus.length > 0 ? [formatGpus(gpus)] : [])].join(', ');

/** What is asked for, each thing with who asked. */
export const askedLine = ({requirements: {asked}}: Request): string =>
	asked.map(({words, origin}) => `${words} (${origin})`).join(' · ') || 'anything';

const mostCommands = 10;

/** The commands that will run there, of each kind at most so many. */
const commandLines = ({environment}: Request): string[] =>
	(['build', 'setup', 'init'] as const).flatMap(kind => {
		const commands = environment[kind];
		const more = commands.length > mostCommands ? [`${kind}: … and ${commands.length - mostCommands} more`] : [];
		return [...commands.slice(0, mostCommands).map(command => `${kind}: ${command.trim().split('\n').join(' ⏎ ')}`), ...more];
	});

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** The guide's plan: one line of titles, one of values, and what belongs to it. */
export function planLines(plan: Plan, clock: {now(): number}): string[] {
	const {request, name, offer, image, code, ports, warnings} = plan;
	const process = processWords(plan);
	const endless = endlessWords(plan);
	const others = othersWords(plan);
	const build = buildWords(plan);
	const ready = readyWords(plan);
	const way = plan.code.trusted ? '--no-trust-repository takes that back' : '--trust-repository vouches for it';
	const repository = repositoryWords(plan, way);
	return [
		...table([
			['RUN', 'CONFIGURATION', 'PROFILE', 'BACKEND', 'RESOURCES', 'SPOT', 'PRICE'],
			[
				name,
				request.choice.configuration.label,
				request.choice.profile?.name ?? '-',
				`${offer.backend} (${offer.instanceType})`,
				resources(offer),
				offer.spot ? 'yes' : 'no',
				`${formatPrice(offer.price)}/h`,
			],
		]),
		'',
		`Asked for: ${askedLine(request)}`,
		...(image.image === undefined ? [] : [`Image: ${imageWords(image.image)}`]),
		...(build === undefined ? [] : [`Build: ${build}`]),
		`Code: ${plural(code.files, 'file')} from ${code.root} (${code.kind})`,
		...[...leavingLines(plan), ...givenLines(plan)].map(([label, text]) => `${capital(label)}: ${text}`),
		...(repository === undefined ? [] : [`Repository: ${repository}`]),
		...ports.map(({local, remote, direct}) =>
			direct ? `Port ${local}: on this machine itself` : `Port ${local} → ${remote} there`,
		),
		...(offer.price > 0 ? [['Price: ' + priceWords(plan, clock.now()), ...besidePlanned(plan)].join(' · ')] : []),
		`Deadline: ${deadlineWords(plan, clock.now())}`,
		...(ready === undefined ? [] : [`Ready: ${ready}`]),
		...(others === undefined ? [] : [`Then: ${others}`]),
		...commandLines(request),
		...(process === undefined ? [] : [`Note: ${process}`]),
		...(endless === undefined ? [] : [`Note: ${endless}`]),
		...warnings.map(warning => `Note: ${warning}`),
	];
}

const portLine = (port: LinkHealth['ports'][number]): string => {
	const {added, problem} = port;
	const notes = [...(added ? ['added'] : []), ...movedWords(port), ...(problem ? [problem] : [])];
	return `Port: ${forwardWords(port)}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
};

const reverseLine = ({remote, local, problem}: LinkHealth['reverse'][number]): string =>
	`Port: ${reverseWords({remote, local})}${problem === undefined ? '' : ` (${problem})`}`;

/** How to get into a ready environment; its ports as they are carried now. */
export function connectedLines(core: Core, state: RunState, {ports, reverse}: Pick<LinkHealth, 'ports' | 'reverse'>): string[] {
	const link = core.ideLink(state);
	return [
		...(link ? [`To open in ${link.ide}, use this link:`, `  ${link.url}`] : []),
		`Shell: ${core.sshCommand(state.name)}`,
		`Code: ${state.workspace ?? ''}`,
		...ports.map(portLine),
		...reverse.map(reverseLine),
	];
}

/** The same for programs. */
export const connectedObject = (core: Core, state: RunState) => ({
	name: state.name,
	phase: state.phase,
	ssh: core.sshCommand(state.name),
	ide: core.ideLink(state)?.url ?? null,
	workspace: state.workspace ?? null,
	address: state.address ?? null,
	ports: state.ports,
	reverse: state.reverse,
	deadline: state.deadline ?? null,
});
