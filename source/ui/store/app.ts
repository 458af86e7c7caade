import {messageOf, Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Core} from '../../runs/core.js';
import type {RunHandle} from '../../runs/model/run-handle.js';
import {clipboardLimit} from '../terminal/sequences.js';
import type {AppEnd, AppOptions} from './app-options.js';
import {restoredGrid} from './grid-state.js';
import {renewed} from './run-snapshot.js';
import {type AppState, type Dialog, type Field, initialState, openRuns, type ScreenName} from './state.js';
import {type Trouble} from '../drawing/frame.js';

const beatInterval = 250;

/** What changes by itself all the time: without the focus no frame is drawn for it. News of a run has the screen drawn by `draw`. */
const restless: ReadonlySet<string> = new Set(['now', 'beat', 'run', 'runs']);

/** The app without a screen: one state, changed by intents, that components only read. */
export class App {
	readonly core: Core;
	readonly options: AppOptions;
	/** The runs of the tabs by their names: what is done to them is done here, what they are is in the state. */
	readonly handles = new Map<string, RunHandle>();
	/** Takes back a question that is still being prepared. */
	takeBack: (() => void) | undefined;
	readonly #listeners = new Set<() => void>();
	/** How to stop what goes on, by what it is. */
	readonly #going = new Map<string, () => void>();
	#state: AppState;
	#telling = false;
	#answer: ((text: string | undefined) => void) | undefined;
	#choose: ((value: string | undefined) => void) | undefined;
	#stopBeat: (() => void) | undefined;
	#end: ((end: AppEnd) => void) | undefined;
	readonly ended: Promise<AppEnd>;
	/** What is still to be said of environments that were let go of, by their names. */
	readonly partings = new Map<string, string>();
	/** Whether the person has left: what was begun for them before must not go on alone. */
	hasEnded = false;
	#begun: Promise<unknown> = Promise.resolve();
	#held: Promise<unknown> = Promise.resolve();

	constructor(options: AppOptions) {
		this.options = options;
		this.core = options.core;
		this.#state = {
			...initialState(neutraliseLine(options.core.folder), options.size, options.clock.now()),
			grid: restoredGrid(options.core.preferences.grid()),
		};
		this.ended = new Promise(resolve => {
			this.#end = resolve;
		});
		this.keep(
			'clock',
			options.clock.every(1000, () => this.#tick()),
		);
	}

	readonly state = (): AppState => this.#state;

	readonly subscribe = (listener: () => void): (() => void) => {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	};

	/** Changes the state; many changes of one moment are drawn once. Without the focus, nothing is drawn for what is only restless. */
	set(change: Partial<AppState>): void {
		this.#state = {...this.#state, ...change};
		this.#keepBeat();
		if (this.#state.focused || Object.keys(change).some(key => !restless.has(key))) {
			this.#tell();
		}
	}

	/** Changes what no frame is drawn for: it is on the next one, which with the focus the next second brings. */
	setQuietly(change: Partial<AppState>): void {
		this.#state = {...this.#state, ...change};
	}

	/** Takes how the open runs are now into the state; no frame is drawn for that. */
	lookAtRuns(): void {
		const {run, runs} = this.#state;
		const renewedRuns = openRuns(this.#state).map(view => {
			const handle = this.handles.get(view.name);
			return handle ? renewed(view, handle, this.core) : view;
		});
		if (renewedRuns.some((view, index) => view !== runs[index])) {
			this.#state = {...this.#state, runs: renewedRuns, run: run && renewedRuns.find(({name}) => name === run.name)};
		}
	}

	/** Has the screen drawn as things are now. */
	draw(): void {
		const {screen, run} = this.#state;
		// The moment counts only where it is shown.
		this.#state = {...this.#state, ...(run || screen === 'environments' ? {now: this.options.clock.now()} : {})};
		this.#keepBeat();
		this.#tell();
	}

	/** Puts text on the clipboard, and says what is known of that. */
	copy(text: string): void {
		this.options.copy(text);
		const size = Buffer.byteLength(text);
		this.say(
			size > clipboardLimit
				? `Copied, if your terminal takes ${Math.ceil(size / 1024)} KB at once; many take ${Math.floor(clipboardLimit / 1024)}`
				: 'Copied, if your terminal allows it',
		);
	}

	#tell(): void {
		if (!this.#telling) {
			this.#telling = true;
			queueMicrotask(() => {
				this.#telling = false;
				this.lookAtRuns();
				this.#keepBeat();
				for (const listener of this.#listeners) {
					listener();
				}
			});
		}
	}

	say(text: string, tone: 'info' | 'error' = 'info'): void {
		this.set({message: {text: neutraliseLine(text), tone}});
	}

	ask(dialog: Omit<Dialog, 'index'> & {readonly index?: number}, choose: (value: string | undefined) => void): void {
		this.#choose = choose;
		this.set({dialog: {index: 0, ...dialog}});
	}

	/** Answers the question on the screen with the value of an option, or with nothing. */
	choose(value: string | undefined): void {
		const choose = this.#choose;
		this.#choose = undefined;
		this.set({dialog: undefined});
		choose?.(value);
	}

	go(screen: ScreenName): void {
		const {screen: from, back, cursor} = this.#state;
		this.set({
			screen,
			back: from === screen ? back : [...back, from],
			cursor: screen === 'plan' ? {...cursor, plan: 0} : cursor,
			message: undefined,
			trouble: undefined,
			field: undefined,
		});
	}

	/** One screen back; false when this is the first. */
	back(): boolean {
		const {back} = this.#state;
		const screen = back.at(-1);
		if (screen === undefined) {
			return false;
		}

		this.set({screen, back: back.slice(0, -1), message: undefined, trouble: undefined, field: undefined});
		return true;
	}

	/** Moves the cursor of the screen within `count` rows. */
	moveTo(index: number, count: number): void {
		const {screen, cursor} = this.#state;
		const bounded = Math.max(0, Math.min(count - 1, index));
		if (bounded !== cursor[screen]) {
			this.set({cursor: {...cursor, [screen]: bounded}, message: undefined});
		}
	}

	/** Opens a line to type in. */
	edit(id: Field['id'], label: string, text: string): void {
		this.set({field: {id, label, text, before: text, index: 0}, message: undefined});
	}

	/** Asks for a line of text; undefined when the person leaves it. */
	async prompt(label: string, text: string): Promise<string | undefined> {
		this.answer(undefined);
		this.edit('prompt', label, text);
		return new Promise(resolve => {
			this.#answer = resolve;
		});
	}

	/** The line that was asked for. */
	answer(text: string | undefined): void {
		const answer = this.#answer;
		this.#answer = undefined;
		answer?.(text);
	}

	/**
	Does something that takes a while, and shows that it does; what goes wrong is shown in place and never lost. What was said last goes away
	with it, unless it `isAside`: begun without the person's asking, or after something that may have been said to them.
	*/
	async work(what: string, act: () => Promise<void>, {isAside = false}: {isAside?: boolean} = {}): Promise<void> {
		this.set({busy: what, trouble: undefined, ...(isAside ? {} : {message: undefined})});
		try {
			await act();
		} catch (error) {
			this.set({trouble: troubleOf(error)});
		} finally {
			this.set({busy: undefined});
		}
	}

	/** Takes care of a run that is being begun: should the person leave meanwhile, it is let go of as soon as it is there. */
	async begin(run: Promise<RunHandle>): Promise<RunHandle | undefined> {
		const begun = run.then(async handle => {
			if (this.hasEnded) {
				await handle.detach();
				return undefined;
			}

			return handle;
		});
		this.#begun = begun.catch(() => undefined);
		return begun;
	}

	/** The program does not end before this is through. */
	hold(work: Promise<unknown>): void {
		this.#held = Promise.allSettled([this.#held, work]);
	}

	/** Resolves when nothing that was begun is on its way any more. */
	async settled(): Promise<void> {
		await this.#begun;
		await this.#held;
	}

	/** Something of this name goes on from now on, in place of what did before; `stop` ends it, at the latest with the app. */
	keep(name: string, stop: () => void): void {
		this.drop(name);
		this.#going.set(name, stop);
	}

	drop(name: string): void {
		const stop = this.#going.get(name);
		this.#going.delete(name);
		stop?.();
	}

	end(end: AppEnd): void {
		this.hasEnded = true;
		for (const name of [...this.#going.keys()]) {
			this.drop(name);
		}

		this.#stopBeat?.();
		this.#end?.(end);
	}

	#tick(): void {
		const {screen, run, focused} = this.#state;
		if (focused && (run || screen === 'environments')) {
			this.draw();
		}
	}

	/** The beat that moves the signs of work runs only while there is work on the screen. */
	#keepBeat(): void {
		const {busy, run, screen, listing, backends, focused} = this.#state;
		const working =
			focused &&
			!this.hasEnded &&
			(busy !== undefined ||
				(screen === 'run' && run?.state.phase === 'starting') ||
				(screen === 'offers' && listing?.complete === false) ||
				(screen === 'backends' && backends?.complete === false));
		if (working && !this.#stopBeat) {
			this.#stopBeat = this.options.clock.every(beatInterval, () => this.set({beat: this.#state.beat + 1}));
		} else if (!working && this.#stopBeat) {
			this.#stopBeat();
			this.#stopBeat = undefined;
		}
	}
}

/** A failure as it is shown in place; what a file or a cloud put into it cannot draw. */
export function troubleOf(error: unknown): Trouble {
	const {details, next} = error instanceof Problem ? error : {details: [], next: undefined};
	return {
		message: neutraliseLine(messageOf(error)),
		details: details.map(neutraliseLine),
		next: next === undefined ? undefined : neutraliseLine(next),
	};
}
