import type {Duplex} from 'node:stream';
import type {Link} from '../../system/link.js';

export type Destination = {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	/** The run's private key, OpenSSH's format. */
	readonly privateKey: string;
	/** The pinned host keys' public halves, one line each: two while one is replaced by the other. */
	readonly hostKeys: readonly string[];
};

/** A connection that arrives at a port of the other side. `accept` and `refuse` exclude each other. */
export type IncomingChannel = {readonly accept: () => Duplex; readonly refuse: () => void};

/** A connection that can also carry ports. */
export type Connection = Link & {
	/** A stream to `port` on the instance's loopback. Rejects with `PortRefused` when nothing listens there. */
	openPort(port: number): Promise<Duplex>;
	/** A command whose streams stay open, for as long as the connection lives. */
	openCommand(command: string): Promise<Duplex>;
	/**
	Listens on the instance's loopback for as long as the connection lives; resolves with the way to stop. Rejects with `PortRefused`
	when the port is taken there or forwarding is not allowed.
	*/
	listenRemote(port: number, onArrival: (arrival: IncomingChannel) => void): Promise<() => void>;
	/** Milliseconds until the other side's SSH server answered. Rejects when the connection is over; on one that does not answer it waits. */
	ping(): Promise<number>;
	/** Bytes that arrived so far: while they grow, the connection lives. */
	readonly bytesRead: number;
	/** More waits to be sent than is good: whoever can should send no more until `whenDrained` calls back. */
	readonly congested: boolean;
	whenDrained(act: () => void): void;
	/** Calls back in the moment in which the connection is over, before its streams end; soon, where it is already. Returns the way to stop. */
	onClosed(listener: () => void): () => void;
	/** Ends the keepalive that a connection has of its own: from now on the caller judges whether it lives. */
	stopOwnKeepalive(): void;
	/** Ends it at once, whatever is under way, for `reason`. */
	destroy(reason: Error): void;
};

/** Why a connection could not be made. `final` ones do not change by trying again. */
export class ConnectionError extends Error {
	override readonly name = 'ConnectionError';
	readonly final: boolean;
	/** The login was refused: final too, except for a machine that is only starting and does not know the key yet. */
	readonly refused: boolean;

	constructor(message: string, final: boolean, cause?: unknown, refused = false) {
		super(message, {cause});
		this.final = final;
		this.refused = refused;
	}
}

/** The instance itself refuses a port: nothing listens there, or forwarding is not allowed. */
export class PortRefused extends Error {
	override readonly name = 'PortRefused';
}
