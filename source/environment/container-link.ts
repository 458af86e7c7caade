import {containerName} from '../agents/container/places.js';
import {quote} from '../system/shell.js';
import type {Link} from '../system/link.js';

/** Into the environment's container through the engine of the machine that it runs on: for as long as it has no SSH server of its own. */
export const containerLink = (machine: Link): Link => ({
	exec: async (command, options) => machine.exec(`docker exec -i ${quote(containerName)} sh -c ${quote(command)}`, options),
	closed: machine.closed,
	// The connection to the machine is others' too.
	close: () => undefined,
});
