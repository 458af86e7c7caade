import type {Engine} from '../runs/engine.js';
import type {BroughtHome} from '../environment/bring-home/bring-home.js';
import {homeLines} from '../runs/home-words.js';
import {missingProblem} from '../runs/problems.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {Output} from './io.js';

/** Brings home what exists only in an environment, which goes on, and says where it is now. */
export async function bringRunHome(engine: Engine, name: string, output: Output): Promise<void> {
	const run = (await engine.runs({all: true, note: output.note})).find(each => each.name === name);
	if (!run) {
		throw missingProblem(neutraliseLine(name));
	}

	await bringAndTell(engine, name, run.specification.folder, output);
}

/** The same for one that is known; says where the work is now. */
export async function bringAndTell(engine: Engine, name: string, source: string, output: Output): Promise<BroughtHome> {
	output.line(`Bringing home what exists only in ${name}…`);
	const brought = await engine.bringHome(name);
	for (const line of homeLines(name, brought, source)) {
		output.line(line);
	}

	output.object({run: name, type: 'brought-home', ...brought, folder: brought.folder ?? null});
	return brought;
}
