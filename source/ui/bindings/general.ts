import {leaveBackends} from '../store/backends.js';
import {loadFolder} from '../store/load-folder.js';
import {loadEnvironments} from '../store/listing.js';
import {inLogs} from '../layout.js';
import {chosenPort} from '../store/port-items.js';
import {changeGrid, chosenRow} from '../store/offers.js';
import {leaveRuns, showList} from '../store/leaving.js';
import {changeRun} from '../store/tabs.js';
import type {App} from '../store/app.js';
import type {Binding} from '../keymap.js';
import type {AppState} from '../store/state.js';

/** Ctrl-C leaves at once, unless environments are looked after: then it asks, and a second one lets go of them. */
export function interrupt(app: App): void {
	if (app.state().run) {
		leaveRuns(app, 'interrupt');
	} else {
		app.end({kind: 'interrupted', signal: 'SIGINT'});
	}
}

/** Whether the cursor is on a port, which is left first. */
const hasPort = ({screen, run}: AppState): boolean => screen === 'run' && chosenPort(run) !== undefined;

function backWord(state: AppState): string | undefined {
	if (inLogs(state)) {
		return 'close';
	}

	return hasPort(state) ? 'leave port' : state.screen !== 'run' && state.back.length > 0 ? 'back' : undefined;
}

function back(app: App): void {
	const {screen, grid} = app.state();
	if (app.takeBack) {
		app.takeBack();
		app.say('Left as it is');
	} else if (inLogs(app.state())) {
		changeRun(app, {showLogs: false});
	} else if (hasPort(app.state())) {
		changeRun(app, {port: undefined});
	} else if (screen === 'run') {
		showList(app);
	} else if (screen === 'offers' && grid.filter !== '') {
		changeGrid(app, {filter: ''}, chosenRow(app.state()));
	} else if (screen === 'offers' && grid.opened !== undefined) {
		changeGrid(app, {opened: undefined});
	} else if (screen === 'backends') {
		leaveBackends(app);
		app.back();
	} else if (!app.back()) {
		app.say('This is the first screen; q leaves');
	} else if (app.state().screen === 'configurations' && app.state().configurations === undefined) {
		// The program began further on.
		void loadFolder(app);
	}
}

/** Switches the mouse off or on, and keeps it so. */
function toggleMouse(app: App): void {
	const mouse = !app.state().mouse;
	app.set({mouse});
	app.core.preferences.rememberMouse(mouse);
	app.say(
		mouse
			? 'The mouse is on; with shift most terminals select text'
			: 'The mouse is off: the terminal selects text; M switches it on',
	);
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
	{
		id: 'back',
		keys: ['esc'],
		screens: 'all',
		title: 'Go back',
		footer: backWord,
		vital: true,
		run: back,
	},
	{
		id: 'environments',
		keys: ['E'],
		screens: ['configurations', 'profiles', 'form', 'offers', 'compare', 'plan'],
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
		title: 'Leave; open environments are asked about first',
		footer: 'quit',
		vital: true,
		run: app => leaveRuns(app),
	},
	{
		id: 'interrupt',
		keys: ['ctrl-c'],
		screens: 'all',
		title: 'Leave at once; open environments are asked about first, and a second one lets go of them',
		run: interrupt,
	},
	{
		id: 'suspend',
		keys: ['ctrl-z'],
		screens: 'all',
		title: 'Suspend the program; `fg` brings it back',
		run: app => void app.options.sleep(),
	},
	{
		id: 'mouse',
		keys: ['M'],
		screens: 'all',
		title: 'Mouse off or on; while on, shift selects text in most terminals',
		when: ({mouse}) => mouse !== undefined,
		run: toggleMouse,
	},
	{id: 'redraw', keys: ['ctrl-l'], screens: 'all', title: 'Draw the screen anew', run: app => void app.options.redraw()},
];
