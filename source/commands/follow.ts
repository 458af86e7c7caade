import process from 'node:process';
import {constants} from 'node:os';
import {messageOf, Problem} from '../system/problem.js';
import {programName} from '../system/program-name.js';
import {followJob} from '../ui/terminal/job-control.js';
import type {Core} from '../runs/core.js';
import {linesOf} from '../runs/model/log-snapshot.js';
import type {RunHandle} from '../runs/model/run-handle.js';
import {formatPrice} from '../offers/format.js';
import {nothingProvisionedProblem} from '../runs/words/problems.js';
import {goesOnWords, keptLines, offerWords} from '../runs/words/event-words.js';
import {connectedLines, connectedObject} from './words.js';
import {confirm, type Output} from './io.js';
import {bringHomeAndEnd} from './stop.js';

/** How following a run ended: by itself, or by a signal that the program must end with. */
export type FollowEnd = {readonly signal?: NodeJS.Signals};

const longTime = 3_600_000;
const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/**
Prints a run's progress until it is ready, and after that, with `hold`, keeps its tunnel until it ends or a signal comes.
SIGINT before it is ready ends the instance; every other signal, and any later, lets go of it and leaves it running.
Rejects with the run's `Problem`.
*/
export async function follow(core: Core, handle: RunHandle, output: Output, hold: boolean): Promise<FollowEnd> {
	const {flush, stop: stopPrinting} = print(handle, output);
	const {signal: caught, ignore} = catchSignals();
	const job = followJob({
		isLent: () => true,
		onRest: async () => handle.suspend(),
		onResume: () => handle.resume(),
		onStop: () => undefined,
		onWake: () => undefined,
	});
	// What is waited for may hang on nothing that the event loop knows of, such as the answer to a question once a second.
	const alive = setInterval(() => undefined, longTime);
	if (handle.state().phase === 'starting') {
		output.line('Ctrl-c ends it while it starts; once it is ready, ctrl-c lets go of it, and it goes on.');
		output.line();
	}

	try {
		const first = await Promise.race([handle.whenReady(), caught, refusal(handle, output)]);
		if (first === undefined) {
			flush();
			announce(core, handle, output);
			if (!hold) {
				await handle.detach();
				return {};
			}
		}

		const second = first ?? (await Promise.race([handle.whenOver(), caught]));
		if (second === undefined) {
			for (const line of [`${handle.name} has ended: ${handle.state().reason ?? ''}`, ...keptLines(handle.state())]) {
				output.line(line);
			}

			return {};
		}

		await leave(core, handle, second, output);
		return {signal: second};
	} catch (error) {
		// The environment of a failed step lives on, for the person to look into.
		await handle.detach();
		throw error;
	} finally {
		clearInterval(alive);
		stopPrinting();
		job.unfollow();
		ignore();
	}
}

/** Rejects when the person does not agree to an offer that is much dearer than the one before, or nobody is there to be asked. */
async function refusal(handle: RunHandle, output: Output): Promise<never> {
	return new Promise((_resolve, reject) => {
		let isAsking = false;
		const look = async (): Promise<void> => {
			const {asking, agreedPrice} = handle.state();
			if (!asking || isAsking) {
				return;
			}

			isAsking = true;
			const question = `${offerWords(asking)} is much dearer than the ${formatPrice(agreedPrice)}/h that were agreed. Take it?`;
			if (output.json || !(await confirm({question, next: 'Say how far to go with -y and --max-price.'}))) {
				await handle.stop('a dearer offer was not wanted');
				throw nothingProvisionedProblem(handle.state(), [asking]);
			}

			await handle.agree();
			isAsking = false;
		};

		const tryLook = () => {
			look().catch(async (error: unknown) => {
				if (handle.state().phase !== 'gone') {
					await handle.stop('nobody was there to agree to a dearer offer');
				}

				reject(error);
			});
		};

		handle.subscribe(tryLook);
		tryLook();
	});
}

async function leave(core: Core, handle: RunHandle, signal: NodeJS.Signals, output: Output): Promise<void> {
	const {name} = handle;
	if (signal === 'SIGINT' && handle.state().phase !== 'ready') {
		// Somebody may have been in there already: then their work comes home first, or it goes on.
		await bringHomeAndEnd(core, name, handle.state(), output, async consent => {
			output.line(`Interrupted while it was starting: ending ${name}…`);
			await handle.stop('interrupted while it was starting', consent);
		});
		output.line(`${name} is gone.`);
		return;
	}

	await handle.detach();
	output.line(goesOnWords(name));
}

function catchSignals(): {signal: Promise<NodeJS.Signals>; ignore: () => void} {
	const listeners = new Map<NodeJS.Signals, () => void>();
	const signal = new Promise<NodeJS.Signals>(resolve => {
		for (const name of signals) {
			const listener = () => {
				resolve(name);
			};

			listeners.set(name, listener);
			process.on(name, listener);
		}
	});
	return {
		signal,
		ignore() {
			for (const [name, listener] of listeners) {
				process.off(name, listener);
			}
		},
	};
}

function print(handle: RunHandle, output: Output): {flush: () => void; stop: () => void} {
	if (output.json) {
		return {flush: () => undefined, stop: handle.onEvent(event => output.object({run: handle.name, ...event}))};
	}

	let seen = 0;
	const printNew = () => {
		const logs = handle.logs();
		const {version} = logs;
		const lines = linesOf(logs, 'all');
		// More than is kept in memory may come at once.
		if (version - seen > lines.length) {
			output.line(`… ${version - seen - lines.length} lines left out here: \`${programName} logs ${handle.name}\` …`);
		}

		for (const {pane, text} of lines.slice(Math.max(0, lines.length - (version - seen)))) {
			output.line(`[${pane}] ${text}`);
		}

		seen = version;
	};

	printNew();
	const stop = handle.subscribe(printNew);
	return {
		flush: printNew,
		stop() {
			stop();
			printNew();
		},
	};
}

function announce(core: Core, handle: RunHandle, output: Output): void {
	const state = handle.state();
	output.object({run: handle.name, type: 'connected', ...connectedObject(core, state)});
	output.line();
	for (const line of connectedLines(core, state, handle.health())) {
		output.line(line);
	}
}

/** A problem as an object, for `--json`. */
export function problemObject(error: unknown) {
	return error instanceof Problem
		? {type: 'error', kind: error.kind, message: error.message, details: error.details, next: error.next}
		: {type: 'error', kind: 'failed', message: messageOf(error), details: []};
}
