import {neutraliseLine} from '../system/terminal-text.js';
import {bindings} from './bindings/index.js';
import {interrupt} from './bindings/general.js';
import {bindingFor, paletteMatches, perform} from './keymap.js';
import type {App} from './store/app.js';
import {onCommitted, onTyped} from './store/editing.js';
import {complete, recall} from './store/filtering.js';
import {changeGrid, shownCount} from './store/offers.js';
import {detachAll} from './store/leaving.js';
import type {Field} from './store/state.js';

const segmenter = new Intl.Segmenter();

const withoutLast = (text: string): string =>
	[...segmenter.segment(text)]
		.slice(0, -1)
		.map(({segment}) => segment)
		.join('');

/** One key, by name. What is on top hears it first: a question, a line being typed, the help, then the screen. */
export function onKey(app: App, key: string): void {
	// What a key means depends on how things are, and not on how they were when they were drawn.
	app.lookAtRuns();
	const {dialog, field, help, message} = app.state();
	// What was said has been read by then.
	if (message && !dialog && !field) {
		app.set({message: undefined});
	}

	if (dialog) {
		onDialogKey(app, key);
	} else if (field) {
		onFieldKey(app, field, key);
	} else if (help !== undefined) {
		onHelpKey(app, help, key);
	} else {
		const binding = bindingFor(bindings, app.state(), key);
		if (binding) {
			perform(app, binding);
		} else if (key.length === 1) {
			app.say(`${key} does nothing here; ? shows the keys`);
		}
	}
}

/** Text that was pasted never acts as keys: it goes into the line being typed, or nowhere. */
export function onPaste(app: App, text: string): void {
	const {field} = app.state();
	if (field) {
		type(app, field, field.text + neutraliseLine(text.trim()));
	} else {
		app.say('Nothing to paste into here');
	}
}

const steps: Readonly<Record<string, number>> = {up: -1, k: -1, 'shift-tab': -1, down: 1, j: 1, tab: 1};

function onDialogKey(app: App, key: string): void {
	const {dialog, run} = app.state();
	const step = steps[key];
	const own = dialog?.options.find(option => option.key === key);
	if (own) {
		app.choose(own.value);
	} else if (dialog && step !== undefined) {
		const {length} = dialog.options;
		app.set({dialog: {...dialog, index: (dialog.index + step + length) % length}});
	} else if (dialog && key === 'enter') {
		app.choose(dialog.options[dialog.index]?.value);
	} else if (key === 'esc' || key === 'q') {
		app.choose(undefined);
	} else if (key === 'ctrl-c') {
		app.set({dialog: undefined});
		if (run) {
			void detachAll(app);
		} else {
			interrupt(app);
		}
	}
}

function onFieldKey(app: App, field: Field, key: string): void {
	switch (key) {
		case 'enter': {
			commit(app, field);
			break;
		}

		case 'ctrl-c':
		case 'esc': {
			app.set({field: undefined, tentative: undefined});
			if (field.id === 'prompt') {
				app.answer(undefined);
			}

			if (field.id === 'filter') {
				changeGrid(app, {filter: field.before});
			}

			break;
		}

		case 'up':
		case 'ctrl-p':
		case 'down':
		case 'ctrl-n': {
			const step = key === 'up' || key === 'ctrl-p' ? -1 : 1;
			if (field.id === 'palette') {
				const count = paletteMatches(bindings, app.state(), field.text).length;
				app.set({field: {...field, index: Math.max(0, Math.min(count - 1, field.index + step))}});
			} else if (field.id === 'filter' && key.startsWith('ctrl-')) {
				recall(app, field, -step);
			} else if (field.id === 'filter') {
				app.moveTo(app.state().cursor.offers + step, shownCount(app.state().shown));
			}

			break;
		}

		case 'tab': {
			if (field.id === 'filter') {
				complete(app, field);
			}

			break;
		}

		case 'backspace':
		case 'delete': {
			type(app, field, withoutLast(field.text));
			break;
		}

		case 'ctrl-u': {
			type(app, field, '');
			break;
		}

		case 'ctrl-w': {
			type(app, field, field.text.trimEnd().replace(/\S+$/, ''));
			break;
		}

		default: {
			const text = key === 'space' ? ' ' : key;
			if ([...segmenter.segment(text)].length === 1) {
				type(app, field, field.text + text);
			}
		}
	}
}

function type(app: App, before: Field, text: string): void {
	const field = {...before, text, index: 0};
	app.set({field});
	onTyped(app, field);
}

function commit(app: App, field: Field): void {
	const chosen = field.id === 'palette' ? paletteMatches(bindings, app.state(), field.text)[field.index] : undefined;
	app.set({field: undefined});
	if (chosen) {
		perform(app, chosen);
	} else {
		onCommitted(app, field);
	}
}

function onHelpKey(app: App, top: number, key: string): void {
	if (key === 'ctrl-c') {
		app.set({help: undefined});
		interrupt(app);
	} else if (key === 'j' || key === 'down' || key === 'pagedown' || key === 'space') {
		app.set({help: top + (key === 'j' || key === 'down' ? 1 : 10)});
	} else if (key === 'k' || key === 'up' || key === 'pageup') {
		app.set({help: Math.max(0, top - (key === 'pageup' ? 10 : 1))});
	} else {
		app.set({help: undefined});
	}
}
