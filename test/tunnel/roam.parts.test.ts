import {once} from 'node:events';
import {rm} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {describe, expect, onTestFinished, test} from 'vitest';
import {temporaryFolder} from '../support/folders.js';
import {cannotMakeNamespaces, lay, makeNamespace} from '../support/namespaces.js';
import {until} from '../support/servers.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

const missing = hasSshd ? await cannotMakeNamespaces() : 'openssh-server';
if (missing !== undefined) {
	console.warn(`A changing address: skipped, missing: ${missing}`);
}

const server = '10.199.9.1';
const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const echo = `require('net').createServer({allowHalfOpen: true}, socket => socket.pipe(socket)).listen(Number(process.argv[1]), '127.0.0.1', () => console.log('listens'))`;

type Told = {
	readonly event: string;
	readonly at: number;
	readonly answer?: string;
	readonly heard?: string;
	readonly reason?: string;
	readonly link?: number;
	readonly took?: number;
	readonly forwards?: ReadonlyArray<{readonly problem?: string}>;
};

/** A tunnel in one network and an SSH server in another, with two ways between them; the first one is taken. */
async function start() {
	const [client, far] = [await makeNamespace(), await makeNamespace()];
	await lay('wlan', [client, '10.199.1.2/24'], [far, '10.199.1.1/24']);
	await lay('wwan', [client, '10.199.2.2/24'], [far, '10.199.2.1/24']);
	await client.ip('address', 'flush', 'dev', 'wwan');
	await far.ip('address', 'add', `${server}/32`, 'dev', 'lo');
	await client.ip('route', 'add', 'default', 'via', '10.199.1.1');
	const sshd = await makeSshd(await temporaryFolder(), {host: server, within: far.within});
	const remote = await freePort();
	const echoes = far.start(process.execPath, ['-e', echo, String(remote)]);
	await once(echoes.stdout, 'data');

	const file = path.join(root, 'dist', `roam-client-${process.pid}-${remote}.mjs`);
	onTestFinished(async () => rm(file, {force: true}));
	await build({
		entryPoints: [path.join(root, 'test/tunnel/roam-client.ts')],
		outfile: file,
		bundle: true,
		platform: 'node',
		format: 'esm',
		packages: 'external',
		logLevel: 'error',
	});
	const child = client.start(process.execPath, [file, JSON.stringify({destination: sshd.destination, remote})]);
	const told: Told[] = [];
	let complaints = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		complaints += text;
	});
	createInterface({input: child.stdout}).on('line', line => {
		told.push({...(JSON.parse(line) as Told), at: performance.now()});
	});
	const order = (...words: ReadonlyArray<string | number>) => child.stdin.write(`${words.join(' ')}\n`);
	/** The next thing of a kind that is told. */
	const next = async (event: string): Promise<Told> => {
		const from = told.length;
		const find = () => told.slice(from).find(each => each.event === event);
		await until(`${event} ${complaints}`, () => find() !== undefined, 40_000);
		return find() as Told;
	};

	const ask = async (bytes = 500_000) => {
		order('ask', bytes);
		return next('answer');
	};

	if (!told.some(({event}) => event === 'up')) {
		await next('up');
	}

	return {client, far, told, order, next, ask};
}

const right = {answer: 'right', forwards: [{local: 17_000}]};
const isServed = (answer: Told, link: number) => {
	expect(answer).toMatchObject({...right, link});
	expect(answer.forwards?.[0]?.problem).toBeUndefined();
};

describe.skipIf(missing !== undefined)('a machine in two networks (needs openssh-server, iproute2 and root)', () => {
	test('that moves to the other one: it is noticed, ports serve over a new link, and what was open is an error', async () => {
		const {client, far, told, order, next, ask} = await start();
		isServed(await ask(), 1);
		const heard = next('heard');
		order('say', 'before');
		expect(await heard).toMatchObject({heard: 'before'});

		// The old network is gone without a word: no end and no reset ever comes of it.
		const [network, up, reset] = [next('network'), next('up'), next('reset')];
		await far.ip('route', 'add', 'blackhole', '10.199.1.2/32');
		await client.ip('address', 'flush', 'dev', 'wlan');
		await client.ip('address', 'add', '10.199.2.2/24', 'dev', 'wwan');
		await client.ip('route', 'add', 'default', 'via', '10.199.2.1');
		const moved = performance.now();
		const answer = ask();
		isServed(await answer, 2);
		const served = performance.now() - moved;
		await network;
		expect(await up).toMatchObject({link: 2});
		expect(await reset).toMatchObject({reason: 'ECONNRESET'});
		expect(told.filter(({event}) => event === 'down').map(({reason}) => reason)).toEqual(['it did not answer any more']);
		console.info(`roam: ports serve ${(served / 1000).toFixed(2)} s after the move`);
	});

	test('that gets another address beside its own keeps the link, and all that is open', async () => {
		const {client, told, order, next, ask} = await start();
		const heard = next('heard');
		order('say', 'before');
		await heard;
		const network = next('network');
		await client.ip('address', 'add', '10.199.77.1/24', 'dev', 'wwan');
		await network;
		isServed(await ask(), 1);
		// Longer than a link may be in doubt until another one is sought.
		await new Promise(resolve => setTimeout(resolve, 1500));
		const again = next('heard');
		order('say', 'after');
		expect(await again).toMatchObject({heard: 'after'});
		isServed(await ask(), 1);
		expect(told.filter(({event}) => ['down', 'reset', 'failed'].includes(event))).toEqual([]);
		expect(told.filter(({event}) => event === 'up')).toHaveLength(1);
	});

	test('whose packets vanish for a while: ports serve again after it, and no byte is wrong', async () => {
		const {far, next, ask} = await start();
		const down = next('down');
		await far.ip('route', 'add', 'blackhole', '10.199.1.2/32');
		const begun = performance.now();
		await down;
		const noticed = performance.now() - begun;
		const answer = ask();
		// The system has asked for the third time by then, and would for the fourth after twice as long.
		await new Promise(resolve => setTimeout(resolve, 3500));
		await far.ip('route', 'delete', 'blackhole', '10.199.1.2/32');
		const thawed = performance.now();
		expect(await answer).toMatchObject(right);
		console.info(
			`blackhole: noticed after ${(noticed / 1000).toFixed(1)} s, ports serve ${((performance.now() - thawed) / 1000).toFixed(2)} s after its end`,
		);
	});
});
