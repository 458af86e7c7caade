import {createHash, randomBytes} from 'node:crypto';
import {Readable} from 'node:stream';
import {describe, expect, onTestFinished, test} from 'vitest';
import {connect, ConnectionError, connectThrough} from '../../source/tunnel/connection/connection.js';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';
import {temporaryFolder} from '../support/folders.js';
import {echoServer, roundTrip} from '../support/servers.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

const never = new AbortController().signal;

describe.skipIf(!hasSshd)('a connection to a real sshd (needs openssh-server)', () => {
	test('runs commands with their exit codes, output and input', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const link = await connect(destination, never);
		onTestFinished(() => link.close());
		expect(await link.exec('echo out; echo err >&2; exit 7')).toEqual({code: 7, stdout: 'out\n', stderr: 'err\n'});
		expect((await link.exec('cat', {stdin: 'hello'})).stdout).toBe('hello');
		expect((await link.exec('kill -TERM $$')).code).toBe(143);
	});

	test('carries bytes in order, both ways', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const link = await connect(destination, never);
		onTestFinished(() => link.close());
		const data = randomBytes(8 * 1024 * 1024);
		const hash = createHash('sha256');
		await link.exec('cat', {stdin: Readable.from([data]), onOutput: piece => hash.update(piece)});
		expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
	});

	test('gives up a command that says nothing, and one whose signal is aborted', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const link = await connect(destination, never);
		onTestFinished(() => link.close());
		await expect(link.exec('sleep 30', {idleLimit: 200})).rejects.toThrow('no answer');
		await expect(link.exec('sleep 30', {signal: AbortSignal.timeout(100)})).rejects.toThrow();
	});

	test('a lost link is an error, never an exit code', async () => {
		const {destination, stop} = await makeSshd(await temporaryFolder());
		const link = await connect(destination, never);
		const running = link.exec('sleep 30');
		running.catch(() => undefined);
		await new Promise(resolve => setTimeout(resolve, 200));
		await stop();
		const killed = connect(destination, never);
		await expect(killed).rejects.toBeInstanceOf(ConnectionError);
		link.close();
		await expect(running).rejects.toThrow();
	});

	test('another host key is refused for good', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const other = await generateKeyPair('other');
		const error = await connect({...destination, hostKeys: [other.public]}, never).catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(ConnectionError);
		expect(error).toMatchObject({final: true});
		expect(String(error)).toContain('another host key');
	});

	test('a key that is not the run’s is refused for good', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const other = await generateKeyPair('other');
		await expect(connect({...destination, privateKey: other.private}, never)).rejects.toMatchObject({final: true});
	});

	test('a server that is not there is worth another try', async () => {
		const {destination, stop} = await makeSshd(await temporaryFolder());
		await stop();
		await expect(connect(destination, never)).rejects.toMatchObject({final: false});
	});
});

describe.skipIf(!hasSshd)('a tunnel (needs openssh-server)', () => {
	test('carries ports, keeps them open while the server is away, and comes back', async () => {
		const {destination, stop, start} = await makeSshd(await temporaryFolder());
		const [remote, local] = [await echoServer(), await freePort()];
		const tunnel = new Tunnel({open: async signal => connect(destination, signal)});
		onTestFinished(() => tunnel.close());
		await tunnel.forwards.add(local, remote);
		const early = roundTrip(local, Buffer.from('before there is a link'));
		tunnel.start();
		expect((await early).toString()).toBe('before there is a link');
		const data = randomBytes(3 * 1024 * 1024);
		expect((await roundTrip(local, data)).equals(data)).toBe(true);
		expect(tunnel.forwards.stats()).toMatchObject([{local, remote, open: 0}]);

		// The sessions of a killed sshd live on in processes of their own, so the link is cut from this side.
		(await tunnel.link()).close();
		await stop();
		const waiting = roundTrip(local, Buffer.from('while it is away'));
		await start();
		expect((await waiting).toString()).toBe('while it is away');
		expect(tunnel.health.reconnects).toBe(1);
	});

	test('a connection that comes in the moment in which the link breaks waits for the next one', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const [remote, local] = [await echoServer(), await freePort()];
		const random = {uuid: () => '', hex: () => '', integerBelow: () => 0};
		const tunnel = new Tunnel({open: async signal => connect(destination, signal), random});
		onTestFinished(() => tunnel.close());
		await tunnel.forwards.add(local, remote);
		tunnel.start();
		for (let round = 0; round < 5; round++) {
			(await tunnel.link()).close();
			expect((await roundTrip(local, Buffer.from(`round ${round}`))).toString()).toBe(`round ${round}`);
		}

		expect(tunnel.health.reconnects).toBe(5);
	});

	test('a port where nothing listens there is a reset here', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const tunnel = new Tunnel({open: async signal => connect(destination, signal)});
		onTestFinished(() => tunnel.close());
		const local = await freePort();
		await tunnel.forwards.add(local, await freePort());
		tunnel.start();
		await expect(roundTrip(local, Buffer.from('anyone?'))).rejects.toThrow(/ECONNRESET|EPIPE/);
	});

	test('is down for good when the host key is another', async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const other = await generateKeyPair('other');
		const tunnel = new Tunnel({open: async signal => connect({...destination, hostKeys: [other.public]}, signal)});
		onTestFinished(() => tunnel.close());
		tunnel.start();
		await expect(tunnel.link()).rejects.toThrow('another host key');
		expect(tunnel.health.status).toBe('down');
	});
});

describe.skipIf(!hasSshd)('a connection through a machine (needs openssh-server)', () => {
	test('logs in to a server that only the machine reaches, and ends with it', async () => {
		const {destination: outer} = await makeSshd(await temporaryFolder());
		const {destination: inner} = await makeSshd(await temporaryFolder());
		const machine = await connect(outer, never);
		onTestFinished(() => machine.close());
		const link = await connectThrough(machine, inner, never);
		expect((await link.exec('cat', {stdin: 'hello'})).stdout).toBe('hello');
		const data = randomBytes(4 * 1024 * 1024);
		const hash = createHash('sha256');
		await link.exec('cat', {stdin: Readable.from([data]), onOutput: piece => hash.update(piece)});
		expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
		machine.close();
		await link.closed;
	});

	test('carries bytes in order while servers change their keys again and again', async () => {
		const lines = ['RekeyLimit 1M'];
		const {destination: outer} = await makeSshd(await temporaryFolder(), {lines});
		const {destination: inner} = await makeSshd(await temporaryFolder(), {lines});
		const machine = await connect(outer, never);
		onTestFinished(() => machine.close());
		const link = await connectThrough(machine, inner, never);
		const data = randomBytes(12 * 1024 * 1024);
		for (const each of [machine, link]) {
			const hash = createHash('sha256');
			await each.exec('cat', {stdin: Readable.from([data]), onOutput: piece => hash.update(piece)});
			expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
		}
	});

	test('a server that is not there yet is asked again; a wrong host key is final', async () => {
		const {destination: outer} = await makeSshd(await temporaryFolder());
		const {destination: inner} = await makeSshd(await temporaryFolder());
		const machine = await connect(outer, never);
		onTestFinished(() => machine.close());
		const missing = connectThrough(machine, {...inner, port: await freePort()}, never);
		await expect(missing).rejects.toMatchObject({final: false, message: 'the SSH server of the environment does not listen'});
		const other = await generateKeyPair('other');
		await expect(connectThrough(machine, {...inner, hostKeys: [other.public]}, never)).rejects.toMatchObject({final: true});
		expect((await machine.exec('echo on')).stdout).toBe('on\n');
	});
});
