import {spawn} from 'node:child_process';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {Backend} from '../../source/backends/backend.js';
import {beatsOf} from '../support/beating-owner.js';
import {linesOf} from '../../source/runs/model/log-snapshot.js';
import type {RunContext} from '../../source/runs/context.js';
import type {ForwardPolicy} from '../../source/runs/model/preferences.js';
import type {RunEvent, RunSpecification} from '../../source/runs/model/events.js';
import {Journal} from '../../source/runs/journal/journal.js';
import {linkHealth} from '../../source/runs/link/tunnels.js';
import {openRecord} from '../../source/runs/journal/record.js';
import {Run} from '../../source/runs/live/run.js';
import {claimFolder, runFolder, writeRunFiles} from '../../source/runs/journal/run-folder.js';
import {systemClock} from '../../source/system/clock.js';
import {systemRandom} from '../../source/system/random.js';
import {connect, connectThrough} from '../../source/tunnel/connection/connection.js';
import type {Load} from '../../source/tunnel/observe/machine-load.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';
import {TurnedClock} from '../support/clock.js';
import {readyLife, testSpecification} from '../support/events.js';
import {temporaryFolder} from '../support/folders.js';
import {makeProxy} from '../support/proxy.js';
import {testPaths} from '../support/paths.js';
import {echoServer, roundTrip, serve, until} from '../support/servers.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

const name = 'fast-moth-1';

/** A ready run whose environment is OpenSSH's server here; its network counts as another one. */
async function makeRun(changes: Partial<RunSpecification> = {}) {
	const home = await temporaryFolder();
	const paths = testPaths(home);
	const settings: {policy: ForwardPolicy} = {policy: 'ask'};
	const context = {
		paths,
		clock: systemClock,
		random: systemRandom,
		variables: {},
		backend: async () => ({name: 'local', describe: async () => ({state: 'running'})}) as unknown as Backend,
		forwardPorts: () => settings.policy,
		continueInBackground: () => undefined,
	} as unknown as RunContext;
	const folder = await claimFolder(paths, name, async () => false);
	const keys = await writeRunFiles(folder, name, {env: {}, registryAuth: undefined});
	const place = path.join(home, 'sshd');
	await mkdir(place);
	const sshd = await makeSshd(place, {hostKey: keys.hostKey});
	await writeFile(path.join(place, 'authorized_keys'), `${keys.identity.public}\n`);
	const proxy = await makeProxy(sshd.destination.port);
	const journal = await Journal.open(folder);
	for (const event of readyLife()) {
		await journal.append(at(event, {port: proxy.port, user: sshd.destination.user, specification: testSpecification(changes)}));
	}

	return {
		folder,
		sshd,
		proxy,
		settings,
		context,
		async attach() {
			const run = await Run.from(context, await openRecord(context, name));
			onTestFinished(async () => run.detach());
			await run.whenReady();
			return run;
		},
	};
}

function at(
	event: RunEvent,
	{port, user, specification}: {port: number; user: string; specification: RunSpecification},
): RunEvent {
	switch (event.type) {
		case 'intended': {
			return {...event, specification};
		}

		case 'created': {
			return {...event, sharesNetwork: false, workspace: '/tmp'};
		}

		case 'address': {
			return {...event, port, user};
		}

		default: {
			return event;
		}
	}
}

const words = (run: Run): string =>
	linesOf(run.logs(), 'events')
		.map(({text}) => text)
		.join('\n');

const isUp = async (run: Run) => until('the link', () => run.health().status === 'up');

/** A server of its own process. */
function listen(port: number): () => void {
	const child = spawn(process.execPath, ['-e', `require('net').createServer(s => s.pipe(s)).listen(${port}, '127.0.0.1')`], {
		stdio: 'ignore',
	});
	const stop = () => void child.kill();
	onTestFinished(stop);
	return stop;
}

describe.skipIf(!hasSshd)('ports of a run (need openssh-server)', {timeout: 120_000}, () => {
	test('that were added are there again after a detach, at the same place, and can be taken away', async () => {
		const remote = await echoServer();
		const taken = await serve(() => undefined);
		const fixed = await freePort();
		const {attach} = await makeRun({ports: [{local: fixed, remote, direct: false}]});
		const first = await attach();
		await isUp(first);
		const other = await echoServer();
		const local = await first.forward(other, taken);
		expect(local).toBeGreaterThan(taken);
		expect(await first.forward(other, taken)).toBe(local);
		expect(words(first)).toContain(`port 127.0.0.1:${local} → ${other} there; ${taken} is taken by node (pid ${process.pid})`);
		expect((await roundTrip(local, 'one')).toString()).toBe('one');
		await expect(first.unforward(fixed)).rejects.toThrow('started with');
		await expect(first.forward(70_000)).rejects.toThrow('no port');
		await first.detach();
		await expect(roundTrip(local, 'closed')).rejects.toThrow();

		const second = await attach();
		await isUp(second);
		expect(second.health().ports).toMatchObject([
			{local: fixed, remote, added: false},
			{local, remote: other, added: true, wanted: taken},
		]);
		expect((await roundTrip(local, 'two')).toString()).toBe('two');
		expect((await roundTrip(fixed, 'fixed')).toString()).toBe('fixed');
		expect(second.health().ports[1]).toMatchObject({received: 3, sent: 3, total: 6});
		await second.unforward(local);
		await second.unforward(local);
		await expect(roundTrip(local, 'closed')).rejects.toThrow();
		await second.detach();
		expect((await attach()).state().ports).toEqual([{local: fixed, remote, direct: false}]);
	});

	test('that were taken since the plan move, which is written down with who has them', async () => {
		const remote = await echoServer();
		const taken = await serve(() => undefined);
		const {attach} = await makeRun({ports: [{local: taken, remote, direct: false}]});
		const first = await attach();
		const [port] = first.state().ports;
		expect(port).toMatchObject({remote, wanted: taken});
		expect(words(first)).toContain(`a port is at 127.0.0.1:${port?.local} now; ${taken} is taken by node (pid ${process.pid})`);
		await first.detach();
		expect((await attach()).state().ports).toEqual([port]);
	});

	test('lead here too, over reconnects and after the next attach', async () => {
		const [local, there] = [await echoServer(), await freePort()];
		const {attach, proxy} = await makeRun();
		const first = await attach();
		await isUp(first);
		await first.reverse(there, local);
		await first.reverse(there, local);
		await expect(first.reverse(there, 1)).rejects.toThrow(`leads to port ${local} here already`);
		await until('it to listen', () => first.health().reverse[0]?.bound === true);
		expect((await roundTrip(there, 'here')).toString()).toBe('here');
		proxy.drop();
		await until('a reconnect', () => first.health().reconnects === 1 && first.health().reverse[0]?.bound === true, 30_000);
		expect((await roundTrip(there, 'again')).toString()).toBe('again');
		await first.detach();

		const second = await attach();
		await until('it to listen anew', () => second.health().reverse[0]?.bound === true, 30_000);
		expect((await roundTrip(there, 'later')).toString()).toBe('later');
		await second.unreverse(there);
		expect(second.health().reverse).toEqual([]);
		await until('it to listen no more', () => second.state().reverse.length === 0);
	});

	test('are shown by another program, which asks the owner for more and is told what they carry', async () => {
		const [remote, more, here] = [await echoServer(), await echoServer(), await echoServer()];
		const fixed = await freePort();
		const {attach, folder} = await makeRun({ports: [{local: fixed, remote, direct: false}]});
		const owner = await attach();
		const other = await attach();
		await isUp(owner);
		expect(other.health().ports).toMatchObject([{local: fixed, remote, counted: false}]);
		const [local, there] = [await freePort(), await freePort()];
		expect(await other.forward(more, local)).toBe(local);
		await other.reverse(there, here);
		expect(owner.state()).toMatchObject({ports: [{local: fixed}, {local, added: true}], reverse: [{remote: there, local: here}]});
		expect((await roundTrip(local, 'over the owner')).toString()).toBe('over the owner');
		await until('its count', () => other.health().ports[1]?.total === 28, 30_000);
		await until('its listening', () => other.health().reverse[0]?.bound === true, 30_000);
		expect(other.health().ports[1]?.counted).toBeUndefined();
		expect(JSON.parse(await readFile(path.join(folder, 'ports.json'), 'utf8'))).toMatchObject({ports: [{}, {local}]});
		await other.unforward(local);
		await other.unreverse(there);
		expect(owner.state()).toMatchObject({ports: [{local: fixed}], reverse: []});

		// What the owner cannot do is said at once, in its words.
		const last = createServer().listen(65_535, '127.0.0.1');
		onTestFinished(() => void last.close());
		last.on('error', () => undefined);
		await expect(other.forward(more, 65_535)).rejects.toThrow('No local port is free from 65535 upwards');

		// Who takes over carries the same ports.
		await owner.forward(more, local);
		await owner.detach();
		await until(
			'the other to carry them',
			() => other.health().ports[1]?.total === 0 && other.health().ports[1]?.counted === undefined,
			30_000,
		);
		expect((await roundTrip(local, 'taken over')).toString()).toBe('taken over');
	});

	test('are not changed by an owner that does not hear', async () => {
		const {context} = await makeRun();
		const clock = new TurnedClock();
		const turned = {...context, clock};
		const owner = await openRecord(context, name);
		expect(await owner.own()).toBe(true);
		onTestFinished(async () => owner.release());
		const other = await Run.from(turned, await openRecord(turned, name));
		onTestFinished(async () => other.detach());
		// It works all the while, and does not hear.
		const beat = beatsOf(owner.folder);
		let problem: unknown;
		const asked = other.forward(3000).catch((error: unknown) => (problem = error));
		for (let tick = 0; tick < 400 && problem === undefined; tick++) {
			await beat();
			clock.pass(200);
			await new Promise(resolve => setTimeout(resolve, 5));
		}

		await asked;
		expect(problem).toMatchObject({message: expect.stringContaining('did not change its ports') as string});
	});
});

describe.skipIf(!hasSshd || process.platform !== 'linux')(
	'ports that start to listen inside (need openssh-server and Linux)',
	{timeout: 120_000},
	() => {
		const isOffered = (run: Run, port: number) => run.health().offered.some(each => each.port === port);

		test('are offered until they lead somewhere, are dismissed or end; also what started while nobody looked', async () => {
			const {attach} = await makeRun();
			const first = await attach();
			await until('a first look', () => first.state().portsKnown !== undefined, 30_000);
			const [one, two, three] = [await freePort(), await freePort(), await freePort()];
			listen(one);
			const end = listen(two);
			await until('both', () => isOffered(first, one) && isOffered(first, two), 30_000);
			expect(first.health().offered.find(({port}) => port === one)).toEqual({port: one, process: 'node'});
			expect(words(first)).toContain(`node listens at port ${one} there; it is not forwarded yet`);
			// The number itself is taken on this machine, which is the environment too.
			const local = await first.forward(one);
			expect((await roundTrip(local, 'one')).toString()).toBe('one');
			expect(isOffered(first, one)).toBe(false);
			first.dismiss(two);
			expect(isOffered(first, two)).toBe(false);
			await until('that to be written', () => first.state().portsKnown?.includes(two) === true);
			await first.detach();
			listen(three);

			const second = await attach();
			await until('what came meanwhile', () => isOffered(second, three), 30_000);
			expect(isOffered(second, one)).toBe(false);
			expect(isOffered(second, two)).toBe(false);
			end();
			await until('its end', () => second.state().portsKnown?.includes(two) === false, 30_000);
			const again = listen(two);
			await until('its return', () => isOffered(second, two), 30_000);
			again();
			await until('no offer', () => !isOffered(second, two), 30_000);
		});

		test('are forwarded at once where the setting says so, and stay; never, nobody looks', async () => {
			const {attach, settings} = await makeRun();
			const run = await attach();
			// Other programs of this machine start to listen too.
			const to = (port: number) => run.state().ports.filter(({remote}) => remote === port);
			await until('a first look', () => run.state().portsKnown !== undefined, 30_000);
			const [one, two] = [await freePort(), await freePort()];
			const end = listen(one);
			await until('an offer', () => isOffered(run, one), 30_000);
			settings.policy = 'always';
			await until('a forward', () => to(one).length > 0, 30_000);
			settings.policy = 'ask';
			const [port] = to(one);
			expect(port).toMatchObject({remote: one, wanted: one, added: true});
			expect(words(run)).toContain(
				`port 127.0.0.1:${port?.local} → ${one} there (node started to listen there); ${one} is taken by`,
			);
			expect((await roundTrip(port?.local ?? 0, 'at once')).toString()).toBe('at once');
			end();
			await until(
				'its end',
				() => words(run).includes(`nothing listens at port ${one} there any more; it stays forwarded`),
				30_000,
			);
			expect(to(one)).toHaveLength(1);
			// Only here, where the environment is this machine, the forward itself is one that started to listen there.
			await until('that', () => isOffered(run, port?.local ?? 0), 30_000);
			run.dismiss(port?.local ?? 0);
			settings.policy = 'always';
			listen(two);
			await until('another', () => to(two).length > 0, 30_000);
			settings.policy = 'ask';
			const [second] = to(two);
			await run.unforward(second?.local ?? 0);
			settings.policy = 'never';
			await until('nothing to be looked for', () => run.health().offered.length === 0, 30_000);
			expect([to(one), to(two)]).toMatchObject([[{remote: one}], []]);
		});
	},
);

describe.skipIf(!hasSshd)('the link of a run (needs openssh-server)', {timeout: 120_000}, () => {
	test('another host key is final and said once; when that is mended, it can be tried again', async () => {
		const {attach, folder, proxy, context} = await makeRun();
		const run = await attach();
		await isUp(run);
		const file = path.join(runFolder(context.paths, name), 'host_key.pub');
		const right = await readFile(file, 'utf8');
		await writeFile(file, await readFile(path.join(folder, 'environment_host_key.pub'), 'utf8'));
		const over = run.whenOver();
		proxy.drop();
		await expect(over).rejects.toThrow(`${name} cannot be reached`);
		expect(run.health()).toMatchObject({status: 'down', reason: expect.stringContaining('host key') as string});
		expect(run.state()).toMatchObject({phase: 'ready', tunnel: {up: false}});
		await writeFile(file, right);
		run.retry();
		await run.whenReady();
		await isUp(run);
		expect(run.health()).toMatchObject({reconnects: 1, reason: undefined});
	});

	test('one that starts again with the same keys is waited for', async () => {
		const {attach, sshd, proxy} = await makeRun();
		const run = await attach();
		await isUp(run);
		let isOver = false;
		void run.whenOver().then(
			() => (isOver = true),
			() => (isOver = true),
		);
		await sshd.stop();
		proxy.drop('end');
		await until('the loss', () => run.health().status === 'waiting');
		await sshd.start();
		await until('its return', () => run.health().status === 'up', 30_000);
		expect(isOver).toBe(false);
	});

	test('one command tells all who watch how busy it is, and none runs when nobody does', async () => {
		const {attach} = await makeRun();
		const run = await attach();
		await isUp(run);
		const [first, second]: [Array<Load | undefined>, Array<Load | undefined>] = [[], []];
		const stopFirst = run.watchLoad(load => first.push(load));
		await until('a sample', () => first.length > 0, 30_000);
		const stopSecond = run.watchLoad(load => second.push(load));
		expect(second).toEqual(first.slice(-1));
		stopFirst();
		const known = first.length;
		await until('another sample', () => second.length > 1, 30_000);
		expect(first).toHaveLength(known);
		stopSecond();
		const seen: Array<Load | undefined> = [];
		run.watchLoad(load => seen.push(load))();
		expect(seen).toEqual([]);
	});

	test('through a machine that is away tells what is waited for: the machine', async () => {
		const [outer, inner] = [await makeSshd(await temporaryFolder()), await makeSshd(await temporaryFolder())];
		const proxy = await makeProxy(outer.destination.port);
		const clock = new TurnedClock();
		const machine = new Tunnel({clock, open: async signal => connect({...outer.destination, port: proxy.port}, signal)});
		const environment = new Tunnel({
			clock,
			open: async signal => connectThrough(await machine.link(signal), inner.destination, signal),
		});
		onTestFinished(() => machine.close());
		onTestFinished(() => environment.close());
		const health = () => linkHealth({environment, machine}, true);
		expect(health().status).toBe('connecting');
		machine.start();
		environment.start();
		await environment.link();
		expect(health()).toEqual(environment.health);

		const port = await proxy.refuse();
		await until('the loss', () => machine.health.nextTry !== undefined && environment.health.status !== 'up');
		const {attempt, nextTry, reason} = machine.health;
		expect(health()).toMatchObject({status: 'waiting', attempt, nextTry, reason, upSince: undefined});
		expect(linkHealth({environment, machine}, false)).toEqual(environment.health);

		await proxy.listen(port);
		clock.pass(60_000);
		await until('its return', () => health().status === 'up');
		await until('an answer', () => machine.health.latencies.length > 0);
		// What is inside notices the silence of what leads there later: it cannot be up.
		proxy.freeze();
		await until('silence', () => {
			clock.pass(500);
			return machine.health.silentSince !== undefined;
		});
		expect(health()).toMatchObject({status: 'waiting', silentSince: machine.health.silentSince, upSince: undefined});
	});
});
