import {programName} from '../../system/program-name.js';
import type {RunHandle} from '../../runs/model/run-handle.js';
import {isOver, type RunPhase} from '../../runs/model/state.js';
import {goesOnWords} from '../../runs/words/event-words.js';
import {type App, troubleOf} from './app.js';
import {confirmEnd} from './confirm-end.js';
import {chosenEnvironment, endListedOrphan} from './environments.js';
import {loadEnvironments} from './listing.js';
import {waitRows} from '../drawing/frame.js';
import {closeTab, currentHandle, isCurrent, openHandles, turnRun} from './tabs.js';

/** The list of environments. What is open stays so in its tab; what is over is left. */
export function showList(app: App): void {
	const handle = currentHandle(app);
	if (handle && isOver(handle.state())) {
		closeTab(app, handle);
	}

	app.set({screen: 'environments', back: ['configurations'], trouble: undefined, now: app.options.clock.now()});
	void loadEnvironments(app);
}

/** Runs that go on when the program leaves, and are asked about. An end that failed, or is another program's, is not. */
const alive = (app: App): RunHandle[] =>
	openHandles(app).filter(
		handle => !isOver(handle.state()) && !(handle.state().phase === 'stopping' && app.state().busy === undefined),
	);

/**
Asks once what is to become of all open runs before the program ends. An interrupt of one that is still starting is most likely meant to
cancel it, so that comes first.
*/
export function leaveRuns(app: App, by: 'key' | 'interrupt' = 'key'): void {
	const handles = alive(app);
	const [first] = handles;
	const ending = handles.find(handle => handle.state().phase === 'stopping');
	if (!first) {
		app.end({kind: 'quit'});
	} else if (ending && by === 'interrupt' && waitRows(app.state()).length > 0) {
		// The way out that is on the screen.
		app.end({kind: 'interrupted', signal: 'SIGINT', leavesEnds: true});
	} else if (ending) {
		app.say(`${ending.name} is being ended; a moment`);
	} else if (handles.length === 1) {
		askOne(app, first, by);
	} else {
		askAll(app, handles, by);
	}
}

const again = (by: 'key' | 'interrupt', goOn: string): string[] =>
	by === 'interrupt' ? [`Ctrl-c again lets go of ${goOn}.`] : [];

function askOne(app: App, handle: RunHandle, by: 'key' | 'interrupt'): void {
	const {phase} = handle.state();
	const detaching = {label: `Detach: it goes on, \`${programName} attach ${handle.name}\` comes back`, value: 'detach'};
	const stopping = {label: 'Stop: end it and delete what is in it', value: 'stop'};
	const stay = {label: 'Stay', value: 'stay'};
	app.ask(
		{
			title: `Leave ${handle.name}?`,
			lines: again(by, 'it: it goes on'),
			options: by === 'interrupt' && phase === 'starting' ? [stopping, detaching, stay] : [detaching, stopping, stay],
		},
		value => {
			if (value === 'detach') {
				void detachAll(app);
			} else if (value === 'stop') {
				void stop(app, handle, 'quit', phase === 'starting');
			}
		},
	);
}

function askAll(app: App, handles: readonly RunHandle[], by: 'key' | 'interrupt'): void {
	app.ask(
		{
			title: `Leave ${handles.length} environments?`,
			lines: [handles.map(({name}) => name).join(', '), ...again(by, 'all of them: they go on')],
			options: [
				{label: `Detach: they go on, \`${programName} attach NAME\` comes back`, value: 'detach'},
				{label: 'Stay', value: 'stay'},
			],
		},
		value => {
			if (value === 'detach') {
				void detachAll(app);
			}
		},
	);
}

/** Lets go of all open runs and leaves the program. Where that fails for one, it stays on the screen. */
export async function detachAll(app: App): Promise<void> {
	await app.work('detaching', async () => {
		const handles = alive(app);
		const results = await Promise.allSettled(handles.map(async handle => handle.detach()));
		const left = handles.filter((_, index) => results[index]?.status === 'fulfilled');
		for (const handle of left) {
			closeTab(app, handle);
			app.partings.set(handle.name, goesOnWords(handle.name));
		}

		const failed = results.find(result => result.status === 'rejected');
		if (failed) {
			throw failed.reason;
		}

		for (const {name} of left) {
			app.partings.delete(name);
		}

		app.end({kind: 'quit', farewell: left.map(({name}) => goesOnWords(name)).join('\n') || undefined});
	});
}

/** Lets go of the run on the screen at once, and shows the next one; without another one it leaves the program. */
export function detach(app: App): void {
	const handle = currentHandle(app);
	if (!handle) {
		return;
	}

	const {name} = handle;
	if (app.state().runs.length === 1) {
		void detachAll(app);
		return;
	}

	closeTab(app, handle);
	app.partings.set(name, goesOnWords(name));
	app.hold(handle.detach().catch((error: unknown) => app.set({trouble: troubleOf(error)})));
	turnRun(app, 0);
	app.say(`${name} goes on; the list of environments leads back to it`);
}

const question = (name: string, {phase}: {readonly phase: RunPhase}): string =>
	phase === 'ended' ? `Delete what ${name} has kept?` : `End ${name} and delete what is in it?`;

/** Ends the run, also one that has ended and keeps something; before that, tells what would be lost with it and asks again. */
export async function stop(app: App, handle: RunHandle, then: 'quit' | 'list', isAgreed = false): Promise<void> {
	const {name} = handle;
	const {phase, reachable, halted} = handle.state();
	await confirmEnd(app, {
		name,
		source: handle.state().specification.folder,
		title: question(name, handle.state()),
		isAgreed,
		isHalted: halted !== undefined,
		async ask() {
			if (phase !== 'ended' && !halted && !reachable) {
				return {changed: false, lines: []};
			}

			// Its own link is no more when an end was refused at the last moment.
			return phase === 'ended' || halted
				? app.core.unsavedWork(name)
				: handle.unsavedWork().catch(async () => app.core.unsavedWork(name));
		},
		async end(consent) {
			await handle.stop('stopped', consent);
			leaveStopped(app, handle, then);
		},
	});
}

function leaveStopped(app: App, handle: RunHandle, then: 'quit' | 'list'): void {
	const wasShown = isCurrent(app, handle) && app.state().screen === 'run';
	closeTab(app, handle);
	if (then === 'quit' && app.state().runs.length === 0) {
		app.end({kind: 'quit', farewell: `${handle.name} is gone.`});
	} else if (wasShown) {
		showList(app);
	} else {
		app.say(`${handle.name} is gone`);
		void loadEnvironments(app);
	}
}

/** The same for one in the list. */
export async function stopListed(app: App): Promise<void> {
	const chosen = chosenEnvironment(app.state());
	if (chosen?.kind === 'orphan') {
		endListedOrphan(app, chosen.orphan);
	} else if (chosen) {
		const {run} = chosen;
		const {name} = run;
		const open = app.handles.get(name);
		if (open) {
			await stop(app, open, 'list');
			return;
		}

		await confirmEnd(app, {
			name,
			source: run.specification.folder,
			title: question(name, run),
			isHalted: run.halted !== undefined,
			ask: async () => app.core.unsavedWork(name),
			async end(consent) {
				await app.core.stop(name, 'stopped', consent);
				app.partings.delete(name);
				await loadEnvironments(app);
			},
		});
	}
}
