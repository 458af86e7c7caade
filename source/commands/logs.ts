import type {Core} from '../runs/core.js';
import type {LogReader} from '../runs/journal/log-reader.js';
import {leftOutWords} from '../runs/journal/logs.js';
import type {Clock} from '../system/clock.js';
import {messageOf} from '../system/problem.js';
import type {Output} from './io.js';

const interval = 500;
/** How often the cloud is asked whether a run that nobody looks after is over, milliseconds. */
const askEvery = 30_000;

/** Prints a run's logs, step by step, each as it is read; with `follow` goes on until the run is over. */
export async function printLogs(core: Core, name: string, follow: boolean, output: Output, clock: Clock): Promise<void> {
	const reader = await core.logs(name);
	const leaving = new AbortController();
	const {signal} = leaving;
	try {
		let asked = clock.elapsed() - askEvery;
		const noted = new Set<string>();
		const note = (line: string) => {
			if (!noted.has(line) && !signal.aborted) {
				noted.add(line);
				output.note(line);
			}
		};

		let isAsking = false;
		const ask = async () => {
			isAsking = true;
			try {
				// What it finds out is in the journal then; until then, lines are printed as they come.
				await core.runs({
					...{note, signal, names: [name]},
					onUnchecked: (_, why) =>
						note(`whether ${name} goes on could not be asked: ${why}. What its journal tells is followed; ctrl-c leaves.`),
				});
			} catch (error) {
				note(messageOf(error));
			} finally {
				isAsking = false;
				asked = clock.now();
			}
		};

		for (let last = false; !last;) {
			// Asked before the logs are read, so that nothing that came before the end is missed.
			last = !follow || (await reader.isOver());
			await printNew(reader, name, last, output);
			if (!last && !isAsking && clock.elapsed() - asked >= askEvery) {
				void ask();
			}

			if (!last) {
				await clock.sleep(interval);
			}
		}
	} finally {
		leaving.abort();
		await reader.close();
	}
}

async function printNew(reader: LogReader, name: string, all: boolean, output: Output): Promise<void> {
	for await (const part of reader.read({all})) {
		const {step} = part;
		if ('leftOut' in part) {
			output.object({run: name, type: 'log-left-out', step, ...part.leftOut});
			output.line(`[${step}] ${leftOutWords(part.leftOut)}`);
			continue;
		}

		for (const text of part.lines) {
			output.object({run: name, type: 'log', step, text});
			output.line(`[${step}] ${text}`);
		}

		await output.drained();
	}
}
