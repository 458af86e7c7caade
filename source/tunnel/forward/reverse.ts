import {connect, type Socket} from 'node:net';
import {messageOf} from '../../system/problem.js';
import {pipeSocket} from './pipe.js';
import {PortRefused} from '../connection/connection.js';
import {type IncomingChannel, type Connection} from '../connection/contract.js';
import {ByteCounter} from './byte-counter.js';

export type ReverseStats = {
	/** The port inside the environment, and the one on this machine that it leads to. */
	readonly remote: number;
	readonly local: number;
	/** Whether it listens there now. */
	readonly bound: boolean;
	readonly open: number;
	readonly received: number;
	readonly sent: number;
	readonly rate: number;
	/** Why it does not listen there. */
	readonly problem: string | undefined;
};

/** A port that is still held there, by a session that has not noticed its end, is asked for again so often, milliseconds. */
const again = 5000;

type Reverse = {
	readonly remote: number;
	readonly local: number;
	readonly sockets: Set<Socket>;
	readonly traffic: ByteCounter;
	stop: (() => void) | undefined;
	timer: NodeJS.Timeout | undefined;
	problem: string | undefined;
};

/** Ports of the environment that lead to ports of this machine: they listen there, on its loopback, as long as there is a connection. */
export class ReverseForwards {
	readonly #reverses = new Map<number, Reverse>();
	#connection: Connection | undefined;

	/** Throws where the port of the environment leads somewhere already. */
	add(remote: number, local: number): void {
		if (this.#reverses.has(remote)) {
			throw new Error(`port ${remote} of the environment leads somewhere already`);
		}

		const reverse = {remote, local, sockets: new Set<Socket>(), traffic: new ByteCounter()};
		const entry: Reverse = {...reverse, stop: undefined, timer: undefined, problem: undefined};
		this.#reverses.set(remote, entry);
		void this.#bind(entry);
	}

	remove(remote: number): void {
		const reverse = this.#reverses.get(remote);
		if (reverse) {
			this.#reverses.delete(remote);
			release(reverse);
			for (const socket of reverse.sockets) {
				socket.destroy();
			}
		}
	}

	/** Gives the connection to listen over, or takes it away. The same one again changes nothing. */
	setConnection(connection: Connection | undefined): void {
		if (connection === this.#connection) {
			return;
		}

		this.#connection = connection;
		for (const reverse of this.#reverses.values()) {
			release(reverse);
			void this.#bind(reverse);
		}
	}

	stats(): ReverseStats[] {
		return [...this.#reverses.values()].map(({remote, local, sockets, traffic: {received, sent, rate}, stop, problem}) => ({
			remote,
			local,
			bound: stop !== undefined,
			open: sockets.size,
			received,
			sent,
			rate,
			problem,
		}));
	}

	close(): void {
		for (const remote of [...this.#reverses.keys()]) {
			this.remove(remote);
		}
	}

	async #bind(reverse: Reverse): Promise<void> {
		const connection = this.#connection;
		if (!connection) {
			return;
		}

		const isWanted = () => this.#reverses.get(reverse.remote) === reverse && this.#connection === connection;
		try {
			const stop = await connection.listenRemote(reverse.remote, arrival => take(reverse, connection, arrival));
			if (isWanted()) {
				reverse.stop = stop;
				reverse.problem = undefined;
			} else {
				stop();
			}
		} catch (error) {
			if (isWanted()) {
				reverse.problem = messageOf(error);
				reverse.timer = setTimeout(() => void this.#bind(reverse), error instanceof PortRefused ? again : again / 5);
				reverse.timer.unref();
			}
		}
	}
}

function take({local, sockets, traffic}: Reverse, connection: Connection, {accept, refuse}: IncomingChannel): void {
	const socket = connect({host: '127.0.0.1', port: local, allowHalfOpen: true, noDelay: true});
	socket.on('error', () => socket.destroy());
	// Nothing listens here: the caller there gets a refusal.
	socket.once('error', refuse);
	socket.once('connect', () => {
		socket.off('error', refuse);
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
		pipeSocket(socket, accept(), connection, traffic);
	});
}

function release(reverse: Reverse): void {
	clearTimeout(reverse.timer);
	reverse.timer = undefined;
	reverse.stop?.();
	reverse.stop = undefined;
}
