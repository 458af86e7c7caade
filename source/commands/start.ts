import process from 'node:process';
import type {Core} from '../runs/core.js';
import type {RunState} from '../runs/model/state.js';
import {startLines} from '../runs/words/overdue-words.js';
import type {Clock} from '../system/clock.js';
import {Problem} from '../system/problem.js';
import {programName} from '../system/program-name.js';
import {neutraliseLine} from '../system/terminal-text.js';
import {confirm, type Output} from './io.js';

/**
Starts the machine of an environment that is stopped in its cloud, after a question, since money begins again; then waits until the environment
answers, where it had been ready. One that is not stopped is said to be so, and is no failure while it runs.
*/
export async function startRun(core: Core, clock: Clock, name: string, yes: boolean, output: Output): Promise<void> {
	const run = (await core.runs({all: true, note: output.note, names: [name]})).find(each => each.name === name);
	if (run?.halted && !(await mayStart(clock, run, yes, output))) {
		output.line(`${name} is left as it is.`);
		output.object({run: name, type: 'left'});
		return;
	}

	const leaving = new AbortController();
	const onInterrupt = () =>
		leaving.abort(new Problem('interrupted', `It is not waited for any more: ${programName} attach ${name}`));
	process.once('SIGINT', onInterrupt);
	try {
		const {was, answers} = await core.start(name, {
			signal: leaving.signal,
			onProgress(text) {
				output.line(`${name}: ${neutraliseLine(text)}`);
				output.object({run: name, type: 'starting', text: neutraliseLine(text)});
			},
		});
		if (was === 'running') {
			output.line(`${name} is not stopped: its machine runs. Come back to it: ${programName} attach ${name}`);
			output.object({run: name, type: 'running'});
			return;
		}

		const {phase} = (await core.known()).find(each => each.name === name) ?? {};
		if (phase === 'ready' && !answers) {
			throw new Problem('failed', `The machine of ${name} runs again and is billed, and its environment does not answer`, {
				next: `Look at it: ${programName} attach ${name} · End it: ${programName} stop ${name}`,
			});
		}

		output.line(
			answers
				? `${name} runs again: ${core.sshCommand(name)} · ${programName} attach ${name}`
				: `The machine of ${name} runs again. Its preparation goes on with: ${programName} attach ${name}`,
		);
		output.object({run: name, type: 'started', answers});
	} finally {
		process.off('SIGINT', onInterrupt);
	}
}

async function mayStart(clock: Clock, run: RunState, yes: boolean, output: Output): Promise<boolean> {
	const lines = startLines(clock.now(), run);
	if (!yes) {
		return confirm({lines, question: `Start ${run.name} again?`, next: 'Add -y to start it without a question.'});
	}

	for (const line of lines) {
		output.line(line);
	}

	return true;
}
