import {self} from '../system/program-name.js';
import process from 'node:process';
import {render, useApp, useInput, usePaste} from 'ink';
import {useEffect, useSyncExternalStore} from 'react';
import type {Engine} from '../runs/engine.js';
import type {RunHandle} from '../runs/handle.js';
import {isOver} from '../runs/state.js';
import {goesOnWords} from '../runs/words.js';
import type {Clock} from '../system/clock.js';
import {Screen} from './components/screen.js';
import {onKey, onPaste} from './input.js';
import {keyNames} from './keys.js';
import {App, type AppEnd} from './store/app.js';
import {loadEnvironments} from './store/environments.js';
import {refreshFolder} from './store/refreshing.js';
import {copyText, openLink, releaseInput, runInForeground, stopJob, type Suspend} from './terminal.js';

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
	});
	usePaste(text => {
		onPaste(app, text);
	});
	return <Screen state={state} engine={app.engine} />;
}

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
const smallest = {columns: 80, rows: 24};

/** Draws the app until it ends; `begin` leads to its first screen. The terminal is as it was when this returns. */
export async function startApp(engine: Engine, clock: Clock, begin: (app: App) => Promise<void>): Promise<AppEnd> {
	const {stdout} = process;
	const size = () => ({columns: stdout.columns || smallest.columns, rows: stdout.rows || smallest.rows});
	let suspend: Suspend = async callback => callback();
	let isLent = false;
	const lend = async (act: () => Promise<void>) => {
		isLent = true;
		try {
			await suspend(async () => {
				await releaseInput();
				await act();
			});
		} finally {
			isLent = false;
			app.set(size());
		}
	};

	const app = new App({
		engine,
		clock,
		size: size(),
		open: openLink,
		copy: copyText,
		async hand(command) {
			let code = 0;
			await lend(async () => {
				code = await runInForeground(command);
			});
			return code;
		},
		sleep: async () => lend(stopJob),
		redraw: async () => lend(async () => undefined),
	});

	const onResize = () => app.set(size());
	stdout.on('resize', onResize);
	const listeners = signals.map(signal => {
		// Ctrl-C inside a shell or an editor that has the terminal is theirs.
		const listener = () => {
			if (!(isLent && signal === 'SIGINT')) {
				app.end({kind: 'interrupted', signal});
			}
		};

		process.on(signal, listener);
		return {signal, listener};
	});
	app.keep(
		'list',
		engine.onRunsChanged(() => {
			if (app.state().screen === 'environments') {
				void loadEnvironments(app);
			}
		}),
	);

	app.keep(
		'files',
		engine.onFilesChanged(() => {
			void refreshFolder(app);
		}),
	);

	const instance = render(
		<Root
			app={app}
			onSuspend={given => {
				suspend = given;
			}}
		/>,
		{
			alternateScreen: true,
			incrementalRendering: true,
			maxFps: 60,
			exitOnCtrlC: false,
			patchConsole: true,
		},
	);
	const broken = instance.waitUntilExit().then(
		(): AppEnd => ({kind: 'quit'}),
		(error: unknown): AppEnd => ({kind: 'failed', problem: error}),
	);
	try {
		void app.work('', async () => begin(app));
		const end = await Promise.race([app.ended, broken]);
		app.end(end);
		await app.settled();
		return await letGo(app, end);
	} finally {
		instance.unmount();
		await broken;
		stdout.off('resize', onResize);
		for (const {signal, listener} of listeners) {
			process.off(signal, listener);
		}
	}
}

/** Whatever ends the program, an environment on the screen goes on, and its preparation in the background. */
async function letGo(app: App, end: AppEnd): Promise<AppEnd> {
	const {run} = app.state();
	if (!run) {
		return end;
	}

	const {handle} = run;
	if (isOver(handle.state())) {
		return end;
	}

	const isStopping = handle.state().phase === 'stopping';
	await handle.detach();
	return {...end, farewell: isStopping ? stopped(handle) : goesOnWords(handle.name)};
}

const stopped = (handle: RunHandle): string =>
	isOver(handle.state()) ? `${handle.name} is gone.` : `${handle.name} is not ended yet: ${self} stop ${handle.name}`;
