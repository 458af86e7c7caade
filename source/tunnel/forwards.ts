import {createServer, type Server, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {type Connection, PortRefused} from './connection.js';

export type ForwardStats = {
	readonly local: number;
	readonly remote: number;
	/** Connections that are open now. */
	readonly open: number;
	/** Bytes carried so far, both ways. */
	readonly total: number;
};

/** How long a new local connection waits for the link before it is refused, milliseconds. */
const holdLimit = 20_000;

type Forward = {
	readonly local: number;
	readonly remote: number;
	readonly server: Server;
	readonly sockets: Set<Socket>;
	total: number;
};

/**
Listeners on 127.0.0.1 that carry connections to ports in the environment. They are bound before there is a link and stay open while
it comes and goes; connections that arrive in between wait for it.
*/
export class Forwards {
	readonly #forwards: Forward[] = [];
	readonly #waiting = new Set<(connection: Connection | undefined) => void>();
	#connection: Connection | undefined;

	/** Binds one more listener; rejects with the system's error where the port is taken. */
	async add(local: number, remote: number): Promise<void> {
		const sockets = new Set<Socket>();
		const server = createServer({allowHalfOpen: true});
		const forward: Forward = {local, remote, server, sockets, total: 0};
		server.on('connection', socket => {
			void this.#carry(forward, socket);
		});
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen({port: local, host: '127.0.0.1', exclusive: true}, () => {
				server.off('error', reject);
				resolve();
			});
		});
		this.#forwards.push(forward);
	}

	/** Gives the link to carry over, or takes it away. */
	use(connection: Connection | undefined): void {
		this.#connection = connection;
		if (connection) {
			for (const resolve of this.#waiting) {
				resolve(connection);
			}

			this.#waiting.clear();
		}
	}

	stats(): ForwardStats[] {
		return this.#forwards.map(({local, remote, sockets, total}) => ({local, remote, open: sockets.size, total}));
	}

	close(): void {
		this.#connection = undefined;
		for (const resolve of this.#waiting) {
			resolve(undefined);
		}

		this.#waiting.clear();
		for (const {server, sockets} of this.#forwards.splice(0)) {
			server.close();
			for (const socket of sockets) {
				socket.destroy();
			}
		}
	}

	/** The link, as soon as there is one that is not `lost`; undefined when none comes within `limit` milliseconds. */
	async #link(lost: Connection | undefined, limit: number): Promise<Connection | undefined> {
		if (this.#connection && this.#connection !== lost) {
			return this.#connection;
		}

		return new Promise(resolve => {
			const settle = (connection: Connection | undefined) => {
				clearTimeout(timer);
				this.#waiting.delete(settle);
				resolve(connection);
			};

			const timer = setTimeout(settle, Math.max(0, limit), undefined);
			this.#waiting.add(settle);
		});
	}

	/** A stream to `port` there; undefined when nothing listens there, or no link came in time. */
	async #open(port: number): Promise<Duplex | undefined> {
		const started = performance.now();
		let lost: Connection | undefined;
		for (;;) {
			const connection = await this.#link(lost, holdLimit - (performance.now() - started));
			try {
				return await connection?.openPort(port);
			} catch (error) {
				if (error instanceof PortRefused) {
					return undefined;
				}

				// The link broke in this very moment: the next one carries it.
				lost = connection;
			}
		}
	}

	async #carry(forward: Forward, socket: Socket): Promise<void> {
		forward.sockets.add(socket);
		socket.once('close', () => forward.sockets.delete(socket));
		// The error itself is the client's own; what matters here is only that the socket closes.
		socket.on('error', () => socket.destroy());
		const stream = await this.#open(forward.remote);
		if (!stream) {
			// As a machine without a listener would answer: the connection is reset.
			socket.resetAndDestroy();
			return;
		}

		if (socket.destroyed) {
			stream.destroy();
			return;
		}

		const count = (piece: Buffer) => {
			forward.total += piece.length;
		};

		socket.on('data', count);
		stream.on('data', count);
		stream.on('error', () => socket.destroy());
		stream.once('close', () => {
			// A link that broke must not look like an orderly end of the data.
			if (stream.readableEnded) {
				socket.end();
			} else {
				socket.resetAndDestroy();
			}
		});
		socket.once('close', () => stream.destroy());
		socket.pipe(stream);
		stream.pipe(socket);
	}
}
