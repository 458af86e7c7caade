import {type BackendEntry, backendReport} from '../backends/report.js';
import {Problem} from '../system/problem.js';
import {type Output, table} from './io.js';

const limit = 60_000;

/** Lists the backends: where each is configured, whether it answers, what is missing. Throws a `failed` problem when a configured one fails. */
export async function listBackends(test: boolean, output: Output): Promise<void> {
	const {backends, problems, warnings} = await backendReport({test, signal: AbortSignal.timeout(limit)});
	for (const entry of backends) {
		output.object({type: 'backend', ...entry, origin: entry.origin ?? null, next: entry.next ?? null});
	}

	output.object({type: 'settings', problems, warnings});
	const rows = backends.map(entry => [entry.name, entry.state, entry.origin ?? '-', entry.launches ? 'yes' : 'not yet']);
	for (const line of table([['BACKEND', 'STATE', 'CONFIGURED BY', 'LAUNCHES'], ...rows])) {
		output.line(line);
	}

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
