import {sshPort} from '../../agents/container/paths.js';
import {loginName} from '../../configuration/grammar/environment-paths.js';
import {connect, ConnectionError, connectThrough} from '../../tunnel/connection/connection.js';
import {type Connection, type Destination} from '../../tunnel/connection/contract.js';
import type {RunRecord} from '../journal/record.js';
import {readKeys, readNextHostKey} from '../journal/run-folder.js';
import {environmentOf} from '../model/specification.js';

/** Where the SSH server of a run's instance is, and the keys for it. Rejects with a `ConnectionError` while there is no address. */
export async function instanceDestination({state, folder}: RunRecord): Promise<Destination> {
	if (!state?.address) {
		throw new ConnectionError('it has no address yet', false);
	}

	const [{identity, hostKey}, next] = await Promise.all([readKeys(folder), readNextHostKey(folder)]);
	return {...state.address, privateKey: identity.private, hostKeys: [hostKey.public, ...(next ? [next.public] : [])]};
}

/** The environment's SSH server on a machine, which only that machine reaches. */
async function insideDestination({folder, known}: RunRecord): Promise<Destination> {
	const {identity, environmentHostKey} = await readKeys(folder);
	return {
		host: '127.0.0.1',
		port: sshPort,
		user: loginName(environmentOf(known.specification).user),
		privateKey: identity.private,
		hostKeys: [environmentHostKey.public],
	};
}

/** Into the environment: through the machine where that is `guarded`, else it is the instance itself. Rejects with a `ConnectionError`. */
export async function connectEnvironment(
	record: RunRecord,
	machine: (signal: AbortSignal) => Promise<Connection>,
	signal: AbortSignal,
): Promise<Connection> {
	return record.known.guarded
		? connectThrough(await machine(signal), await insideDestination(record), signal)
		: connect(await instanceDestination(record), signal);
}

/** A connection of its own into the environment, for one question; `close` closes what leads to it too. Rejects with a `ConnectionError`. */
export async function openEnvironment(record: RunRecord, signal: AbortSignal): Promise<Connection> {
	const opened: Connection[] = [];
	const closeAll = () => {
		for (const each of opened.toReversed()) {
			each.close();
		}
	};

	const machine = async () => {
		const connection = await connect(await instanceDestination(record), signal);
		opened.push(connection);
		return connection;
	};

	try {
		const connection = await connectEnvironment(record, machine, signal);
		opened.push(connection);
		void connection.closed.then(closeAll);
		return connection;
	} catch (error) {
		closeAll();
		throw error;
	}
}
