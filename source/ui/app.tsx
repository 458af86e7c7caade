import {programName} from '../system/program-name.js';
import process from 'node:process';
import {render, useApp, useInput, usePaste} from 'ink';
import {useEffect, useSyncExternalStore} from 'react';
import type {Core} from '../runs/core.js';
import type {RunHandle} from '../runs/model/run-handle.js';
import {isOver} from '../runs/model/state.js';
import {goesOnWords} from '../runs/words/event-words.js';
import {sentencesOf} from '../system/problem.js';
import type {Clock} from '../system/clock.js';
import {Screen} from './components/screen.js';
import {onKey, onPaste} from './input.js';
import {keyNames} from './terminal/keys.js';
import {App} from './store/app.js';
import type {AppEnd} from './store/app-options.js';
import {loadEnvironments} from './store/listing.js';
import {openHandles} from './store/tabs.js';
import {keepReconciled} from './store/reconciling.js';
import {refreshFolder} from './store/refreshing.js';
import {keepCatalogueFresh} from './store/refreshing-catalogue.js';
import {followSpotHistory} from './store/spot-history.js';
import {pointingOf} from './mouse-modes.js';
import {watchAttention} from './attention/watch.js';
import {endOnInterruption} from './terminal/signals.js';
import {followJob, refreshSize} from './terminal/job-control.js';
import {openLink} from './terminal/open-link.js';
import {callPerson, copyText, releaseInput, runInForeground, type Suspend, WindowTitle} from './terminal/terminal.js';
import {logArea} from './layout.js';

/** Somebody is there after all: what they did is shown at once. */
function seeToIt(app: App): void {
	if (!app.state().focused) {
		app.draw();
	}
}

type RootProps = {readonly app: App; readonly onSuspend: (suspend: Suspend) => void};

/** The app on Ink: reads the store, sends keys. */
export function Root({app, onSuspend}: RootProps) {
	const state = useSyncExternalStore(app.subscribe, app.state);
	const {suspendTerminal} = useApp();
	useEffect(() => {
		onSuspend(async callback => {
			await suspendTerminal(callback);
		});
	}, [suspendTerminal, onSuspend]);
	useInput((input, key) => {
		for (const name of keyNames(input, key)) {
			onKey(app, name);
		}

		seeToIt(app);
	});
	usePaste(text => {
		onPaste(app, text);
		seeToIt(app);
	});
	return <Screen state={state} />;
}

const enterAlternateScreen = '\u001B[?1049h';
const leaveAlternateScreen = '\u001B[?1049l';
const homeAndErase = '\u001B[H\u001B[2J';

/** Ink steps over lines that did not change one by one: over thirty and more of them with each key. */
const stepped = (text: string): string => text.replace(/(?:\u001B\[E){2,}/g, steps => `\u001B[${steps.length / 3}E`);

/** What is sent with each entry into the alternate screen, and before each way out of it. */
type Passage = {readonly enter: () => string; readonly leave: () => string};

/**
The stream with each entry into the alternate screen followed by a move to its top left corner: the screen keeps the cursor where the
shell had it, and a first line that begins there would stand askew for as long as nothing changes in it. The modes of the mouse go on and
off with the screen, so that no way out of it, and no program that it is lent to, is left with them.
*/
function fromTheTop(stream: NodeJS.WriteStream, {enter, leave}: Passage): NodeJS.WriteStream {
	const write = (data: string | Uint8Array, ...rest: never[]) =>
		stream.write(
			typeof data === 'string'
				? stepped(data)
						.replace(enterAlternateScreen, () => enterAlternateScreen + homeAndErase + enter())
						.replace(leaveAlternateScreen, () => leave() + leaveAlternateScreen)
				: data,
			...rest,
		);
	return new Proxy(stream, {
		get(target, key) {
			const value: unknown = key === 'write' ? write : Reflect.get(target, key, target);
			return typeof value === 'function' && key !== 'write' ? value.bind(target) : value;
		},
	});
}

/** How long a program that has the terminal may take to end when the app does, milliseconds. */
const hangUpLimit = 1000;

const smallest = {columns: 80, rows: 24};

/** Draws the app until it ends; `begin` leads to its first screen. The terminal is as it was when this returns. */
export async function startApp(core: Core, clock: Clock, begin: (app: App) => Promise<void>): Promise<AppEnd> {
	const {stdout} = process;
	const size = () => ({columns: stdout.columns || smallest.columns, rows: stdout.rows || smallest.rows});
	let suspend: Suspend = async callback => callback();
	let isLent = false;
	let lent: Promise<unknown> = Promise.resolve();
	const over = new AbortController();
	/** One after the other: ctrl-z may come while ctrl-l is still at it. */
	const lend = async (act: () => Promise<void>): Promise<void> => {
		const turn = lent.then(async () => {
			isLent = true;
			try {
				await suspend(async () => {
					await releaseInput();
					await act();
					await refreshSize();
				});
			} finally {
				isLent = false;
				app.set({...size(), focused: true});
			}
		});
		// What went wrong is told to who asked; the next one has its turn all the same.
		lent = turn.catch(() => undefined);
		return turn;
	};

	const app = new App({
		logArea,
		core,
		clock,
		size: size(),
		open: openLink,
		copy: copyText,
		async hand(command) {
			let code = 0;
			await lend(async () => {
				code = await runInForeground(command, over.signal);
			});
			return code;
		},
		sleep: async () => lend(job.stop),
		redraw: async () => lend(async () => undefined),
	});
	const job = followJob({
		isLent: () => isLent,
		async onRest() {
			await Promise.allSettled(openHandles(app).map(async handle => handle.suspend()));
		},
		onResume() {
			for (const handle of openHandles(app)) {
				handle.resume();
			}
		},
		onStop: () => void app.options.sleep(),
		onWake() {
			if (!app.hasEnded) {
				void app.options.redraw();
			}
		},
	});

	const onResize = () => app.set(size());
	stdout.on('resize', onResize);
	const stopListening = endOnInterruption(app, () => isLent);
	const pointing = pointingOf(app, () => isLent);
	const settings = core.preferences.attention();
	const title = new WindowTitle(settings.title);
	watchAttention(app, {
		call: words => callPerson(words, settings.notify, isLent),
		title: text => title.set(text),
	});
	app.keep(
		'list',
		core.onRunsChanged(() => {
			if (app.state().screen === 'environments') {
				void loadEnvironments(app);
			}
		}),
	);

	app.keep(
		'files',
		core.onFilesChanged(() => {
			void refreshFolder(app);
		}),
	);

	keepCatalogueFresh(app);
	keepReconciled(app);
	app.keep(
		'waits',
		core.onWaits(waits => app.set({waits})),
	);
	followSpotHistory(app);

	// What is typed from now on is ours: the terminal would write it into the first frame.
	if (process.stdin.isTTY) {
		process.stdin.setRawMode(true);
	}

	// Begun before the first frame, so that it shows where this begins.
	void app.work('', async () => begin(app));
	const {damage} = core.preferences;
	const [problem] = damage ? [sentencesOf(damage)] : settings.problems;
	if (problem !== undefined) {
		app.say(problem, 'error');
	}

	const instance = render(
		<Root
			app={app}
			onSuspend={given => {
				suspend = given;
			}}
		/>,
		{
			stdin: pointing.stdin,
			stdout: fromTheTop(stdout, {
				enter: () => title.enter() + pointing.enter(),
				leave: () => pointing.leave() + title.leave(),
			}),
			alternateScreen: true,
			incrementalRendering: true,
			maxFps: 120,
			exitOnCtrlC: false,
			patchConsole: true,
		},
	);
	const broken = instance.waitUntilExit().then(
		(): AppEnd => ({kind: 'quit'}),
		(error: unknown): AppEnd => ({kind: 'failed', problem: error}),
	);
	try {
		const end = await Promise.race([app.ended, broken]);
		app.end(end);
		over.abort();
		await Promise.race([lent, clock.sleep(hangUpLimit)]);
		await app.settled();
		const last = await letGo(app, end);
		return {...last, farewell: [...app.partings.values(), last.farewell].filter(Boolean).join('\n') || undefined};
	} finally {
		instance.unmount();
		await broken;
		stdout.off('resize', onResize);
		job.unfollow();
		stopListening();
	}
}

/** Whatever ends the program, open environments go on, and their preparation in the background. */
async function letGo(app: App, end: AppEnd): Promise<AppEnd> {
	const handles = openHandles(app).filter(handle => !isOver(handle.state()));
	const words = await Promise.all(
		handles.map(async handle => {
			const isStopping = handle.state().phase === 'stopping';
			if (isStopping && end.leavesEnds) {
				return stopped(handle);
			}

			await handle.detach();
			return isStopping ? stopped(handle) : goesOnWords(handle.name);
		}),
	);
	return {...end, farewell: [end.farewell, ...words].filter(Boolean).join('\n') || undefined};
}

const stopped = (handle: RunHandle): string =>
	isOver(handle.state()) ? `${handle.name} is gone.` : `${handle.name} is not ended yet: ${programName} stop ${handle.name}`;
