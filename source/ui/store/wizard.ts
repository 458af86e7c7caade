import type {Ide} from '../../configuration/model.js';
import {starterConfiguration, starterText, type StarterChoice} from '../../configuration/starter/starter.js';
import {inspectFolder} from '../../configuration/starter/suggestions.js';
import {type Suggestion} from '../../configuration/starter/suggestion.js';
import type {App} from './app.js';
import {editConfiguration, type Reload} from './edit-configuration.js';
import type {Dialog} from './state.js';

type Option = Dialog['options'][number];

const editors: ReadonlyArray<{readonly label: string; readonly ide: Ide | undefined}> = [
	{label: 'VS Code', ide: 'vscode'},
	{label: 'VS Code Insiders', ide: 'vscode-insiders'},
	{label: 'Cursor', ide: 'cursor'},
	{label: 'Windsurf', ide: 'windsurf'},
	{label: 'Zed', ide: 'zed'},
	{label: 'None: only SSH', ide: undefined},
];

/** What it runs in: a Python of some version, a container image, or neither. */
type Base = Pick<StarterChoice, 'python' | 'image'>;

const pythons = ['3.13', '3.12', '3.11', '3.10'];

/** Shows the configuration that the folder suggests, to be written on a yes or chosen otherwise; `reload` reads the folder after. */
export async function offerStarter(app: App, reload: Reload): Promise<void> {
	const text = await starterConfiguration(app.core.folder);
	app.ask(
		{
			title: 'Write this .dstack.yml?',
			lines: text.trimEnd().split('\n'),
			options: [
				{label: 'Write it', value: 'write'},
				{label: 'Choose what is in it', value: 'choose'},
				{label: 'Not now', value: 'no'},
			],
		},
		value => {
			if (value === 'write') {
				void app.work('writing', async () => {
					await app.core.writeStarter();
					await reload(app);
				});
			} else if (value === 'choose') {
				void startWizard(app, reload);
			}
		},
	);
}

/** Asks what a first configuration is to hold, with what the folder suggests, shows it, and writes it on a yes. Escape leaves at any question. */
export async function startWizard(app: App, reload: Reload): Promise<void> {
	const suggestions = await inspectFolder(app.core.folder);
	const ide = await choose(
		app,
		'Which editor opens it?',
		[],
		editors.map(({label}, index) => ({label, value: String(index)})),
	);
	if (ide === undefined) {
		return;
	}

	const base = await chooseBase(app, suggestions);
	const setup = base && (await chooseSetup(app, suggestions));
	if (base && setup) {
		await confirm(app, reload, {ide: editors[Number(ide)]?.ide, ...base, setup, ports: portsOf(suggestions), comments: true});
	}
}

const choose = async (
	app: App,
	title: string,
	lines: readonly string[],
	options: readonly Option[],
): Promise<string | undefined> =>
	new Promise(resolve => {
		app.ask({title, lines, options}, resolve);
	});

async function chooseBase(app: App, suggestions: readonly Suggestion[]): Promise<Base | undefined> {
	const suggested = suggestions.flatMap(({from, change}): Array<Option & {base: Base}> => [
		...(change.python === undefined
			? []
			: [{label: `Python ${change.python} (${from})`, value: `python ${change.python}`, base: {python: change.python}}]),
		...(change.image === undefined
			? []
			: [{label: `The image ${change.image} (${from})`, value: `image ${change.image}`, base: {image: change.image}}]),
	]);
	const others = pythons
		.filter(version => suggested.every(({base}) => base.python !== version))
		.map((version): Option & {base: Base} => ({label: `Python ${version}`, value: `python ${version}`, base: {python: version}}));
	const options: Array<Option & {base: Base}> = [
		...suggested,
		{label: 'What the machine has', value: 'plain', base: {}},
		...others,
		{label: 'A container image of my own', value: 'image', base: {image: ''}},
	];
	const value = await choose(app, 'What does it run in?', [], unique(options));
	const base = options.find(option => option.value === value)?.base;
	if (base?.image !== '') {
		return base;
	}

	const image = await app.prompt('image: ', '');
	return image === undefined || image.trim() === '' ? undefined : {image: image.trim()};
}

const unique = (options: readonly Option[]): Option[] =>
	options.filter(({value}, index) => options.findIndex(other => other.value === value) === index);

/** The commands that prepare it: all that the folder suggests, one of them, or none. */
async function chooseSetup(app: App, suggestions: readonly Suggestion[]): Promise<readonly string[] | undefined> {
	const found = suggestions.filter(({change}) => (change.setup?.length ?? 0) > 0);
	if (found.length === 0) {
		return [];
	}

	const all = found.flatMap(({change}) => change.setup ?? []);
	const value = await choose(
		app,
		'What prepares it, once?',
		found.map(({words}) => words),
		[
			...(found.length > 1 ? [{label: `All of it: ${all.join('; ')}`, value: 'all'}] : []),
			...found.map(({from, change}, index) => ({label: `${change.setup?.join('; ')} (${from})`, value: String(index)})),
			{label: 'Nothing', value: 'none'},
		],
	);
	return value === undefined
		? undefined
		: value === 'none'
			? []
			: value === 'all'
				? all
				: (found[Number(value)]?.change.setup ?? []);
}

const portsOf = (suggestions: readonly Suggestion[]): number[] => [
	...new Set(suggestions.flatMap(({change}) => change.ports ?? [])),
];

async function confirm(app: App, reload: Reload, choice: StarterChoice): Promise<void> {
	const text = starterText(choice);
	const value = await choose(app, 'Write this .dstack.yml?', text.trimEnd().split('\n'), [
		{label: 'Write it', value: 'write'},
		{label: 'Write it, and open it in $EDITOR', value: 'edit'},
		{label: 'Begin again', value: 'again'},
		{label: 'Not now', value: 'no'},
	]);
	if (value === 'again') {
		await startWizard(app, reload);
	} else if (value === 'write' || value === 'edit') {
		await app.work('writing', async () => {
			await app.core.writeStarter(text);
			await reload(app);
		});
		const index = app.state().configurations?.findIndex(({file}) => file === '.dstack.yml') ?? 0;
		app.moveTo(index, app.state().configurations?.length ?? 0);
		if (value === 'edit' && app.state().trouble === undefined) {
			await editConfiguration(app, reload);
		}
	}
}
