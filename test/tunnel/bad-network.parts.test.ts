import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {connect as connectSocket} from 'node:net';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {WakeAndNetworkWatch} from '../../source/system/wake-and-network.js';
import {connect, connectThrough} from '../../source/tunnel/connection/connection.js';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';
import {TurnedClock} from '../support/clock.js';
import {temporaryFolder} from '../support/folders.js';
import {hasCommand} from '../support/program.js';
import {makeProxy} from '../support/proxy.js';
import {roundTrip, serve, until} from '../support/servers.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

/** A tunnel over a proxy, to a server that sends back what it gets and counts it. Its time is turned by hand. */
async function start() {
	const sshd = await makeSshd(await temporaryFolder());
	const proxy = await makeProxy(sshd.destination.port);
	const clock = new TurnedClock();
	const arrived: Buffer[] = [];
	const tunnel = new Tunnel({
		open: async signal => connect({...sshd.destination, port: proxy.port}, signal),
		clock,
		surroundings: new WakeAndNetworkWatch(clock, () => ({})),
		random: {uuid: () => '', hex: () => '', integerBelow: limit => limit - 1},
	});
	onTestFinished(() => tunnel.close());
	const remote = await serve(socket => {
		socket.on('data', (piece: Buffer) => arrived.push(piece));
		socket.pipe(socket);
	});
	const local = await freePort();
	await tunnel.forwards.add(local, remote);
	tunnel.start();
	const connection = await tunnel.link();
	await until('a first answer', () => tunnel.health.latencies.length > 0);
	return {sshd, proxy, clock, tunnel, local, connection, arrived};
}

describe.skipIf(!hasSshd)('a network that is half there, or leads elsewhere (needs openssh-server)', () => {
	for (const [way, words] of [
		['near', 'answers do not come'],
		['far', 'questions do not arrive'],
	] as const) {
		test(`where only ${words}: it is silence like any other, and after it all bytes are there once`, async () => {
			const {proxy, clock, tunnel, local, connection, arrived} = await start();
			const sent = randomBytes(300_000);
			const pieces: Buffer[] = [];
			const long = connectSocket({port: local, host: '127.0.0.1', allowHalfOpen: true});
			onTestFinished(() => void long.destroy());
			long.on('data', piece => pieces.push(piece));
			const ended = new Promise(resolve => long.once('end', resolve));
			long.write(sent.subarray(0, 1000));
			await until('an echo', () => Buffer.concat(pieces).length === 1000);

			proxy.freeze(way);
			long.end(sent.subarray(1000));
			if (way === 'near') {
				await until('all to be there', () => Buffer.concat(arrived).equals(sent));
			}

			clock.pass(9000);
			expect(tunnel.health).toMatchObject({status: 'waiting', reason: 'no answer'});
			expect(Buffer.concat(pieces)).toHaveLength(1000);
			const meanwhile = roundTrip(local, 'meanwhile');
			proxy.thaw();
			expect((await meanwhile).toString()).toBe('meanwhile');
			await ended;
			expect(Buffer.concat(pieces).equals(sent)).toBe(true);
			expect(await tunnel.link()).toBe(connection);
			expect(tunnel.health.reconnects).toBe(0);
		});
	}

	test('another host that would take the same key gets not a byte, also of who waited, and is never asked again', async () => {
		const {sshd, proxy, clock, tunnel, local, arrived} = await start();
		expect((await roundTrip(local, 'to the right one')).toString()).toBe('to the right one');
		const folder = await temporaryFolder();
		const other = await makeSshd(folder);
		await writeFile(path.join(folder, 'authorized_keys'), `${sshd.identity.public}\n`);
		// It would let us in, and lead to the same server.
		(await connect({...other.destination, privateKey: sshd.destination.privateKey}, new AbortController().signal)).close();

		const port = await proxy.refuse();
		proxy.swap(other.destination.port);
		await until('it is noticed', () => tunnel.health.status === 'waiting');
		const waiting = roundTrip(local, 'a secret for the right one').then(String, (error: NodeJS.ErrnoException) => error.code);
		await until('it to be taken', () => tunnel.forwards.stats()[0]?.open === 1);
		await proxy.listen(port);
		await until('a pause', () => tunnel.health.nextTry !== undefined);
		const {taken} = proxy;
		clock.pass(60_000);
		await until('its end', () => tunnel.health.status === 'down');
		expect(tunnel.health.reason).toContain('shows another host key than the one made for this run');
		expect(proxy.taken).toBe(taken + 1);
		tunnel.close();
		expect(await waiting).toBe('ECONNRESET');
		expect(Buffer.concat(arrived).toString()).toBe('to the right one');
		clock.pass(3_600_000);
		expect(proxy.taken).toBe(taken + 1);
	});

	test('while somebody waits at a port no pause is long, and one that is under way is cut short', async () => {
		const {proxy, clock, tunnel, local} = await start();
		const port = await proxy.refuse();
		const pauses: number[] = [];
		const pause = async () => {
			await until('a pause', () => tunnel.health.nextTry !== undefined);
			return (tunnel.health.nextTry ?? 0) - clock.now();
		};

		const skip = async () => {
			pauses.push(await pause());
			const {nextTry} = tunnel.health;
			clock.pass(pauses.at(-1) ?? 0);
			await until('the next try', () => tunnel.health.nextTry !== nextTry);
		};

		for (let round = 0; round < 6; round++) {
			await skip();
		}

		expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000]);
		expect(await pause()).toBe(30_000);
		const {attempt} = tunnel.health;
		const waiting = roundTrip(local, 'is anybody there?');
		await until('it to be cut short', () => (tunnel.health.nextTry ?? 0) - clock.now() === 1000);
		expect(tunnel.health.attempt).toBe(attempt);
		await skip();
		expect(await pause()).toBe(1000);
		await proxy.listen(port);
		await skip();
		expect((await waiting).toString()).toBe('is anybody there?');
	});

	test('so it is at a port that leads through a machine: its pause is cut short too', async () => {
		const outer = await makeSshd(await temporaryFolder());
		const inner = await makeSshd(await temporaryFolder());
		const proxy = await makeProxy(outer.destination.port);
		const clock = new TurnedClock();
		const common = {
			clock,
			surroundings: new WakeAndNetworkWatch(clock, () => ({})),
			random: {uuid: () => '', hex: () => '', integerBelow: (limit: number) => limit - 1},
		};
		const machine = new Tunnel({
			...common,
			open: async signal => connect({...outer.destination, port: proxy.port}, signal),
		});
		const environment = new Tunnel({
			...common,
			through: machine,
			open: async signal => connectThrough(await machine.link(signal), inner.destination, signal),
		});
		onTestFinished(() => {
			environment.close();
			machine.close();
		});
		const local = await freePort();
		await environment.forwards.add(local, await serve(socket => void socket.pipe(socket)));
		machine.start();
		environment.start();
		await environment.link();

		const port = await proxy.refuse();
		for (let round = 0; round < 5; round++) {
			await until('a pause', () => machine.health.nextTry !== undefined);
			const {nextTry} = machine.health;
			clock.pass((nextTry ?? 0) - clock.now());
			await until('the next try', () => machine.health.nextTry !== nextTry);
		}

		await until('a long pause', () => (machine.health.nextTry ?? 0) - clock.now() === 16_000);
		const waiting = roundTrip(local, 'is anybody there?');
		await until('it to be cut short', () => (machine.health.nextTry ?? 0) - clock.now() === 1000);
		await proxy.listen(port);
		clock.pass(1000);
		await until('the machine', () => machine.health.status === 'up');
		clock.pass(1000);
		expect((await waiting).toString()).toBe('is anybody there?');
	});

	test.skipIf(!hasCommand('python3'))(
		'a machine that says nothing at all is asked anew within seconds (needs python3)',
		async () => {
			// A listener whose queue is full drops who comes next, as a machine does that is not there.
			const full = `import socket, time
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(0)
print(listener.getsockname()[1], flush=True)
time.sleep(60)`;
			const child = spawn('python3', ['-c', full], {stdio: ['ignore', 'pipe', 'inherit']});
			onTestFinished(() => void child.kill());
			const port = Number(String((await once(child.stdout, 'data'))[0]));
			let isFull = false;
			for (let taken = 0; taken < 10 && !isFull; taken++) {
				const socket = connectSocket({port, host: '127.0.0.1'});
				onTestFinished(() => void socket.destroy());
				isFull = await Promise.race([
					once(socket, 'connect').then(() => false),
					new Promise<boolean>(resolve => setTimeout(resolve, 500, true)),
				]);
			}

			expect(isFull).toBe(true);
			const {public: hostKey, private: privateKey} = await generateKeyPair('test');
			const destination = {host: '127.0.0.1', port, user: 'root', privateKey, hostKeys: [hostKey]};
			await expect(connect(destination, new AbortController().signal)).rejects.toMatchObject({
				message: `no answer from 127.0.0.1:${port} in 4 s`,
				final: false,
			});
		},
	);
});
