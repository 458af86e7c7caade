import {loadFolder} from '../store/choosing.js';
import {loadEnvironments} from '../store/environments.js';
import {leaveRun} from '../store/running.js';
import type {App} from '../store/app.js';
import type {Binding} from '../keymap.js';

/** Ctrl-C leaves at once, unless an environment is looked after: then it asks, and a second one lets go of it. */
export function interrupt(app: App): void {
	const {run} = app.state();
	if (run) {
		leaveRun(app, 'quit');
	} else {
		app.end({kind: 'interrupted', signal: 'SIGINT'});
	}
}

function quit(app: App): void {
	const {screen} = app.state();
	if (screen === 'run') {
		leaveRun(app, 'quit');
	} else {
		app.end({kind: 'quit'});
	}
}

function back(app: App): void {
	const {screen, filter} = app.state();
	if (screen === 'run') {
		leaveRun(app, 'list');
	} else if (screen === 'offers' && filter !== '') {
		app.filter('');
	} else if (!app.back()) {
		app.say('This is the first screen; q leaves');
	} else if (app.state().screen === 'configurations' && app.state().configurations === undefined) {
		// The program began further on.
		void loadFolder(app);
	}
}

export const general: readonly Binding[] = [
	{id: 'help', keys: ['?'], screens: 'all', title: 'Show all keys of this screen', run: app => app.set({help: 0})},
	{
		id: 'palette',
		keys: [':', 'ctrl-p'],
		screens: 'all',
		title: 'Choose what to do from a list',
		run: app => app.edit('palette', ': ', ''),
	},
	{id: 'back', keys: ['esc'], screens: 'all', title: 'Go back', run: back},
	{
		id: 'environments',
		keys: ['E'],
		screens: ['configurations', 'profiles', 'form', 'offers', 'plan'],
		title: 'List the environments that run',
		footer: 'environments',
		run(app) {
			app.go('environments');
			void loadEnvironments(app);
		},
	},
	{
		id: 'quit',
		keys: ['q'],
		screens: 'all',
		title: 'Leave; an environment on the screen is asked about first',
		footer: 'quit',
		run: quit,
	},
	{id: 'interrupt', keys: ['ctrl-c'], screens: 'all', title: 'Leave at once; twice lets go of an environment', run: interrupt},
	{
		id: 'suspend',
		keys: ['ctrl-z'],
		screens: 'all',
		title: 'Suspend the program; `fg` brings it back',
		run: app => void app.options.sleep(),
	},
	{id: 'redraw', keys: ['ctrl-l'], screens: 'all', title: 'Draw the screen anew', run: app => void app.options.redraw()},
];
