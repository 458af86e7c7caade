import {parseDuration} from '../configuration/grammar/grammar.js';
import type {Core} from '../runs/core.js';
import {dateTime} from '../runs/words/event-words.js';
import {messageOf, Problem} from '../system/problem.js';
import type {Output} from './io.js';

/** Moves an environment's deadline on its instance. `duration` as the configuration writes one: `2h`, `1d`. */
export async function extendRun(core: Core, name: string, duration: string, output: Output): Promise<void> {
	const seconds = secondsOf(duration);
	const handle = await core.attach(name);
	try {
		await handle.extend(seconds);
		const {deadline} = handle.state();
		output.line(deadline === undefined ? `${name} has no deadline.` : `${name} ends itself ${dateTime(deadline)}.`);
		output.object({run: name, type: 'deadline-set', deadline: deadline ?? null});
	} finally {
		await handle.detach();
	}
}

function secondsOf(text: string): number {
	try {
		const value = parseDuration(text);
		if (value !== 'off') {
			return value;
		}
	} catch (error) {
		throw new Problem('usage', messageOf(error), {cause: error});
	}

	throw new Problem('usage', 'A deadline can be moved, and not be taken away', {next: 'Say how much later: 2h, 1d.'});
}
