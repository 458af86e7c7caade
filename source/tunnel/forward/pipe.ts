import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {Connection} from '../connection/contract.js';
import type {ByteCounter} from './byte-counter.js';

/** Whether the other side said that nothing more comes on a channel. The library keeps that, but reports an end and a break in the same way. */
const isComplete = (stream: Duplex): boolean => {
	const {incoming} = stream as Duplex & {incoming?: {state?: string}};
	return incoming?.state !== undefined && incoming.state !== 'open';
};

/**
Carries bytes between a local socket and a stream of a connection, in order, each half to its own end. What cannot be carried to its end
is a reset for the local side, never an orderly end. Neither side is read faster than the other takes: at most the channel's window
(2 MB) waits here.
*/
export function pipeSocket(socket: Socket, stream: Duplex, connection: Connection, traffic: ByteCounter): void {
	let broken = false;
	let sentAll = false;
	let waiting = false;

	const onSent = () => {
		if (!waiting || stream.writableLength > 0) {
			return;
		}

		if (connection.congested) {
			connection.whenDrained(onSent);
			return;
		}

		waiting = false;
		socket.resume();
	};

	socket.on('data', (piece: Buffer) => {
		if (stream.writableEnded) {
			// The other side has closed it: what is sent now is lost, and said to be.
			socket.resetAndDestroy();
			return;
		}

		traffic.send(piece.length);
		stream.write(piece, onSent);
		if (stream.writableLength > 0 || connection.congested) {
			waiting = true;
			socket.pause();
			if (stream.writableLength === 0) {
				connection.whenDrained(onSent);
			}
		}
	});
	socket.on('end', () => {
		sentAll = true;
		stream.end();
	});
	socket.on('drain', () => stream.resume());
	stream.on('data', (piece: Buffer) => {
		traffic.receive(piece.length);
		if (!socket.destroyed && !socket.write(piece)) {
			stream.pause();
		}
	});
	stream.on('end', () => {
		if (!broken) {
			socket.end();
		} else if (!socket.destroyed) {
			// All of it arrived before the link broke; what the client may still send cannot go anywhere.
			socket.end(() => {
				if (!sentAll) {
					socket.resetAndDestroy();
				}
			});
		}
	});
	stream.on('close', () => {
		if (!broken) {
			socket.destroySoon();
		}
	});
	stream.on('error', () => socket.resetAndDestroy());

	const ignoreEnd = connection.onClosed(() => {
		broken = true;
		if (!isComplete(stream)) {
			socket.resetAndDestroy();
		}
	});
	socket.once('close', () => {
		ignoreEnd();
		stream.destroy();
		// What still comes is for nobody.
		stream.resume();
	});
	if (socket.destroyed) {
		ignoreEnd();
		stream.destroy();
		stream.resume();
	}
}
