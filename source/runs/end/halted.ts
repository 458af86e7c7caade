import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {layAliases} from '../link/aliases.js';
import type {Finding} from './examine.js';

/** Writes down that the machine of a run that this program owns was stopped, or runs again: its address is then another one. */
export async function noteHalted({paths, backend}: RunContext, record: RunRecord, found: Finding | undefined): Promise<void> {
	if (found?.type === 'halted') {
		const {instanceId, offer} = record.known;
		const byHand = instanceId === undefined ? undefined : (await backend(offer.backend)).byHand?.(instanceId);
		await record.append({type: 'halted', reason: found.reason, start: byHand?.start});
	} else if (found?.type === 'resumed') {
		await record.append({type: 'resumed'});
		const {endpoint} = found.instance;
		if (endpoint) {
			await record.append({type: 'address', host: endpoint.host, port: endpoint.port, user: endpoint.user});
			const trouble = await layAliases(paths, record.known, record.folder);
			if (trouble) {
				record.note(`${trouble.why} ${trouble.next}`);
			}
		}
	}
}
