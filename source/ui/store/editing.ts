import {messageOf, sentencesOf} from '../../system/problem.js';
import type {App} from './app.js';
import {makePlan} from './loading.js';
import {commitRow, tryRow} from './form.js';
import {changeGrid, rememberFilter} from './offers.js';
import {saveProfile} from './saving.js';
import {findNext} from './scroll-logs.js';
import {extend} from './running.js';
import {changeRun} from './tabs.js';
import type {Field} from './state.js';

/** A shell inside the environment on the screen, by the system's own ssh. */
export async function openShell(app: App): Promise<void> {
	const {run} = app.state();
	if (!run) {
		return;
	}

	const {ssh: command} = run;
	try {
		const code = await app.options.hand(['sh', '-c', command]);
		app.say(code === 255 ? `\`${command}\` could not connect` : 'Back from the shell', code === 255 ? 'error' : 'info');
	} catch (error) {
		app.say(`\`${command}\` could not be started: ${messageOf(error)}`, 'error');
	}
}

/** What a change of the text being typed means at once. */
export function onTyped(app: App, {id, text}: Field): void {
	if (id === 'filter') {
		changeGrid(app, {filter: text, opened: undefined});
	} else if (id === 'override') {
		tryRow(app, text);
	} else if (id === 'search') {
		changeRun(app, {search: text, found: undefined});
	}
}

/** What the finished text is for. The palette is the caller's. */
export function onCommitted(app: App, {id, text}: Field): void {
	if (id === 'filter') {
		rememberFilter(app, text);
	} else if (id === 'name') {
		void rename(app, text.trim());
	} else if (id === 'prompt') {
		app.answer(text);
	} else if (id === 'override') {
		commitRow(app, text);
	} else if (id === 'profile-name') {
		void saveProfile(app, text.trim());
	} else if (id === 'extend') {
		void extend(app, text);
	} else if (id === 'search' && text !== '') {
		findNext(app, 1);
	}
}

/** Plans anew under another name. One that cannot be used leaves the plan as it was, and the line open to mend it. */
async function rename(app: App, text: string): Promise<void> {
	const {plan, name} = app.state();
	app.set({name: text === '' ? undefined : text});
	await makePlan(app);
	const {trouble, screen} = app.state();
	if (trouble && plan) {
		app.set({plan, name, trouble: undefined});
		if (screen === 'plan') {
			app.edit('name', 'name: ', text);
			app.say(sentencesOf(trouble), 'error');
		}
	}
}
