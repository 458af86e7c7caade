import {createHash, randomBytes} from 'node:crypto';
import {connect as connectSocket, createServer, type Socket} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import {bindFree} from '../../source/runs/live/monitor/ports.js';
import {connect} from '../../source/tunnel/connection/connection.js';
import {type IncomingChannel, type Connection} from '../../source/tunnel/connection/contract.js';
import {Forwards} from '../../source/tunnel/forward/forwards.js';
import {ReverseForwards} from '../../source/tunnel/forward/reverse.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';
import {temporaryFolder} from '../support/folders.js';
import {makeProxy} from '../support/proxy.js';
import {echoServer, hasNewer, roundTrip, serve, until} from '../support/servers.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

const never = new AbortController().signal;
const eager = {uuid: () => '', hex: () => '', integerBelow: () => 0};

async function forwardTo(remote: number) {
	const {destination} = await makeSshd(await temporaryFolder());
	const proxy = await makeProxy(destination.port);
	const tunnel = new Tunnel({open: async signal => connect({...destination, port: proxy.port}, signal), random: eager});
	onTestFinished(() => tunnel.close());
	const local = await freePort();
	await tunnel.forwards.add(local, remote);
	tunnel.start();
	return {tunnel, proxy, local, connection: await tunnel.link()};
}

const open = (port: number, more = {}): Socket => {
	const socket = connectSocket({port, host: '127.0.0.1', allowHalfOpen: true, ...more});
	onTestFinished(() => void socket.destroy());
	return socket;
};

const outcome = async (socket: Socket): Promise<string> =>
	new Promise(resolve => {
		socket.once('end', () => resolve('end'));
		socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
	});

describe.skipIf(!hasSshd)('forwarded ports (need openssh-server)', () => {
	test('each half of a connection ends by itself', async () => {
		// Answers only after the end of what was asked; and one that ends first, and goes on listening.
		const asked = serve(socket => {
			const pieces: Buffer[] = [];
			socket.on('data', piece => pieces.push(piece));
			socket.on('end', () => socket.end(`got ${Buffer.concat(pieces).length}`));
		});
		let late = '';
		const ends = serve(socket => {
			socket.end('bye');
			socket.on('data', piece => (late += piece.toString()));
		});
		const {local, tunnel} = await forwardTo(await asked);
		expect((await roundTrip(local, randomBytes(300_000))).toString()).toBe('got 300000');

		const second = await freePort();
		await tunnel.forwards.add(second, await ends);
		const socket = open(second);
		socket.resume();
		expect(await outcome(socket)).toBe('end');
		socket.end('said after the end');
		await until('what was said', () => late === 'said after the end');
		await until('all to be closed', () => tunnel.forwards.stats().every(each => each.open === 0));
	});

	test.skipIf(!hasNewer)(
		'both halves of `localhost` lead there, and both are closed; one that is taken is a conflict',
		async () => {
			const {local, tunnel} = await forwardTo(await echoServer());
			expect((await roundTrip(local, 'new', '::1')).toString()).toBe('new');
			expect((await roundTrip(local, 'old')).toString()).toBe('old');
			expect(tunnel.forwards.stats()).toMatchObject([{local, total: 12}]);
			await tunnel.forwards.remove(local);
			for (const host of ['::1', '127.0.0.1']) {
				await expect(roundTrip(local, '', host)).rejects.toThrow('ECONNREFUSED');
			}

			const taken = await serve(socket => socket.end(), 0, '::1');
			await expect(tunnel.forwards.add(taken, 1)).rejects.toMatchObject({code: 'EADDRINUSE'});
			await expect(roundTrip(taken, '')).rejects.toThrow('ECONNREFUSED');
			expect(await bindFree(tunnel.forwards, {wanted: taken, remote: 1, taken: new Set()})).toMatchObject({
				holder: expect.stringContaining(`pid ${process.pid}`) as string,
			});
		},
	);

	test('a break is a reset, never an orderly end', async () => {
		const {local, proxy} = await forwardTo(await serve(socket => socket.write('the first half')));
		for (const how of ['reset', 'end'] as const) {
			const socket = open(local);
			await new Promise(resolve => socket.once('data', resolve));
			proxy.drop(how);
			expect(await outcome(socket)).toBe('ECONNRESET');
		}
	});

	test('what had arrived whole before the break is delivered whole', async () => {
		const data = randomBytes(1_500_000);
		let done = 0;
		const remote = await serve(socket => {
			socket.end(data, () => done++);
			socket.resume();
		});
		const {local, proxy, tunnel, connection} = await forwardTo(remote);
		const before = connection.bytesRead;
		const socket = open(local, {readableHighWaterMark: 1024});
		socket.pause();
		await until('all to be there', () => done === 1 && connection.bytesRead - before > data.length);
		// Its end comes with the last bytes, or right behind them.
		await connection.ping();
		await connection.ping();
		proxy.drop();
		await until('another link', () => tunnel.health.reconnects === 1);
		const pieces: Buffer[] = [];
		socket.on('data', piece => pieces.push(piece));
		socket.resume();
		await new Promise(resolve => socket.once('close', resolve).once('end', resolve));
		expect(Buffer.concat(pieces).equals(data)).toBe(true);
	});

	test('neither side is read faster than the other takes', async () => {
		let sent = 0;
		const chunk = Buffer.alloc(64 * 1024);
		const pour = (socket: Socket) => {
			while (sent < 200_000_000 && socket.write(chunk)) {
				sent += chunk.length;
			}

			socket.once('drain', () => pour(socket));
		};

		const {local, tunnel} = await forwardTo(await serve(socket => pour(socket)));
		const slow = open(local);
		slow.pause();
		let before = -1;
		await until('the source to stop', () => {
			const {received = 0} = tunnel.forwards.stats()[0] ?? {};
			const stands = sent > 1_000_000 && received === before;
			before = received;
			return stands;
		});
		// What fits into windows and the kernel's buffers on the way, and no more.
		expect(sent).toBeLessThan(40_000_000);

		const deaf = await serve(socket => socket.pause());
		const second = await freePort();
		await tunnel.forwards.add(second, deaf);
		const eagerClient = open(second);
		sent = 0;
		pour(eagerClient);
		await until('the client to stop', () => sent > 1_000_000 && eagerClient.writableNeedDrain);
		await new Promise(resolve => setTimeout(resolve, 500));
		expect(sent).toBeLessThan(40_000_000);
		// Others are not held up by those two.
		const third = await freePort();
		await tunnel.forwards.add(third, await echoServer());
		const data = randomBytes(3_000_000);
		expect((await roundTrip(third, data)).equals(data)).toBe(true);
	});

	test('five hundred connections at once, each byte in its place, and more that come and go', async () => {
		const {local, tunnel} = await forwardTo(await echoServer());
		const all = await Promise.all(
			Array.from({length: 500}, async () => {
				const data = randomBytes(20_000);
				return (await roundTrip(local, data)).equals(data);
			}),
		);
		expect(all.filter(Boolean)).toHaveLength(500);
		for (let round = 0; round < 2; round++) {
			const answers = await Promise.all(Array.from({length: 250}, async (_, index) => roundTrip(local, `${round}.${index}`)));
			expect(answers.map(String)).toEqual(Array.from({length: 250}, (_, index) => `${round}.${index}`));
		}

		await until('all to be closed', () => tunnel.forwards.stats()[0]?.open === 0);
		expect(tunnel.forwards.stats()[0]).toMatchObject({problem: undefined});
	});

	test('ports tell what they carry, and come and go while the tunnel is up', async () => {
		const remote = await echoServer();
		const {local, tunnel} = await forwardTo(remote);
		const second = await freePort();
		await tunnel.forwards.add(second, remote);
		const socket = open(second);
		socket.resume();
		socket.write(Buffer.alloc(30_000));
		await until('an echo', () => tunnel.forwards.stats()[1]?.received === 30_000);
		const [first, busy] = tunnel.forwards.stats();
		expect(first).toMatchObject({local, remote, open: 0, total: 0, received: 0, sent: 0, rate: 0});
		expect(busy).toMatchObject({local: second, remote, open: 1, total: 60_000, received: 30_000, sent: 30_000});
		expect(busy?.rate).toBeGreaterThan(1000);
		const closed = outcome(socket);
		await tunnel.forwards.remove(second);
		await closed;
		expect(tunnel.forwards.stats()).toHaveLength(1);
		await tunnel.forwards.add(second, remote);
		expect((await roundTrip(second, 'again')).toString()).toBe('again');
		await expect(tunnel.forwards.add(second, remote)).rejects.toMatchObject({code: 'EADDRINUSE'});
	});

	test('a port that served is waited for over a link that has just come back; one that never did is refused at once', async () => {
		const remote = await freePort();
		const {local, tunnel, proxy} = await forwardTo(remote);
		expect(await outcome(open(local).resume())).toBe('ECONNRESET');
		let server = createServer(socket => socket.end('first')).listen(remote, '127.0.0.1');
		await until('the server', () => server.listening);
		expect((await roundTrip(local, '')).toString()).toBe('first');
		server.close();
		expect(await outcome(open(local).resume())).toBe('ECONNRESET');

		// Its machine starts anew: the link is there before what listened.
		proxy.drop();
		await until('the new link', () => tunnel.health.reconnects === 1 && tunnel.health.status === 'up');
		const waiting = roundTrip(local, '');
		await new Promise(resolve => setTimeout(resolve, 800));
		server = createServer(socket => socket.end('second')).listen(remote, '127.0.0.1');
		onTestFinished(() => void server.close());
		expect((await waiting).toString()).toBe('second');
	});

	test('a server that listens only at ::1 is reached too', async () => {
		const server = createServer(socket => socket.end('six'));
		const listens = await new Promise<boolean>(resolve => {
			server.once('error', () => resolve(false));
			server.listen(0, '::1', () => resolve(true));
		});
		onTestFinished(() => void server.close());
		if (listens) {
			const {local} = await forwardTo((server.address() as {port: number}).port);
			expect((await roundTrip(local, '')).toString()).toBe('six');
		}
	});
});

test('a client that waits is reset when no link comes in time, and one that gave up is forgotten', async () => {
	const forwards = new Forwards(300);
	onTestFinished(() => forwards.close());
	const local = await freePort();
	await forwards.add(local, 1);
	await expect(roundTrip(local, 'anyone?')).rejects.toThrow(/ECONNRESET|EPIPE/);
	await until('it to be forgotten', () => forwards.stats()[0]?.open === 0);
});

describe.skipIf(!hasSshd)('reverse forwards (need openssh-server)', () => {
	test('lead from a port there to one here, over reconnects too', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const proxy = await makeProxy(destination.port);
		const tunnel = new Tunnel({open: async signal => connect({...destination, port: proxy.port}, signal), random: eager});
		onTestFinished(() => tunnel.close());
		const [there, here] = [await freePort(), await echoServer()];
		tunnel.reverse.add(there, here);
		expect(() => tunnel.reverse.add(there, here)).toThrow('leads somewhere already');
		tunnel.start();
		const isBound = () => tunnel.reverse.stats()[0]?.bound === true;
		await until('it to listen there', isBound);
		const data = randomBytes(2_000_000);
		expect((await roundTrip(there, data)).equals(data)).toBe(true);
		expect(tunnel.reverse.stats()).toMatchObject([{remote: there, local: here, sent: data.length, received: data.length}]);

		proxy.drop('end');
		await until('it to be noticed', () => tunnel.health.reconnects === 1);
		await until('it to listen there again', isBound, 20_000);
		expect((await roundTrip(there, 'again')).toString()).toBe('again');

		tunnel.reverse.remove(there);
		await expect(roundTrip(there, 'gone')).rejects.toThrow();
	});

	test('a connection that is lost between an arrival and its acceptance leaves no socket open here', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const link = await connect(destination, never);
		const ends: string[] = [];
		const here = await serve(socket => {
			socket.resume();
			for (const event of ['end', 'error'] as const) {
				socket.on(event, () => ends.push(event));
			}
		});
		const late = Object.create(link, {
			listenRemote: {
				value: async (port: number, onArrival: (arrival: IncomingChannel) => void) =>
					link.listenRemote(port, arrival => {
						link.destroy(new Error('lost'));
						void link.closed.then(() => onArrival(arrival));
					}),
			},
			onClosed: {value: (listener: () => void) => link.onClosed(listener)},
		}) as Connection;
		const reverse = new ReverseForwards();
		onTestFinished(() => reverse.close());
		const there = await freePort();
		reverse.add(there, here);
		reverse.setConnection(late);
		await until('it to listen there', () => reverse.stats()[0]?.bound === true);
		open(there).on('error', () => undefined);
		await until('the end here', () => ends.length > 0);
		await until('it to be forgotten', () => reverse.stats()[0]?.open === 0);
	});

	test('say what keeps them, and refuse where nothing listens here', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const tunnel = new Tunnel({open: async signal => connect(destination, signal)});
		onTestFinished(() => tunnel.close());
		const taken = await echoServer();
		tunnel.reverse.add(taken, 1);
		const there = await freePort();
		tunnel.reverse.add(there, await freePort());
		tunnel.start();
		await until('a problem', () => tunnel.reverse.stats()[0]?.problem !== undefined);
		expect(tunnel.reverse.stats()[0]?.problem).toBe(`port ${taken} is taken there, or cannot be opened`);
		await until('the other', () => tunnel.reverse.stats()[1]?.bound === true);
		await expect(
			roundTrip(there, 'anyone?').then(answer => answer.length > 0 || Promise.reject(new Error('nothing'))),
		).rejects.toThrow();
	});
});

describe.skipIf(!hasSshd)('a connection by itself (needs openssh-server)', () => {
	const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');

	test('counts what arrives, answers a ping, and is over at once when it is destroyed', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const proxy = await makeProxy(destination.port);
		const link: Connection = await connect({...destination, port: proxy.port}, never);
		const before = link.bytesRead;
		expect(await link.ping()).toBeGreaterThan(0);
		expect(link.bytesRead).toBeGreaterThan(before);
		const data = randomBytes(100_000);
		expect(digest(Buffer.from((await link.exec('base64', {stdin: data})).stdout, 'base64'))).toBe(digest(data));
		proxy.freeze();
		const ping = link.ping();
		ping.catch(() => undefined);
		link.destroy(new Error('given up'));
		expect(await link.closed).toMatchObject({message: 'given up'});
		await expect(ping).rejects.toThrow();
		await expect(link.openPort(1)).rejects.toThrow('given up');
	});
});
