import {self} from '../../system/program-name.js';
import {parseDuration} from '../../configuration/grammar.js';
import {formatDuration} from '../../offers/format.js';
import {messageOf, Problem} from '../../system/problem.js';
import type {RunHandle} from '../../runs/handle.js';
import {isOver, type RunPhase, type RunState} from '../../runs/state.js';
import {dateTime, goesOnWords} from '../../runs/words.js';
import {logArea} from '../layout.js';
import {lastTop} from '../log-lines.js';
import {watchAsking} from './agreeing.js';
import {type App, troubleOf} from './app.js';
import {confirmEnd} from './end.js';
import {loadStepTimes} from './expecting.js';
import {chosenEnvironment, endListedOrphan, loadEnvironments} from './environments.js';
import type {RunView, Tab} from './state.js';

/** Puts a run on the screen, in place of what led to it: back means the list of environments. */
export function showRun(app: App, handle: RunHandle): void {
	let {phase} = handle.state();
	const stopListening = handle.subscribe(() => {
		const before = phase;
		({phase} = handle.state());
		if (phase === 'ready' && before !== 'ready') {
			changeRun(app, {showLogs: false});
			app.say(`${handle.name} is ready`);
		}

		app.set({});
	});
	app.partings.delete(handle.name);
	app.set({
		run: {handle, tab: 'all', top: undefined, search: '', found: undefined, showLogs: false, times: {}, isWrapped: false},
		now: app.options.clock.now(),
		screen: 'run',
		back: [],
		trouble: undefined,
	});
	const stopAsking = watchAsking(app, handle);
	void loadStepTimes(app, handle);
	app.keep('run', () => {
		stopListening();
		stopAsking();
	});
	// A step that failed is shown with the steps, and can be tried again.
	handle.whenReady().catch(() => app.set({}));
	handle.whenOver().then(
		() => {
			if (app.state().run?.handle === handle) {
				app.say(`${handle.name} has ended`, 'error');
			}
		},
		(error: unknown) => app.set({trouble: troubleOf(error)}),
	);
}

/** Puts a run on the screen as soon as it is there, unless the person has left meanwhile; true when it is on it. */
export async function beginRun(app: App, run: Promise<RunHandle>): Promise<boolean> {
	const handle = await app.begin(run);
	if (handle) {
		showRun(app, handle);
	}

	return handle !== undefined;
}

export async function attach(app: App, name: string): Promise<void> {
	await app.work(`attaching to ${name}`, async () => {
		await beginRun(app, app.engine.attach(name));
	});
}

export const changeRun = (app: App, change: Partial<RunView>): void => {
	const {run} = app.state();
	if (run) {
		app.set({run: {...run, ...change}});
	}
};

/** Log lines of the tab on the screen. */
export const logLines = ({handle, tab}: RunView) => handle.logs().lines(tab);

/** Moves through the log; at its end the newest lines are followed again. */
export function scrollLog(app: App, by: number): void {
	const {run} = app.state();
	if (run) {
		const highest = lastTop(logLines(run), run, logArea(app.state()));
		const top = Math.max(0, Math.min(highest, (run.top ?? highest) + by));
		changeRun(app, {top: top >= highest && by > 0 ? undefined : top, found: undefined});
	}
}

export const showTab = (app: App, tab: Tab): void => changeRun(app, {tab, top: undefined, found: undefined, showLogs: true});

/** To the next line that holds the search, up or down from the last one, else from the top of what is shown. */
export function findNext(app: App, direction: 1 | -1): void {
	const {run} = app.state();
	if (!run || run.search === '') {
		app.say('Nothing to search for; / begins a search', 'error');
		return;
	}

	const lines = logLines(run);
	const highest = lastTop(lines, run, logArea(app.state()));
	const from = run.found ?? (run.top ?? highest) - direction;
	const wanted = run.search.toLowerCase();
	for (let step = 1; step <= lines.length; step++) {
		const index = (from + direction * step + lines.length * 2) % lines.length;
		if (lines[index]?.text.toLowerCase().includes(wanted)) {
			changeRun(app, {top: Math.min(index, highest), found: index});
			app.say(`line ${index + 1} of ${lines.length}`);
			return;
		}
	}

	app.say(`'${run.search}' is not in this log`, 'error');
}

/**
Asks what is to become of the run before the screen leaves it. `then` is done after. An interrupt of one that is still starting is most
likely meant to cancel it, so that comes first.
*/
export function leaveRun(app: App, then: 'quit' | 'list', by: 'key' | 'interrupt' = 'key'): void {
	const {run} = app.state();
	if (!run) {
		app.end({kind: 'quit'});
		return;
	}

	const {handle} = run;
	const {phase} = handle.state();
	if (isOver(handle.state())) {
		leave(app, then);
		return;
	}

	if (phase === 'stopping') {
		if (app.state().busy === undefined) {
			// Its end failed, or is another program's.
			leave(app, then);
		} else {
			app.say(`${handle.name} is being ended; a moment`);
		}

		return;
	}

	const detaching = {label: `Detach: it goes on, \`${self} attach ${handle.name}\` comes back`, value: 'detach'};
	const stopping = {label: 'Stop: end it and delete what is in it', value: 'stop'};
	const stay = {label: 'Stay', value: 'stay'};
	app.ask(
		{
			title: `Leave ${handle.name}?`,
			lines: by === 'interrupt' ? ['Ctrl-c again lets go of it: it goes on.'] : [],
			options: by === 'interrupt' && phase === 'starting' ? [stopping, detaching, stay] : [detaching, stopping, stay],
		},
		value => {
			if (value === 'detach') {
				void detach(app, then);
			} else if (value === 'stop') {
				void stop(app, then, phase === 'starting');
			}
		},
	);
}

function leave(app: App, then: 'quit' | 'list', farewell?: string): void {
	const name = app.state().run?.handle.name;
	app.drop('run');
	app.set({run: undefined});
	if (then === 'quit') {
		app.end({kind: 'quit', farewell});
		return;
	}

	if (name !== undefined && farewell !== undefined) {
		app.partings.set(name, farewell);
	}

	app.set({screen: 'environments', back: ['configurations'], now: app.options.clock.now()});
	void loadEnvironments(app);
}

export async function detach(app: App, then: 'quit' | 'list'): Promise<void> {
	const {run} = app.state();
	if (run) {
		const {name} = run.handle;
		await app.work('detaching', async () => {
			await run.handle.detach();
			leave(app, then, goesOnWords(name));
		});
	}
}

const question = (name: string, {phase}: {readonly phase: RunPhase}): string =>
	phase === 'ended' ? `Delete what ${name} has kept?` : `End ${name} and delete what is in it?`;

/** Ends the run, also one that has ended and keeps something; before that, tells what would be lost with it and asks again. */
export async function stop(app: App, then: 'quit' | 'list', isAgreed = false): Promise<void> {
	const {run} = app.state();
	if (!run) {
		return;
	}

	const {handle} = run;
	const {name} = handle;
	const {phase, reachable} = handle.state();
	await confirmEnd(app, {
		name,
		source: handle.state().specification.folder,
		title: question(name, handle.state()),
		isAgreed,
		async ask() {
			return phase === 'ended' ? app.engine.unsavedWork(name) : reachable ? handle.unsavedWork() : {changed: false, lines: []};
		},
		async end() {
			await handle.stop('stopped');
			leave(app, then, then === 'quit' ? `${name} is gone.` : undefined);
		},
	});
}

/** The same for one in the list, that this program does not look after. */
export async function stopListed(app: App): Promise<void> {
	const chosen = chosenEnvironment(app.state());
	if (chosen?.kind === 'orphan') {
		endListedOrphan(app, chosen.orphan);
	} else if (chosen) {
		const {run} = chosen;
		const {name} = run;
		await confirmEnd(app, {
			name,
			source: run.specification.folder,
			title: question(name, run),
			ask: async () => app.engine.unsavedWork(name),
			async end() {
				await app.engine.stop(name, 'stopped');
				app.partings.delete(name);
				await loadEnvironments(app);
			},
		});
	}
}

export async function extend(app: App, text: string): Promise<void> {
	const {run} = app.state();
	if (run) {
		await app.work('moving the deadline', async () => {
			const seconds = parseDuration(text);
			if (seconds === 'off') {
				throw new Problem('usage', 'A deadline can be moved, and not be taken away', {next: 'Say how much later: 2h, 1d.'});
			}

			await run.handle.extend(seconds);
			app.say(extendedWords(run.handle.state()));
		});
	}
}

/** What holds after a deadline was moved; what ends it sooner all the same is said too. */
function extendedWords({deadline, notice, specification: {inactivity}}: RunState): string {
	return [
		deadline === undefined ? 'It has no deadline' : `It ends itself ${dateTime(deadline)} now`,
		inactivity === null ? '' : `sooner after ${formatDuration(inactivity)} without you`,
		notice ? 'the cloud takes it back all the same' : '',
	]
		.filter(Boolean)
		.join('; ');
}

export async function openIde(app: App): Promise<void> {
	const {run} = app.state();
	const link = run && app.engine.ideLink(run.handle.state());
	if (!link) {
		app.say('The configuration names no `ide`', 'error');
		return;
	}

	try {
		await app.options.open(link.url, link.command);
		app.say(`Opening ${link.ide}`);
	} catch (error) {
		// Whoever wants it opened needs the link now.
		app.options.copy(link.url);
		app.say(`It could not be opened from here: ${messageOf(error)}. The link is copied, if your terminal allows it`, 'error');
	}
}

export function copyLink(app: App): void {
	const {run} = app.state();
	const text = run && (app.engine.ideLink(run.handle.state())?.url ?? app.engine.sshCommand(run.handle.name));
	if (text !== undefined) {
		app.copy(text);
	}
}
