import type {Engine} from '../runs/engine.js';
import {missingProblem} from '../runs/problems.js';
import {Problem} from '../system/problem.js';
import {neutraliseLine} from '../system/terminal-text.js';
import {confirm, type Output} from './io.js';

/** Ends environments one after the other. Asks first, telling what would be lost, unless `yes`. */
export async function stopRuns(engine: Engine, names: readonly string[], yes: boolean, output: Output): Promise<void> {
	const known = new Map((await engine.runs({all: true, note: output.note})).map(run => [run.name, run]));
	const unknown = names.filter(name => !known.has(name));
	for (const name of unknown) {
		// What a damaged journal left has no state to show, and can be ended all the same.
		await endUnknown(engine, name, yes);
		output.line(`${name} is gone.`);
		output.object({run: name, type: 'gone'});
	}

	for (const name of names.filter(each => known.has(each))) {
		if (known.get(name)?.phase === 'gone') {
			output.line(`${name} is gone already.`);
			output.object({run: name, type: 'gone'});
			continue;
		}

		if (!yes) {
			await ask(engine, name);
		}

		output.line(`Ending ${name}…`);
		await engine.stop(name, 'stopped');
		output.line(`${name} is gone.`);
		output.object({run: name, type: 'gone'});
	}
}

async function endUnknown(engine: Engine, name: string, yes: boolean): Promise<void> {
	if (!yes) {
		throw missingProblem(neutraliseLine(name));
	}

	await engine.stop(name, 'stopped');
}

async function ask(engine: Engine, name: string): Promise<void> {
	const work = await engine.unsavedWork(name);
	const loss =
		work === undefined
			? ' It cannot be asked whether it holds work that exists nowhere else.'
			: work.changed
				? ` It holds work that exists nowhere else:\n${work.lines.map(line => `  ${neutraliseLine(line)}`).join('\n')}\n`
				: '';
	if (!(await confirm(`End ${name} and delete what is in it?${loss}`, 'Add -y to end it without a question.'))) {
		throw new Problem('interrupted', `${name} was left as it is`);
	}
}
