import type {RequirementFlags, Requirements, RequirementKey} from '../../configuration/model.js';
import {isBound, printCpu, printMemory, printRange} from '../../configuration/grammar/ranges.js';
import {durationText} from '../../configuration/files/save.js';
import {matchRows} from '../../offers/match.js';
import {printGpu} from '../../configuration/grammar/gpu-grammar.js';
import {messageOf} from '../../system/problem.js';
import type {Request} from '../../runs/model/choice.js';
import type {App} from './app.js';
import {loadOffers} from './loading.js';
import type {AppState} from './state.js';

/** One line of the form: a wish that can be changed for this run only, as a flag would. */
export type FormRow = {
	readonly key: RequirementKey;
	readonly label: string;
	/** How it is written, for the line of help. */
	readonly help: string;
	/** The wish as it would be typed; empty for none. */
	readonly text: (requirements: Requirements) => string;
	/** The same that was typed before for this run; undefined where nothing was. */
	readonly flag: (flags: RequirementFlags) => string | undefined;
	/** The flags with this text instead; undefined takes the flag away. Throws for a text that does not read. */
	readonly change: (flags: RequirementFlags, text: string | undefined) => RequirementFlags;
	/** Words to choose from, where there are only some. */
	readonly values?: readonly string[];
};

type TextFlag = 'gpu' | 'cpu' | 'memory' | 'disk' | 'maxPrice' | 'maxDuration';
type ListFlag = 'backends' | 'regions' | 'instanceTypes';

const textRow = (key: RequirementKey & TextFlag, label: string, help: string, text: FormRow['text']): FormRow => ({
	key,
	label,
	help,
	text,
	flag: flags => flags[key],
	change: (flags, typed) => ({...flags, [key]: typed}),
});

const split = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

const listRow = (key: ListFlag, label: string, help: string): FormRow => ({
	key,
	label,
	help,
	text: requirements => requirements[key]?.join(', ') ?? '',
	flag: flags => flags[key]?.join(', '),
	change: (flags, typed) => ({...flags, [key]: typed === undefined ? undefined : split(typed)}),
});

const spotPolicies = ['on-demand', 'auto', 'spot'] as const;

export const formRows: readonly FormRow[] = [
	textRow('gpu', 'GPU', 'A10 · A100:8 · 24GB · A10G,A100 · 24GB..80GB:1..4 · 0 for none', ({gpu}) => (gpu ? printGpu(gpu) : '')),
	textRow('cpu', 'cores', '4 · 2..8 · arm:8..', ({cpu}) => printCpu(cpu)),
	textRow('memory', 'memory', '16GB · 16GB..64GB', ({memory}) => (isBound(memory) ? printRange(memory, printMemory) : '')),
	textRow('disk', 'disk', '100GB · 100GB..500GB', ({disk}) => (disk ? printRange(disk, printMemory) : '')),
	{
		key: 'spotPolicy',
		label: 'spot',
		help: 'auto takes spot first, then on-demand; spot instances are cheap and can be interrupted',
		text: ({spotPolicy}) => spotPolicy,
		flag: ({spotPolicy}) => spotPolicy,
		change(flags, typed) {
			const policy = spotPolicies.find(each => each === typed);
			if (typed !== undefined && policy === undefined) {
				throw new Error(`expected one of ${spotPolicies.join(', ')}`);
			}

			return {...flags, spotPolicy: policy};
		},
		values: spotPolicies,
	},
	textRow('maxPrice', 'at most, $/h', '1.50', ({maxPrice}) => (maxPrice === undefined ? '' : String(maxPrice))),
	textRow('maxDuration', 'ends itself after', '6h · 1d · off', ({maxDuration}) =>
		maxDuration === undefined ? '' : maxDuration === 'off' ? 'off' : durationText(maxDuration),
	),
	listRow('backends', 'backends', 'aws, lambda'),
	listRow('regions', 'regions', 'us-east-1, eu-west-1'),
	listRow('instanceTypes', 'instance types', 'g5.xlarge, g6.xlarge'),
];

export const chosenRow = ({cursor}: AppState): FormRow => formRows[cursor.form] ?? (formRows[0] as FormRow);

/** The request that some flags would make of what is chosen. Throws a `Problem` for one that does not read. */
export function requestWith(app: App, flags: RequirementFlags): Request {
	const {configuration, profile, name} = app.state();
	if (!configuration) {
		throw new Error('no configuration was chosen');
	}

	return app.core.request({folder: app.core.folder, configuration, profile, flags, name});
}

export function openForm(app: App): void {
	app.set({request: requestWith(app, app.state().flags)});
	app.go('form');
}

/** Opens the line to type the wish under the cursor in, with what is asked for now. */
export function editRow(app: App): void {
	const {request} = app.state();
	const row = chosenRow(app.state());
	if (request) {
		app.edit('override', `${row.label}: `, row.text(request.requirements));
	}
}

/** What the text being typed would ask for; how many offers that leaves is seen at once. */
export function tryRow(app: App, text: string): void {
	const {flags} = app.state();
	try {
		app.set({tentative: {request: requestWith(app, chosenRow(app.state()).change(flags, text.trim() || undefined))}});
	} catch (error) {
		app.set({tentative: {problem: messageOf(error)}});
	}
}

/** Takes the text over for this run; an empty one gives back what configuration and profile say. */
export function commitRow(app: App, text: string): void {
	try {
		changeFlags(app, chosenRow(app.state()).change(app.state().flags, text.trim() || undefined));
	} catch (error) {
		app.set({tentative: undefined});
		app.say(messageOf(error), 'error');
	}
}

/** The next of the words that there are. */
export function turnRow(app: App, by: number): void {
	const {flags, request} = app.state();
	const row = chosenRow(app.state());
	if (row.values && request) {
		const index = row.values.indexOf(row.text(request.requirements));
		changeFlags(app, row.change(flags, row.values[(index + by + row.values.length) % row.values.length]));
	}
}

export function clearRow(app: App): void {
	const row = chosenRow(app.state());
	if (row.flag(app.state().flags) === undefined) {
		app.say('Nothing was changed here for this run');
		return;
	}

	changeFlags(app, row.change(app.state().flags, undefined));
}

/** Sets the flags, and asks for the offers anew: what they leave is ordered by them. */
export function changeFlags(app: App, flags: RequirementFlags): void {
	app.set({flags, request: requestWith(app, flags), tentative: undefined, plan: undefined, message: undefined});
	void loadOffers(app);
}

/** How many of the offers that are known the request leaves; undefined until some are known. */
export function matching({listing, request, tentative}: AppState): {readonly usable: number; readonly all: number} | undefined {
	const requirements = tentative?.request?.requirements ?? request?.requirements;
	if (!listing || !requirements) {
		return undefined;
	}

	const {triable, listed} = matchRows(listing.table, requirements);
	return {usable: triable, all: listed};
}
