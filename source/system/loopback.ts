import type {Server} from 'node:net';

/**
Listens at a port of 127.0.0.1 and, where this machine has it, of ::1: `localhost` leads to either, and many servers listen at the newer one
only. Rejects with the system's error where one of them is taken, and has then opened neither; another failure at ::1 is none of the whole.
*/
export async function listenOnLoopback(port: number, make: () => Server, backlog?: number): Promise<Server[]> {
	const first = await listen(make(), {host: '127.0.0.1', port, backlog});
	try {
		return [first, await listen(make(), {host: '::1', port, backlog})];
	} catch (error) {
		const {code = ''} = error as NodeJS.ErrnoException;
		if (code === 'EADDRINUSE') {
			first.close();
			throw error;
		}

		return [first];
	}
}

/** Resolves when all of them are closed, with their connections. */
export async function closeServers(servers: readonly Server[]): Promise<void> {
	await Promise.all(servers.map(async server => new Promise(resolve => server.close(resolve))));
}

async function listen(server: Server, place: {host: string; port: number; backlog: number | undefined}): Promise<Server> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen({...place, exclusive: true}, () => {
			server.off('error', reject);
			resolve(server);
		});
	});
}
