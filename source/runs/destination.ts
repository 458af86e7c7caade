import {ConnectionError, type Destination} from '../tunnel/connection.js';
import type {RunRecord} from './record.js';
import {readKeys, readNextHostKey} from './run-folder.js';

/** Where a run's SSH server is, and the keys for it. Rejects with a `ConnectionError` while there is no address. */
export async function destinationOf({state, folder}: RunRecord): Promise<Destination> {
	if (!state?.address) {
		throw new ConnectionError('it has no address yet', false);
	}

	const [{identity, hostKey}, next] = await Promise.all([readKeys(folder), readNextHostKey(folder)]);
	return {...state.address, privateKey: identity.private, hostKeys: [hostKey.public, ...(next ? [next.public] : [])]};
}
