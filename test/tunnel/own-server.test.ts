import {randomBytes} from 'node:crypto';
import {mkdir} from 'node:fs/promises';
import {connect as connectSocket} from 'node:net';
import {userInfo} from 'node:os';
import {expect, onTestFinished, test} from 'vitest';
import {hostRecord, layout} from '../../source/backends/local/process/layout.js';
import {serve} from '../../source/backends/local/process/server.js';
import {connect} from '../../source/tunnel/connection/connection.js';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';
import {type ListeningPort, watchListening} from '../../source/tunnel/observe/listening-ports.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';
import {TurnedClock} from '../support/clock.js';
import {temporaryFolder} from '../support/folders.js';
import {echoServer, roundTrip, serve as serveSockets, until} from '../support/servers.js';
import {freePort} from '../support/sshd.js';

test('a tunnel to the server of an environment that is a process here: answers, ports both ways, and what listens', async () => {
	const folder = await temporaryFolder();
	const [identity, hostKey] = await Promise.all([generateKeyPair('test'), generateKeyPair('host')]);
	const record = hostRecord({intentId: 'x', run: 'calm-fox-1', installation: 'y', authorizedKey: identity.public, launchedAt: 0});
	const places = layout(folder, record.run);
	await Promise.all([places.state, places.workspace].map(async each => mkdir(each, {recursive: true})));
	const server = await serve({record, places, hostKey: hostKey.private, pty: undefined});
	onTestFinished(() => server.close());
	const destination = {
		host: '127.0.0.1',
		port: server.port,
		user: userInfo().username,
		privateKey: identity.private,
		hostKeys: [hostKey.public],
	};
	const clock = new TurnedClock();
	const tunnel = new Tunnel({open: async signal => connect(destination, signal), clock});
	onTestFinished(() => tunnel.close());
	const [remote, local, there] = [await echoServer(), await freePort(), await freePort()];
	await tunnel.forwards.add(local, remote);
	tunnel.reverse.add(there, remote);
	tunnel.start();
	const link = await tunnel.link();
	for (let question = 1; question <= 3; question++) {
		await until('an answer', () => tunnel.health.latencies.length === question);
		clock.pass(5000);
	}

	const data = randomBytes(2_000_000);
	expect((await roundTrip(local, data)).equals(data)).toBe(true);
	await until('it to listen there', () => tunnel.reverse.stats()[0]?.bound === true);
	expect((await roundTrip(there, data)).equals(data)).toBe(true);
	const late: Buffer[] = [];
	const first = await serveSockets(socket => {
		socket.end('bye');
		socket.on('data', piece => late.push(piece));
	});
	const second = await freePort();
	await tunnel.forwards.add(second, first);
	const socket = connectSocket({port: second, host: '127.0.0.1', allowHalfOpen: true});
	await new Promise(resolve => socket.resume().once('end', resolve));
	socket.end(data);
	await until('what was said after the end', () => Buffer.concat(late).equals(data));
	await until('all to be closed', () => tunnel.forwards.stats().every(({open}) => open === 0));
	if (process.platform === 'linux') {
		let news: readonly ListeningPort[] = [];
		let looked = false;
		onTestFinished(watchListening(link, ports => (news = ports), {onBefore: () => (looked = true)}));
		await until('a first look', () => looked);
		const port = await echoServer();
		await until('news', () => news.some(each => each.port === port), 30_000);
	}

	expect(tunnel.health.reconnects).toBe(0);
});
