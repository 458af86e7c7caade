import {keyLabel} from './terminal/keys.js';
import type {App} from './store/app.js';
import type {AppState, ScreenName} from './store/state.js';

/** One thing that a person can do. Footer, help, palette and README are all made from these. */
export type Binding = {
	readonly id: string;
	/** Names as `keyNames` gives them; the first is shown. Empty: only in the palette. */
	readonly keys: readonly string[];
	readonly screens: readonly ScreenName[] | 'all';
	readonly title: string;
	/** The short word in the line of keys; without one it is only in the help. */
	readonly footer?: string | ((state: AppState) => string | undefined);
	/** Stays in the line of keys when others have to go: how to leave. */
	readonly vital?: boolean;
	/** Whether it means anything now; without meaning it is not shown. */
	readonly when?: (state: AppState) => boolean;
	/** Why it cannot be done now, which the key answers with. */
	readonly disabled?: (state: AppState) => string | undefined;
	readonly run: (app: App) => void;
};

export const bindingsOf = (all: readonly Binding[], state: AppState): Binding[] =>
	all.filter(({screens, when}) => (screens === 'all' || screens.includes(state.screen)) && (when?.(state) ?? true));

export const bindingFor = (all: readonly Binding[], state: AppState, key: string): Binding | undefined =>
	bindingsOf(all, state).find(({keys}) => keys.includes(key));

/** Runs the binding's action, or says why that is not possible. */
export function perform(app: App, binding: Binding): void {
	const reason = binding.disabled?.(app.state());
	if (reason === undefined) {
		binding.run(app);
	} else {
		app.say(reason, 'error');
	}
}

/** A piece of the line of keys: `enter choose`. */
export type FooterWord = {readonly text: string; readonly vital: boolean};

export const footerWords = (all: readonly Binding[], state: AppState): FooterWord[] =>
	bindingsOf(all, state).flatMap(({keys, footer, vital = false, disabled}) => {
		const word = typeof footer === 'function' ? footer(state) : footer;
		return word === undefined || disabled?.(state) !== undefined ? [] : [{text: `${keyLabel(keys[0] ?? '')} ${word}`, vital}];
	});

export const keysOf = ({keys}: Binding): string => keys.map(keyLabel).join(' ');

/** What the palette offers for a text: every word must occur in the title. */
export function paletteMatches(all: readonly Binding[], state: AppState, text: string): Binding[] {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	return bindingsOf(all, state)
		.filter(({id}) => id !== 'palette')
		.filter(({title}) => words.every(word => title.toLowerCase().includes(word)));
}

const names: Readonly<Record<ScreenName, string>> = {
	configurations: 'Configurations',
	profiles: 'Profiles',
	form: 'What to ask for',
	offers: 'Offers',
	compare: 'Compare',
	plan: 'Plan',
	run: 'Environment',
	environments: 'List of environments',
	backends: 'Backends',
};

/** The keys as a table in Markdown, for the README. */
export function keyTable(all: readonly Binding[]): string {
	const where = ({screens}: Binding) => (screens === 'all' ? 'Everywhere' : screens.map(screen => names[screen]).join(', '));
	const rows = all.filter(({keys}) => keys.length > 0);
	const groups = Map.groupBy(rows, where);
	const cell = (binding: Binding) => binding.keys.map(key => `\`${keyLabel(key)}\``).join(' ');
	return [
		'| Where | Keys | What |',
		'| --- | --- | --- |',
		...[...groups].flatMap(([group, bindings]) =>
			bindings.map((binding, index) => `| ${index === 0 ? group : ''} | ${cell(binding)} | ${binding.title} |`),
		),
	].join('\n');
}
