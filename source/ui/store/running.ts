import type {RunHandle} from '../../runs/model/run-handle.js';
import {type App, troubleOf} from './app.js';
import {changeOpen, closeTab, currentHandle, isCurrent, isOpen, showOpen} from './tabs.js';
import {parseDuration} from '../../configuration/grammar/grammar.js';
import {formatDuration} from '../../system/format.js';
import {messageOf, Problem} from '../../system/problem.js';
import {isOver, type RunState} from '../../runs/model/state.js';
import {dateTime} from '../../runs/words/event-words.js';
import {watchAsking} from './agreeing.js';
import {drawNews} from './redraw.js';
import {type RunSnapshot, snapshotOf} from './run-snapshot.js';
import {openRuns, type RunView} from './state.js';
import {watchLoads} from './watching-load.js';

/** How a run is shown at first. */
export const newView = (snapshot: RunSnapshot): RunView => ({
	...snapshot,
	tab: 'all',
	top: undefined,
	search: '',
	found: undefined,
	showLogs: false,
	times: {},
	isWrapped: false,
	port: undefined,
	loads: [],
	listeners: new Map(),
});

/** Puts a run on the screen in a tab of its own, in place of what led to it: back means the list of environments. */
export function showRun(app: App, handle: RunHandle): void {
	const {name} = handle;
	const before = app.handles.get(name);
	if (before && before !== handle) {
		closeTab(app, before);
		if (!isOver(before.state())) {
			app.hold(before.detach());
		}
	}

	app.partings.delete(name);
	const run = newView(snapshotOf(handle, app.core));
	app.handles.set(name, handle);
	app.set({run, runs: [...openRuns(app.state()), run]});
	showOpen(app, handle);
	const stopListening = listen(app, handle);
	const stopAsking = watchAsking(app, handle);
	const stopLoads = watchLoads(app, handle);
	void loadStepTimes(app, handle);
	app.keep(`run ${name}`, () => {
		stopListening();
		stopAsking();
		stopLoads();
	});
	// A step that failed is shown with the steps, and can be tried again.
	handle.whenReady().catch(() => app.set({}));
	watchEnd(app, handle);
}

/** Says that a run has ended, or that its link is given up. */
function watchEnd(app: App, handle: RunHandle): void {
	const {name} = handle;
	handle.whenOver().then(
		() => {
			if (isOpen(app, handle)) {
				app.say(`${name} has ended`, 'error');
			}
		},
		(error: unknown) => {
			if (isCurrent(app, handle)) {
				app.set({trouble: troubleOf(error)});
			} else {
				app.say(`${name}: ${messageOf(error)}`, 'error');
			}
		},
	);
}

/** Tries the failed step again, or a link that was given up; that may be given up again. */
export function retry(app: App): void {
	const handle = currentHandle(app);
	if (handle) {
		const wasGivenUp = handle.health().status === 'down';
		handle.retry();
		app.set({trouble: undefined});
		if (wasGivenUp) {
			watchEnd(app, handle);
		}
	}
}

/** Hears what changes of the run; returns the way to stop. */
function listen(app: App, handle: RunHandle): () => void {
	let {phase} = handle.state();
	const drawn = drawNews(app, handle);
	const stopListening = handle.subscribe(() => {
		const before = phase;
		({phase} = handle.state());
		if (phase === 'ready' && before !== 'ready') {
			changeOpen(app, handle, {showLogs: false});
			app.say(`${handle.name} is ready`);
		}

		rememberListeners(app, handle);
		drawn.look();
	});
	return () => {
		stopListening();
		drawn.stop();
	};
}

/** A port that is forwarded is offered no more: what listens there is known from before. */
function rememberListeners(app: App, handle: RunHandle): void {
	const known = isOpen(app, handle) ? openRuns(app.state()).find(({name}) => name === handle.name)?.listeners : undefined;
	const news = handle.health().offered.filter(({port, process}) => process !== undefined && known?.get(port) !== process);
	if (known && news.length > 0) {
		const listeners = new Map([...known, ...news.map(({port, process = ''}) => [port, process] as const)].slice(-200));
		changeOpen(app, handle, {listeners});
	}
}

/** Puts a run on the screen as soon as it is there, unless the person has left meanwhile; true when it is on it. */
export async function beginRun(app: App, run: Promise<RunHandle>): Promise<boolean> {
	const handle = await app.begin(run);
	if (handle) {
		showRun(app, handle);
	}

	return handle !== undefined;
}

/** Shows the tab of the run, or attaches to it in a new one. */
export async function attach(app: App, name: string): Promise<void> {
	const open = app.handles.get(name);
	if (open) {
		showOpen(app, open);
		return;
	}

	await app.work(`attaching to ${name}`, async () => {
		await beginRun(app, app.core.attach(name));
	});
}

export async function extend(app: App, text: string): Promise<void> {
	const handle = currentHandle(app);
	if (handle) {
		await app.work('moving the deadline', async () => {
			const seconds = parseDuration(text);
			if (seconds === 'off') {
				throw new Problem('usage', 'A deadline can be moved, and not be taken away', {next: 'Say how much later: 2h, 1d.'});
			}

			await handle.extend(seconds);
			app.say(extendedWords(handle.state()));
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
	const link = app.state().run?.ide;
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
	const text = run && (run.ide?.url ?? run.ssh);
	if (text !== undefined) {
		app.copy(text);
	}
}

/** Reads how long steps took before. What is expected of a run stays what it was when it came onto the screen. */
export async function loadStepTimes(app: App, handle: RunHandle): Promise<void> {
	changeOpen(app, handle, {times: await app.core.stepTimes()});
}
