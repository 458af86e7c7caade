import type {Paths} from '../system/paths.js';
import {readState} from './journal.js';
import {readLedger, regionsOf} from './ledger.js';
import {runFolder, runNames} from './run-folder.js';

/** Every region of a backend in which this installation ever asked for an instance. */
export async function regionsUsed(paths: Paths, backend: string): Promise<string[]> {
	const names = await runNames(paths);
	const [ledger, ...states] = await Promise.all([
		readLedger(paths),
		...names.map(async name => readState(runFolder(paths, name)).catch(() => undefined)),
	]);
	const used = [...ledger.flatMap(({regions}) => regions), ...states.flatMap(state => (state ? regionsOf(state) : []))];
	const prefix = `${backend} `;
	return [...new Set(used)].filter(each => each.startsWith(prefix)).map(each => each.slice(prefix.length));
}
