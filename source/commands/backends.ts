import {offerSources} from '../backends/registry.js';
import {type BackendEntry, backendReport, backendStates} from '../backends/report.js';
import {Problem} from '../system/problem.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {Output} from './io.js';

/**
Lists the backends, each line as soon as it is known: where each is configured, whether it answers, what is missing. Throws a `failed`
problem when a configured one fails.
*/
export async function listBackends(test: boolean, output: Output): Promise<void> {
	const sources = offerSources();
	const name = columnOf(['BACKEND', ...sources.map(each => each.name)]);
	const state = columnOf(['STATE', ...backendStates]);
	const launches = columnOf(['LAUNCHES', 'not yet']);
	const row = (first: string, second: string, third: string, last: string) =>
		output.line([name(first), state(second), launches(third), last].join('  '));
	row('BACKEND', 'STATE', 'LAUNCHES', 'CONFIGURED BY');
	const onEntry = (entry: BackendEntry) => {
		output.object({type: 'backend', ...entry, origin: entry.origin ?? null, next: entry.next ?? null});
		row(entry.name, entry.state, entry.launches ? 'yes' : 'not yet', neutraliseLine(entry.origin ?? '-'));
	};

	const {backends, problems, warnings} = await backendReport({test, signal: new AbortController().signal, sources, onEntry});
	output.object({type: 'settings', problems, warnings});
	for (const entry of backends) {
		describe(entry, output);
	}

	// What is wrong with an entry was said with its backend.
	const said = new Set(backends.flatMap(({notes}) => notes));
	const rest = [...problems, ...warnings].filter(line => !said.has(line));
	section('Settings', rest, output);
	const failed = backends.filter(({state}) => state === 'failed');
	if (failed.length > 0 || problems.length > 0) {
		throw new Problem(
			'failed',
			failed.length > 0 ? `Failed: ${failed.map(({name}) => name).join(', ')}` : 'The settings have problems',
			{next: failed[0]?.next},
		);
	}
}

/** Pads to the longest of what may come. */
function columnOf(texts: readonly string[]): (text: string) => string {
	const cells = Math.max(...texts.map(({length}) => length));
	return text => text.padEnd(cells);
}

function describe({name, notes, missing, next}: BackendEntry, output: Output): void {
	section(
		name,
		[
			...notes,
			...(missing.length > 0 ? [`missing permissions: ${missing.join(', ')}`] : []),
			...(next === undefined ? [] : [`next: ${next}`]),
		],
		output,
	);
}

function section(title: string, lines: readonly string[], output: Output): void {
	if (lines.length > 0) {
		output.line();
		output.line(`${title}:`);
		for (const line of lines) {
			output.line(`  ${line}`);
		}
	}
}
