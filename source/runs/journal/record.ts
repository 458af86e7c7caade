import type {StepId, StepReport} from '../../environment/step.js';
import type {Lock, LockSign} from '../../system/lock.js';
import {programName} from '../../system/program-name.js';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {RunContext} from '../context.js';
import type {NewEvent, RunEvent} from '../model/events.js';
import {Journal, readJournal} from './journal.js';
import {lastEnds, progressText} from './record-lines.js';
import {StepTimeLearner} from './record-times.js';
import {type LogTail, readLogTails} from './log-reader.js';
import {leftOutWords, LineCutter, MemoryLog, paneOf} from './logs.js';
import {own} from './ownership.js';
import {ThrottledListeners} from './throttled-listeners.js';
import {missingProblem, TakenOver} from '../words/problems.js';
import {reduce} from '../model/reduce.js';
import {runFolder} from './run-folder.js';
import type {RunState} from '../model/state.js';
import {eventLines} from '../words/event-words.js';

const progressInterval = 1000;

/** What is known of one run: its journal and logs on disk, the state and the newest lines in memory, and who is told of changes. */
export class RunRecord {
	readonly name: string;
	readonly folder: string;
	readonly logs = new MemoryLog();
	readonly #context: RunContext;
	readonly #listeners = new ThrottledListeners();
	readonly #eventListeners = new Set<(event: RunEvent) => void>();
	readonly #cutters = new Map<StepId, LineCutter>();
	readonly #progressAt = new Map<StepId, number>();
	readonly #times: StepTimeLearner;
	#state: RunState | undefined;
	#seen = 0;
	#journal: Journal | undefined;
	#lock: Lock | undefined;
	#first: string | undefined;
	#owning: Promise<unknown> = Promise.resolve();

	constructor(context: RunContext, name: string) {
		this.#context = context;
		this.name = name;
		this.folder = runFolder(context.paths, name);
		this.#times = new StepTimeLearner(context.paths, line => this.note(line));
	}

	/** Undefined until there is an intent. */
	get state(): RunState | undefined {
		return this.#state;
	}

	/** The state of a run that has an intent. */
	get known(): RunState {
		if (!this.#state) {
			throw new Error(`${this.name} has no intent`);
		}

		return this.#state;
	}

	/** Whether this program is the one that may change the run. */
	get owned(): boolean {
		return this.#journal !== undefined;
	}

	/** Whether this program keeps others from the run, also where its journal could not be opened. */
	get holds(): boolean {
		return this.#lock !== undefined;
	}

	/** Reads what is on disk: the ends of the logs, each where its step ended, among the events. Damaged lines are reported as events' lines. */
	async load(): Promise<void> {
		const tails = await readLogTails(this.folder);
		await this.catchUp(new Map(tails.map(tail => [tail.step, this.#textOf(tail)])));
	}

	/** Applies what another program has written since. `logs` are taken in on the way, as the lines on disk have no times of their own. */
	async catchUp(logs: ReadonlyMap<StepId, string> = new Map()): Promise<void> {
		const {events, damaged} = await readJournal(this.folder);
		const first = JSON.stringify(events[0]);
		this.#first ??= first;
		// Another environment that has the name by now is not this one.
		if (this.#first !== first) {
			throw missingProblem(neutraliseLine(this.name));
		}

		const ends = logs.size === 0 ? new Map<RunEvent, StepId>() : lastEnds(events);
		const ended = new Set(ends.values());
		for (const event of events.slice(this.#seen)) {
			const step = ends.get(event);
			if (step !== undefined && logs.has(step)) {
				this.#log(step, logs.get(step) ?? '', event.at);
			}

			this.#apply(event);
		}

		for (const [step, text] of logs) {
			if (!ended.has(step)) {
				this.#log(step, text);
			}
		}

		if (this.#seen === 0 && damaged.length > 0) {
			this.logs.add({
				at: this.#context.clock.now(),
				pane: 'events',
				text: `${damaged.length} damaged journal lines were put aside`,
			});
		}

		this.#seen = events.length;
	}

	/** Becomes the run's owner; false while another living program is, other than the one that shows `over`: that does not answer. */
	async own(over?: LockSign): Promise<boolean> {
		// Who follows and who waits for an answer both try: of two at once, the second would find the run owned, by this very program.
		const owning = this.#owning.then(async () => this.#own(over));
		this.#owning = owning.catch(() => undefined);
		return owning;
	}

	async #own(over: LockSign | undefined): Promise<boolean> {
		this.#lock ??= await own(this.folder, over);
		if (!this.#lock) {
			return false;
		}

		try {
			await this.catchUp();
		} catch (error) {
			// Another environment's by now.
			if (error instanceof Problem) {
				await this.release();
			}

			throw error;
		}

		this.#journal ??= await Journal.open(this.folder);
		return true;
	}

	async release(): Promise<void> {
		this.#journal = undefined;
		const lock = this.#lock;
		this.#lock = undefined;
		await this.#times.settled();
		await lock?.release();
	}

	/** Whether an owner still is one: another program takes over from one that was stopped for long. From then on this is none. */
	async stillOwned(): Promise<boolean> {
		if (this.#lock && !(await this.#lock.isMine())) {
			await this.release();
		}

		return this.owned;
	}

	/** Durable before visible. Only the owner may. */
	async append(event: NewEvent): Promise<void> {
		if (!this.#journal) {
			throw new Error(`the journal of ${this.name} is not this program's to write`);
		}

		if (!(await this.stillOwned())) {
			throw new TakenOver(this.name);
		}

		const whole = {...event, at: this.#context.clock.now()} as RunEvent;
		await this.#journal.append(whole);
		this.#seen++;
		this.#apply(whole);
	}

	/** An event that nobody can wait for the disk with; only the owner's counts. */
	jot(event: NewEvent): void {
		if (this.owned) {
			this.append(event).catch((error: unknown) => this.note(`journal: ${String(error)}`));
		}
	}

	/** An event that is seen now and by nobody later: it is not written. */
	tell(event: NewEvent): void {
		this.#apply({...event, at: this.#context.clock.now()} as RunEvent);
	}

	/** Output and progress of a step. Progress is journalled at most once a second. */
	report(step: StepId, {leftOut, log, text, done, total, unit}: StepReport): void {
		if (leftOut !== undefined) {
			this.#addLines(step, [...(this.#cutters.get(step)?.end() ?? []), leftOutWords(leftOut)], this.#context.clock.now());
		}

		if (log !== undefined) {
			this.#log(step, log);
		}

		if (text !== undefined || done !== undefined) {
			this.#progress(step, progressText(text, done, total, unit), total ? Math.min(1, (done ?? 0) / total) : undefined);
		}
	}

	subscribe(listener: () => void): () => void {
		return this.#listeners.add(listener);
	}

	onEvent(listener: (event: RunEvent) => void): () => void {
		this.#eventListeners.add(listener);
		return () => {
			this.#eventListeners.delete(listener);
		};
	}

	/** A line for the events pane that is no event: it changes nothing, and need not outlive this program. */
	note(text: string): void {
		this.logs.add({at: this.#context.clock.now(), pane: 'events', text: neutraliseLine(text)});
		this.changed();
	}

	/** Tells the listeners, at most ten times a second. */
	changed(): void {
		this.#listeners.tell();
	}

	#progress(step: StepId, text: string, share: number | undefined): void {
		const now = this.#context.clock.now();
		const event: RunEvent = {type: 'step-progress', at: now, step, text: neutraliseLine(text), share};
		if (this.#journal && now - (this.#progressAt.get(step) ?? 0) >= progressInterval) {
			this.#progressAt.set(step, now);
			this.#seen++;
			// Nothing depends on progress being on disk; a full disk will stop the next real event.
			this.#journal.append(event).catch(() => undefined);
		}

		this.#apply(event);
	}

	#apply(event: RunEvent): void {
		const before = this.#state;
		this.#state = reduce(this.name, before, event);
		if (before && this.owned) {
			this.#times.take(before, event);
		}

		if (event.type === 'step-done' || event.type === 'step-failed') {
			this.#addLines(event.step, this.#cutters.get(event.step)?.end() ?? [], event.at);
		}

		for (const listener of this.#eventListeners) {
			listener(event);
		}

		for (const line of eventLines(event, before)) {
			this.logs.add({at: event.at, pane: 'events', text: neutraliseLine(line)});
		}

		this.changed();
	}

	#textOf({text, isCut}: LogTail): string {
		return isCut ? `… earlier lines: \`${programName} logs ${this.name}\` …\n${text}` : text;
	}

	#log(step: StepId, text: string, at = this.#context.clock.now()): void {
		let cutter = this.#cutters.get(step);
		if (!cutter) {
			cutter = new LineCutter();
			this.#cutters.set(step, cutter);
		}

		this.#addLines(step, cutter.push(text), at);
		this.changed();
	}

	#addLines(step: StepId, lines: readonly string[], at: number): void {
		for (const text of lines) {
			this.logs.add({at, pane: paneOf(step), text});
		}
	}
}

/**
The run called `name` as its journal tells it. Throws a `usage` problem when there is none. Its logs are read for those who look at them:
what ends a run, or brings its work home, is not to depend on them.
*/
export async function openRecord(context: RunContext, name: string, {withLogs = false} = {}): Promise<RunRecord> {
	const record = new RunRecord(context, name);
	await (withLogs ? record.load() : record.catchUp());
	if (!record.state) {
		throw missingProblem(neutraliseLine(name));
	}

	return record;
}
