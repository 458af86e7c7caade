import type {Core} from '../runs/core.js';
import {systemClock} from '../system/clock.js';
import type {Output} from './io.js';

const interval = 500;

/** Prints a run's logs, step by step; with `follow` goes on until the run is over. */
export async function printLogs(core: Core, name: string, follow: boolean, output: Output): Promise<void> {
	const printed = new Map<string, number>();
	for (let last = false; !last;) {
		// Asked before the logs are read, so that nothing that came before the end is missed.
		last = !follow || (await isOver(core, name));
		for (const {step, lines, rest} of await core.logs(name)) {
			const seen = printed.get(step) ?? 0;
			// A step that was tried again begins anew.
			const from = lines.length < seen ? 0 : seen;
			// A line that is still being written is told when it is whole.
			for (const text of [...lines.slice(from), ...(last ? rest : [])]) {
				output.object({run: name, type: 'log', step, text});
				output.line(`[${step}] ${text}`);
			}

			printed.set(step, lines.length);
		}

		if (!last) {
			await systemClock.sleep(interval);
		}
	}
}

async function isOver(core: Core, name: string): Promise<boolean> {
	const runs = await core.runs();
	return !runs.some(run => run.name === name && run.phase !== 'ended');
}
