import {createSecretKey} from 'node:crypto';
import type {Duplex} from 'node:stream';
import {nextTick} from 'node:process';
import type {Client} from 'ssh2';

type Written = {readonly chunk: Buffer};
type Done = (error?: Error | null) => void;
type Writer = {
	write(...args: unknown[]): boolean;
	cork(): void;
	uncork(): void;
	_write(piece: Buffer, encoding: unknown, done: Done): void;
	_writev?: ((pieces: readonly Written[], done: Done) => void) | undefined;
};

/**
Sends what is written within one turn in one piece. The library writes each packet in three: its length, itself and its mark of
authenticity, which would be three system calls, or three packets of a connection that it goes through.
*/
export function coalesceWrites(stream: Duplex): void {
	const sock = stream as unknown as Writer;
	const write = sock.write.bind(sock);
	let corked = false;
	const uncork = () => {
		corked = false;
		sock.uncork();
	};

	sock.write = (...args) => {
		if (!corked) {
			corked = true;
			sock.cork();
			nextTick(uncork);
		}

		return write(...args);
	};

	// A channel of the library has no way of its own to send several pieces at once.
	sock._writev ??= (pieces, done) => sock._write(Buffer.concat(pieces.map(({chunk}) => chunk)), 'buffer', done);
}

type Keyed = {_encKey?: unknown; _decipherKey?: unknown};

/**
Gives the library's ciphers their keys in the form that OpenSSL wants. It makes a cipher for each packet, and Node would turn the
bytes into that form each time: half of all the work for a packet. Where the library is another than it was, nothing is changed.
*/
export function cacheCipherKeys(client: Client): void {
	const {_protocol: protocol} = client as Client & {_protocol?: {_cipher?: Keyed; _decipher?: Keyed}};
	const {_cipher: cipher, _decipher: decipher} = protocol ?? {};
	if (cipher && Buffer.isBuffer(cipher._encKey)) {
		cipher._encKey = createSecretKey(cipher._encKey);
	}

	if (decipher && Buffer.isBuffer(decipher._decipherKey)) {
		decipher._decipherKey = createSecretKey(decipher._decipherKey);
	}
}
