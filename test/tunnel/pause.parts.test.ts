import {randomBytes} from 'node:crypto';
import {connect as connectSocket} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import {systemClock} from '../../source/system/clock.js';
import {WakeAndNetworkWatch} from '../../source/system/wake-and-network.js';
import {connect} from '../../source/tunnel/connection/connection.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';
import {type Bench, findBench} from '../support/engine.js';
import {roundTrip, until} from '../support/servers.js';
import {freePort} from '../support/sshd.js';
import {makeSshContainer} from '../support/ssh-container.js';

const found = await findBench('A frozen machine');

describe.skipIf(!found)('a machine that stands still', () => {
	test('is noticed; ports stay, what was under way goes on, what came meanwhile is served, and nothing is lost or doubled', async () => {
		const machine = await makeSshContainer(found as Bench);
		const events: string[] = [];
		const tunnel = new Tunnel({
			open: async signal => connect(machine.destination, signal),
			// Other tests of this machine come and go with networks of their own.
			surroundings: new WakeAndNetworkWatch(systemClock, () => ({})),
			onUp: () => events.push('up'),
			onDown: reason => events.push(`down: ${reason}`),
			onBack: () => events.push('back'),
		});
		onTestFinished(() => tunnel.close());
		const local = await freePort();
		await tunnel.forwards.add(local, machine.echo);
		tunnel.start();
		const connection = await tunnel.link();

		const sent = randomBytes(40 * 1024 * 1024);
		const pieces: Buffer[] = [];
		let received = 0;
		const long = connectSocket({port: local, host: '127.0.0.1', allowHalfOpen: true});
		onTestFinished(() => void long.destroy());
		const ended = new Promise<void>((resolve, reject) => {
			long.once('end', resolve);
			long.once('error', reject);
		});
		long.on('data', (piece: Buffer) => {
			pieces.push(piece);
			received += piece.length;
		});
		const half = sent.length / 2;
		long.write(sent.subarray(0, half));
		await until('the first echoes', () => received > 0, 30_000);

		await machine.pause();
		long.end(sent.subarray(half));
		await until('it is noticed', () => tunnel.health.status === 'waiting', 30_000);
		expect(tunnel.health.reason).toBe('no answer');
		const soFar = received;
		const begun = [0, 1, 2].map(async each => roundTrip(local, `begun in the freeze ${each}`));
		await until('they are taken', () => tunnel.forwards.stats()[0]?.open === 4);
		// Longer than until the next try, which finds the port open and hears nothing.
		await new Promise(resolve => setTimeout(resolve, 1500));
		expect(received).toBe(soFar);
		expect(tunnel.health.status).toBe('waiting');

		await machine.unpause();
		expect((await Promise.all(begun)).map(String)).toEqual([0, 1, 2].map(each => `begun in the freeze ${each}`));
		await ended;
		expect(Buffer.concat(pieces).equals(sent)).toBe(true);
		expect(await tunnel.link()).toBe(connection);
		expect(tunnel.health).toMatchObject({status: 'up', reconnects: 0});
		expect(events).toEqual(['up', 'down: no answer', 'back']);
		expect(tunnel.forwards.stats()).toMatchObject([{local, problem: undefined}]);
	});
});
