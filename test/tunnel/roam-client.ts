// A tunnel with one forwarded port in a process of its own, so that it can be in a network namespace, for `roam.test.ts`. Takes a JSON
// object: where to log in, and the port there. Takes commands, one a line, and tells what happens as one JSON object a line.
import {connect as connectSocket} from 'node:net';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {systemClock} from '../../source/system/clock.js';
import {wakeAndNetworkWatch} from '../../source/system/wake-and-network.js';
import {connect} from '../../source/tunnel/connection/connection.js';
import {type Connection, type Destination} from '../../source/tunnel/connection/contract.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';

const local = 17_000;
const host = '127.0.0.1';
const {destination, remote} = JSON.parse(process.argv[2] ?? '') as {destination: Destination; remote: number};
const tell = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
/** Connections by the number in which they came. */
const numbers = new WeakMap<Connection, number>();
let connections = 0;
const tunnel = new Tunnel({
	open: async signal => connect(destination, signal),
	onUp(connection) {
		numbers.set(connection, ++connections);
		tell({event: 'up', link: connections});
	},
	onDown: reason => tell({event: 'down', reason}),
	onBack: () => tell({event: 'back'}),
	onFailed: error => tell({event: 'failed', reason: error.message}),
});
wakeAndNetworkWatch(systemClock).watch({onChange: change => tell({event: change})});
await tunnel.forwards.add(local, remote);
tunnel.start();

/** Sends bytes over the port, with their end, and tells whether the same ones came back, and over which connection. */
const ask = async (bytes: number) => {
	const sent = Buffer.alloc(bytes, `${connections} and more `);
	const started = performance.now();
	const answer = await new Promise<string>(resolve => {
		const pieces: Buffer[] = [];
		const socket = connectSocket({port: local, host, allowHalfOpen: true});
		socket.on('data', piece => pieces.push(piece));
		socket.on('end', () => resolve(Buffer.concat(pieces).equals(sent) ? 'right' : 'wrong'));
		socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
		socket.end(sent);
	});
	const link = numbers.get(await tunnel.link());
	tell({event: 'answer', answer, link, took: performance.now() - started, forwards: tunnel.forwards.stats()});
};

/** A connection that stays open: each `say` is a piece of it. */
let long: ReturnType<typeof connectSocket> | undefined;
const commands: Readonly<Record<string, (text: string) => void>> = {
	ask: text => void ask(Number(text)),
	say(text) {
		if (!long) {
			long = connectSocket({port: local, host});
			long.setEncoding('utf8').on('data', heard => tell({event: 'heard', heard}));
			long.on('error', (error: NodeJS.ErrnoException) => tell({event: 'reset', reason: error.code}));
		}

		long.write(text);
	},
};
createInterface({input: process.stdin})
	.on('line', line => {
		const [name = '', text = ''] = line.split(' ');
		commands[name]?.(text);
	})
	.once('close', () => process.exit());
