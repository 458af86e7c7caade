import type {RunState} from '../../runs/model/state.js';
import {isPastDeadline, startLines} from '../../runs/words/overdue-words.js';
import {programName} from '../../system/program-name.js';
import type {App} from './app.js';
import {loadEnvironments} from './listing.js';
import {beginRun} from './running.js';
import {closeTab} from './tabs.js';

/** Whether the machine of a run is stopped in its cloud, and nobody is about to end it. */
export const canStartAgain = (run: RunState | undefined): boolean => run?.halted !== undefined && run.phase !== 'stopping';

/** Starts the machine of a run that is stopped, after a question, since money begins again; then attaches to it. */
export function startAgain(app: App, run: RunState): void {
	const {name} = run;
	const now = app.options.clock.now();
	const no = {label: 'No, leave it stopped', value: 'no'};
	if (isPastDeadline(now, run)) {
		app.say(`The deadline of ${name} has passed: started, it would end itself at once, with all that is on it`, 'error');
		return;
	}

	app.ask(
		{title: `Start ${name} again?`, lines: startLines(now, run), options: [no, {label: 'Yes, start it', value: 'yes'}]},
		value => {
			if (value === 'yes') {
				void app.work(`starting ${name}; this takes a minute or two`, async () => startNow(app, name));
			}
		},
	);
}

async function startNow(app: App, name: string): Promise<void> {
	// Only one program, or part of one, looks after a run: the tab lets go of it, and another one takes it up when it runs.
	const open = app.handles.get(name);
	if (open) {
		closeTab(app, open);
		app.set({screen: 'environments', back: ['configurations']});
		await open.detach();
	}

	try {
		await app.core.start(name, {onProgress: text => app.set({busy: `starting ${name}: ${text}`})});
	} finally {
		void loadEnvironments(app);
	}

	app.say(`${name} runs again; \`${programName} attach ${name}\` comes back to it from anywhere`);
	await beginRun(app, app.core.attach(name));
}
