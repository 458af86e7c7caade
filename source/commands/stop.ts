import type {Engine} from '../runs/engine.js';
import type {UnsavedWork} from '../runs/handle.js';
import {missingProblem} from '../runs/problems.js';
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

		if (!yes && !(await ask(engine, name))) {
			output.line(`${name} is left as it is.`);
			output.object({run: name, type: 'left'});
			continue;
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

const mostLines = 20;

async function ask(engine: Engine, name: string): Promise<boolean> {
	return confirm({
		lines: lossLines(name, await engine.unsavedWork(name)),
		question: `End ${name} and delete what is in it?`,
		next: 'Add -y to end it without a question.',
	});
}

/** What ending it would lose, in as many lines as a screen shows with the question below them. */
function lossLines(name: string, work: UnsavedWork | undefined): string[] {
	if (work === undefined) {
		return [`${name} cannot be asked whether it holds work that exists nowhere else.`];
	}

	if (!work.changed) {
		return [];
	}

	const {lines} = work;
	const more = lines.length > mostLines ? [`  … and ${lines.length - mostLines} more`] : [];
	return [
		`${name} holds work that exists nowhere else:`,
		...lines.slice(0, mostLines).map(line => `  ${neutraliseLine(line)}`),
		...more,
	];
}
