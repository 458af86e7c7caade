import type {Core} from '../runs/core.js';
import type {BroughtHome} from '../environment/bring-home/bring-home.js';
import {homeLines} from '../runs/words/bring-home-words.js';
import {missingProblem} from '../runs/words/problems.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {Output} from './io.js';

/** Brings home what exists only in an environment, which goes on, and says where it is now. */
export async function bringRunHome(core: Core, name: string, output: Output): Promise<void> {
	const run = (await core.runs({all: true, note: output.note, names: [name]})).find(each => each.name === name);
	if (!run) {
		throw missingProblem(neutraliseLine(name));
	}

	await bringAndReport(core, name, run.specification.folder, output);
}

/** The same for one that is known, all of `listed`; says where the work is now. */
export async function bringAndReport(
	core: Core,
	name: string,
	source: string,
	output: Output,
	listed: readonly string[] = [],
): Promise<BroughtHome> {
	output.line(`Bringing home what exists only in ${name}…`);
	const brought = await core.bringHome(name, {listed});
	for (const line of homeLines(name, brought, source)) {
		output.line(line);
	}

	output.object({run: name, type: 'brought-home', ...brought, folder: brought.folder ?? null});
	return brought;
}
