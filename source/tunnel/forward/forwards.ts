import {createServer, type Server, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {closeServers, listenOnLoopback} from '../../system/ports.js';
import {messageOf} from '../../system/problem.js';
import {pipeSocket} from './pipe.js';
import {PortRefused} from '../connection/connection.js';
import {type Connection} from '../connection/contract.js';
import {ByteCounter} from './byte-counter.js';

export type ForwardStats = {
	readonly local: number;
	readonly remote: number;
	/** Connections that are open now. */
	readonly open: number;
	/** Bytes carried so far, both ways. */
	readonly total: number;
	/** Bytes that came out of the environment, and that went into it. */
	readonly received: number;
	readonly sent: number;
	/** Bytes per second now, both ways, smoothed. */
	readonly rate: number;
	/** What the system says where new connections cannot be taken (too many open files). */
	readonly problem: string | undefined;
};

/** Local connections that may wait to be taken. */
const backlog = 4096;
/** How long a port that served before is asked again after it was refused over a link that has just come back, milliseconds. */
const askAgain = 250;
/** Channels that may be opening at the same time; more take their turn. */
const openingLimit = 256;

type Forward = {
	readonly local: number;
	readonly remote: number;
	/** At 127.0.0.1, and at ::1 where there is one. */
	servers: readonly Server[];
	readonly sockets: Set<Socket>;
	readonly traffic: ByteCounter;
	problem: string | undefined;
	/** Something listened there before. */
	hasServed: boolean;
};

/**
Listeners on the loopback that carry connections to ports in the environment. They are bound before there is a link and stay open while
it comes and goes; connections that arrive in between wait for it.
*/
export class Forwards {
	readonly #holdLimit: number;
	readonly #onAwaited: () => void;
	readonly #forwards: Forward[] = [];
	readonly #waiting = new Set<(connection: Connection | undefined) => void>();
	readonly #turns: Array<() => void> = [];
	#opening = 0;
	#connection: Connection | undefined;
	#last: Connection | undefined;
	#cameBack = Number.NEGATIVE_INFINITY;

	/**
	`hold`: how long a new local connection waits for the link before it is refused, milliseconds. `onAwaited` is called for each that begins
	to wait.
	*/
	constructor(hold = 20_000, onAwaited: () => void = () => undefined) {
		this.#holdLimit = hold;
		this.#onAwaited = onAwaited;
	}

	/** Binds one more listener; rejects with the system's error where the port is taken. */
	async add(local: number, remote: number): Promise<void> {
		const counted = {sockets: new Set<Socket>(), traffic: new ByteCounter()};
		const forward: Forward = {local, remote, servers: [], ...counted, problem: undefined, hasServed: false};
		try {
			forward.servers = await listenOnLoopback(local, () => this.#makeServer(forward), backlog);
			// That this machine has no ::1 is none.
			forward.problem = undefined;
		} catch (error) {
			resetAll(forward);
			throw error;
		}

		this.#forwards.push(forward);
	}

	#makeServer(forward: Forward): Server {
		const server = createServer({allowHalfOpen: true, noDelay: true}, socket => {
			forward.problem = undefined;
			void this.#carry(forward, socket);
		});
		return server.on('error', error => {
			forward.problem = messageOf(error);
		});
	}

	/** Ends a listener and its connections. Resolves when the port is free again; does nothing for one that is not there. */
	async remove(local: number): Promise<void> {
		const index = this.#forwards.findIndex(each => each.local === local);
		if (index >= 0) {
			await Promise.all(this.#forwards.splice(index, 1).map(async each => closeForward(each)));
		}
	}

	/** Gives the link to carry over, or takes it away. */
	setConnection(connection: Connection | undefined): void {
		if (connection && connection !== this.#last) {
			this.#cameBack = this.#last ? performance.now() : this.#cameBack;
			this.#last = connection;
		}

		this.#connection = connection;
		if (connection) {
			this.#settle(connection);
		}
	}

	stats(): ForwardStats[] {
		return this.#forwards.map(({local, remote, sockets, traffic: {received, sent, rate}, problem}) => ({
			local,
			remote,
			open: sockets.size,
			total: received + sent,
			received,
			sent,
			rate,
			problem,
		}));
	}

	close(): void {
		this.#connection = undefined;
		this.#settle(undefined);
		for (const forward of this.#forwards.splice(0)) {
			void closeForward(forward);
		}
	}

	#settle(connection: Connection | undefined): void {
		const waiting = [...this.#waiting];
		this.#waiting.clear();
		for (const resolve of waiting) {
			resolve(connection);
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
			this.#onAwaited();
		});
	}

	/**
	A stream to where `forward` leads and what carries it; undefined when nothing listens there, or no link came in time. What listened there
	may have been started anew with its machine, and need a moment.
	*/
	async #open(forward: Forward, socket: Socket): Promise<{stream: Duplex; connection: Connection} | undefined> {
		const started = performance.now();
		let lost: Connection | undefined;
		for (;;) {
			const connection = await this.#link(lost, this.#holdLimit - (performance.now() - started));
			if (!connection) {
				return undefined;
			}

			try {
				const stream = await this.#inTurn(async () => connection.openPort(forward.remote));
				forward.hasServed = true;
				return {stream, connection};
			} catch (error) {
				if (error instanceof PortRefused) {
					const now = performance.now();
					const isNew = now - this.#cameBack < this.#holdLimit && now - started + askAgain < this.#holdLimit;
					if (!forward.hasServed || !isNew || socket.destroyed) {
						return undefined;
					}

					await new Promise(resolve => setTimeout(resolve, askAgain));
					continue;
				}

				// The link broke or stopped answering in this very moment: the next one carries it.
				lost = connection;
			}
		}
	}

	async #inTurn<T>(act: () => Promise<T>): Promise<T> {
		if (this.#opening >= openingLimit) {
			await new Promise<void>(resolve => this.#turns.push(resolve));
		} else {
			this.#opening++;
		}

		try {
			return await act();
		} finally {
			const next = this.#turns.shift();
			if (next) {
				next();
			} else {
				this.#opening--;
			}
		}
	}

	async #carry(forward: Forward, socket: Socket): Promise<void> {
		const {sockets, traffic} = forward;
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
		// The error itself is the client's own; what matters here is only that the socket closes.
		socket.on('error', () => socket.destroy());
		const opened = await this.#open(forward, socket);
		if (opened) {
			pipeSocket(socket, opened.stream, opened.connection, traffic);
		} else {
			// As a machine without a listener would answer: the connection is reset.
			socket.resetAndDestroy();
		}
	}
}

async function closeForward(forward: Forward): Promise<void> {
	const closed = closeServers(forward.servers);
	resetAll(forward);
	await closed;
}

/** An orderly end would look like the end of what was being carried. */
function resetAll({sockets}: Forward): void {
	for (const socket of sockets) {
		socket.resetAndDestroy();
	}
}
