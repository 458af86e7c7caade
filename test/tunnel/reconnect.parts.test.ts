import {randomBytes} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {connect as connectSocket} from 'node:net';
import type {NetworkInterfaceInfo} from 'node:os';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {WakeAndNetworkWatch} from '../../source/system/wake-and-network.js';
import {connect, ConnectionError, connectThrough} from '../../source/tunnel/connection/connection.js';
import {healthLine} from '../../source/tunnel/health.js';
import {Tunnel, type TunnelOptions} from '../../source/tunnel/tunnel.js';
import {TurnedClock} from '../support/clock.js';
import {temporaryFolder} from '../support/folders.js';
import {makeProxy, type Proxy} from '../support/proxy.js';
import {echoServer, roundTrip, until} from '../support/servers.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

type Sshd = Awaited<ReturnType<typeof makeSshd>>;

const address = (text: string) => ({address: text, cidr: `${text}/24`, internal: false}) as NetworkInterfaceInfo;

/** Time and network of a test, turned by hand. */
class World {
	readonly clock = new TurnedClock();
	addresses = ['192.168.1.7'];
	readonly surroundings = new WakeAndNetworkWatch(this.clock, () => ({eth0: this.addresses.map(address)}));
	/** What happened to the tunnel. */
	readonly events: string[] = [];

	tunnel(open: TunnelOptions['open'], more: Partial<TunnelOptions> = {}): Tunnel {
		const tunnel = new Tunnel({
			open,
			clock: this.clock,
			surroundings: this.surroundings,
			random: {uuid: () => '', hex: () => '', integerBelow: limit => limit - 1},
			onUp: () => this.events.push('up'),
			onDown: reason => this.events.push(`down: ${reason}`),
			onBack: () => this.events.push('back'),
			onFailed: error => this.events.push(`failed: ${error.message}`),
			...more,
		});
		onTestFinished(() => tunnel.close());
		return tunnel;
	}

	/** Waits for the pause before the next try, and lets it pass; resolves with its length when that try is under way or over. */
	async skipPause(tunnel: Tunnel): Promise<number> {
		await until('a pause', () => tunnel.health.nextTry !== undefined);
		const {nextTry} = tunnel.health;
		const pause = (nextTry ?? 0) - this.clock.now();
		this.clock.pass(pause);
		await until('the next try', () => tunnel.health.nextTry !== nextTry);
		return pause;
	}
}

const through = (sshd: Sshd, proxy: Proxy) => async (signal: AbortSignal) =>
	connect({...sshd.destination, port: proxy.port}, signal);

/** Everything that was asked has been answered. */
const settled = async (tunnel: Tunnel) => {
	const known = tunnel.health.latencies.length;
	if (known === 0) {
		await until('a first answer', () => tunnel.health.latencies.length > 0);
	}
};

async function start(more: Partial<TunnelOptions> = {}) {
	const sshd = await makeSshd(await temporaryFolder());
	const proxy = await makeProxy(sshd.destination.port);
	const world = new World();
	const tunnel = world.tunnel(through(sshd, proxy), more);
	const [remote, local] = [await echoServer(), await freePort()];
	await tunnel.forwards.add(local, remote);
	tunnel.start();
	const connection = await tunnel.link();
	await settled(tunnel);
	return {sshd, proxy, world, tunnel, local, connection};
}

describe.skipIf(!hasSshd)('a tunnel over a bad network (needs openssh-server)', () => {
	test('a frozen link is noticed and kept: what was under way arrives after the thaw, and so does what came meanwhile', async () => {
		const {proxy, world, tunnel, local, connection} = await start();
		const long = connectSocket({port: local, host: '127.0.0.1'});
		onTestFinished(() => void long.destroy());
		const heard: Buffer[] = [];
		long.on('data', piece => heard.push(piece));
		long.write('before ');
		await until('an echo', () => heard.length > 0);

		proxy.freeze();
		long.write('during');
		world.clock.pass(5000);
		expect(tunnel.health.status).toBe('up');
		world.clock.pass(4000);
		expect(tunnel.health).toMatchObject({status: 'waiting', reason: 'no answer'});
		expect(healthLine(tunnel.health, world.clock.now())).toBe('next try in 1 s (1st) · no answer for 4s');
		const meanwhile = roundTrip(local, 'meanwhile');
		const waitingLink = tunnel.link();

		proxy.thaw();
		expect((await meanwhile).toString()).toBe('meanwhile');
		expect(await waitingLink).toBe(connection);
		await until('the rest', () => Buffer.concat(heard).toString() === 'before during');
		expect(tunnel.health).toMatchObject({status: 'up', reconnects: 0, silentSince: undefined});
		expect(world.events).toEqual(['up', 'down: no answer', 'back']);
		expect(Math.max(...tunnel.health.latencies)).toBeLessThan(5000);
	});

	test('a link that stays silent gives way to another one, and its connections are reset', async () => {
		const {proxy, world, tunnel, local, connection} = await start();
		const long = connectSocket({port: local, host: '127.0.0.1'});
		const reset = new Promise<NodeJS.ErrnoException>(resolve => long.once('error', resolve));
		long.write('hello');
		await until('it to be open', () => tunnel.forwards.stats()[0]?.received === 5);
		proxy.strand();
		world.clock.pass(9000);
		await world.skipPause(tunnel);
		await until('another link', () => tunnel.health.status === 'up');
		expect(await tunnel.link()).not.toBe(connection);
		expect((await reset).code).toBe('ECONNRESET');
		expect((await roundTrip(local, 'again')).toString()).toBe('again');
		expect(tunnel.health.reconnects).toBe(1);
		await connection.closed;
	});

	test('both links of a nested pair notice at once, and both are used again', async () => {
		const outer = await makeSshd(await temporaryFolder());
		const inner = await makeSshd(await temporaryFolder());
		const proxy = await makeProxy(outer.destination.port);
		const world = new World();
		const machine = world.tunnel(through(outer, proxy));
		const environment = world.tunnel(async signal => connectThrough(await machine.link(signal), inner.destination, signal));
		const [remote, local] = [await echoServer(), await freePort()];
		await environment.forwards.add(local, remote);
		machine.start();
		environment.start();
		const link = await environment.link();
		await settled(machine);
		await settled(environment);
		proxy.freeze();
		world.clock.pass(9000);
		expect([machine.health.status, environment.health.status]).toEqual(['waiting', 'waiting']);
		proxy.thaw();
		expect(await environment.link()).toBe(link);
		expect((await roundTrip(local, 'both')).toString()).toBe('both');

		proxy.drop();
		await link.closed;
		await Promise.all([world.skipPause(machine), world.skipPause(environment)]);
		expect((await roundTrip(local, 'anew')).toString()).toBe('anew');
		expect([machine.health.reconnects, environment.health.reconnects]).toEqual([1, 1]);
	});

	test('a link that is cut in the middle of a packet is an error for who was reading, and is made anew', async () => {
		const {proxy, world, tunnel, local, connection} = await start();
		proxy.cutAfter(100_000);
		connection.close();
		await world.skipPause(tunnel);
		await expect(roundTrip(local, randomBytes(1_000_000))).rejects.toThrow(/ECONNRESET|EPIPE/);
		await world.skipPause(tunnel);
		const data = randomBytes(1_000_000);
		expect((await roundTrip(local, data)).equals(data)).toBe(true);
		expect(tunnel.health.reconnects).toBe(2);
	});

	test('another server behind the same address is final, and said', async () => {
		const {proxy, world, tunnel} = await start();
		const other = await makeSshd(await temporaryFolder());
		proxy.swap(other.destination.port);
		proxy.drop();
		await world.skipPause(tunnel);
		await until('its end', () => tunnel.health.status === 'down');
		expect(healthLine(tunnel.health, world.clock.now())).toContain('shows another host key than the one made for this run');
		expect(world.events.at(-1)).toContain('failed: ');
		await expect(tunnel.link()).rejects.toThrow('another host key');
		const {taken} = proxy;
		world.clock.pass(600_000);
		expect(proxy.taken).toBe(taken);
		expect(world.clock.timers).toBe(0);
	});

	test('a login that is refused once is tried again; refused for a minute by a machine that knew the key, it is final', async () => {
		const folder = await temporaryFolder();
		const sshd = await makeSshd(folder);
		const keys = path.join(folder, 'authorized_keys');
		await writeFile(keys, '');
		const world = new World();
		const tunnel = world.tunnel(async signal => connect(sshd.destination, signal));
		tunnel.start();
		await until('a refusal', () => tunnel.health.nextTry !== undefined);
		expect(healthLine(tunnel.health, world.clock.now())).toMatch(/^next try in 6 s \(2nd\) · .*refuses the run's key$/);
		await writeFile(keys, `${sshd.identity.public}\n`);
		world.clock.pass(6000);
		const link = await tunnel.link();

		await writeFile(keys, '');
		link.destroy(new Error('lost'));
		expect(await world.skipPause(tunnel)).toBe(500);
		// It may be a machine that starts anew and lets nobody in yet.
		for (let pause = 1; pause <= 10; pause++) {
			expect(await world.skipPause(tunnel)).toBe(6000);
		}

		await until('its end', () => tunnel.health.status === 'down');
		expect(world.events).toEqual(['up', 'down: lost', expect.stringMatching(/^failed: .*refuses the run's key$/)]);

		await writeFile(keys, `${sshd.identity.public}\n`);
		tunnel.retry();
		await tunnel.link();
		expect(tunnel.health).toMatchObject({status: 'up', reconnects: 1, reason: undefined});
	});

	test('a second refusal in a row is final where nobody has been let in yet', async () => {
		const folder = await temporaryFolder();
		const sshd = await makeSshd(folder);
		await writeFile(path.join(folder, 'authorized_keys'), '');
		const world = new World();
		const tunnel = world.tunnel(async signal => connect(sshd.destination, signal));
		tunnel.start();
		await world.skipPause(tunnel);
		await until('its end', () => tunnel.health.status === 'down');
		expect(world.events).toEqual([expect.stringMatching(/^failed: .*refuses the run's key$/)]);
	});

	test('a server that is away for long is tried for ever', async () => {
		const {proxy, world, tunnel} = await start();
		const port = await proxy.refuse();
		await until('it is noticed', () => tunnel.health.status === 'waiting');
		// However long a refusal takes: time passes until there were so many.
		await until('many tries', () => {
			world.clock.pass(1000);
			return (tunnel.health.attempt ?? 0) > 5;
		});
		await proxy.listen(port);
		await until('it is back', () => {
			if (tunnel.health.nextTry !== undefined) {
				world.clock.pass(1000);
			}

			return tunnel.health.status === 'up';
		});
		expect(tunnel.health.reconnects).toBe(1);
	});
});

describe.skipIf(!hasSshd)('a machine that sleeps or roams (needs openssh-server)', () => {
	test('after sleep a link that answers is kept', async () => {
		const {world, tunnel, connection} = await start();
		const known = tunnel.health.latencies.length;
		world.clock.sleepThrough(8 * 3600 * 1000);
		world.clock.pass(1000);
		await until('an answer', () => tunnel.health.latencies.length > known);
		expect(await tunnel.link()).toBe(connection);
		expect(world.events).toEqual(['up']);
	});

	test('after sleep a link that does not answer is made anew at once', async () => {
		const {proxy, world, tunnel, local, connection} = await start();
		proxy.strand();
		world.clock.sleepThrough(8 * 3600 * 1000);
		world.clock.pass(1000);
		const link = tunnel.link();
		world.clock.pass(400);
		expect(await link).not.toBe(connection);
		expect((await roundTrip(local, 'awake')).toString()).toBe('awake');
		expect(world.events).toEqual(['up', 'down: it did not answer any more', 'up']);
	});

	test('a probe that nobody answers is silence after three seconds', async () => {
		const {proxy, world, tunnel} = await start();
		proxy.freeze();
		world.addresses = ['10.0.0.3'];
		world.clock.pass(1000);
		expect(tunnel.health.status).toBe('up');
		world.clock.pass(3000);
		expect(tunnel.health).toMatchObject({status: 'waiting', reason: 'no answer'});
	});

	test('a network that comes back ends the wait for the next try', async () => {
		const {proxy, world, tunnel} = await start();
		const port = await proxy.refuse();
		world.addresses = [];
		const pauses: number[] = [];
		for (let round = 0; round < 8; round++) {
			pauses.push(await world.skipPause(tunnel));
		}

		// That the network is gone is a change too: after the second pause the tries began anew.
		expect(pauses).toEqual([500, 1000, 500, 1000, 2000, 4000, 8000, 16_000]);
		await until('a pause', () => tunnel.health.nextTry !== undefined);
		expect((tunnel.health.nextTry ?? 0) - world.clock.now()).toBe(30_000);
		expect(healthLine(tunnel.health, world.clock.now())).toMatch(/^next try in 30 s \(10th\) · connect ECONNREFUSED/);
		await proxy.listen(port);
		world.addresses = ['10.0.0.3'];
		world.clock.pass(1000);
		await until('it is back', () => tunnel.health.status === 'up');
		expect(tunnel.health.nextTry).toBeUndefined();
	});
});

test('before there ever was a connection nobody is kept waiting, and a tunnel that is closed leaves nothing behind', async () => {
	const world = new World();
	const pauses: number[] = [];
	const tunnel = world.tunnel(async () => {
		throw new ConnectionError('nobody there', false);
	});
	tunnel.start();
	for (let round = 0; round < 4; round++) {
		pauses.push(await world.skipPause(tunnel));
	}

	expect(pauses).toEqual([500, 500, 500, 500]);
	tunnel.close();
	await expect(tunnel.link()).rejects.toThrow('closed');
	expect(world.clock.timers).toBe(0);
});
