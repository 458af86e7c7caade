import {createHash} from 'node:crypto';
import {connect as connectSocket, type Socket} from 'node:net';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {describe, expect, onTestFinished, test} from 'vitest';
import {WakeAndNetworkWatch} from '../../source/system/wake-and-network.js';
import {connect} from '../../source/tunnel/connection/connection.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';
import {TurnedClock} from '../support/clock.js';
import {temporaryFolder} from '../support/folders.js';
import {makeProxy} from '../support/proxy.js';
import {serve, until} from '../support/servers.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

const isLong = process.env['LONG'] !== undefined;
const drops = isLong ? 1000 : 30;
const megabytes = isLong ? 1000 : 30;
const hours = isLong ? 7 * 24 : 2;
const eager = {uuid: () => '', hex: () => '', integerBelow: () => 0};

/** Bytes that tell by themselves where they belong: the digest of a number, over and over. Its length is a prime, so no piece looks like its neighbour. */
const period = Buffer.concat(
	Array.from({length: 2048}, (_, index) => createHash('sha256').update(String(index)).digest()),
).subarray(0, 65_521);
const doubled = Buffer.concat([period, period, period]);
const bytesAt = (offset: number, length: number): Buffer =>
	doubled.subarray(offset % period.length, (offset % period.length) + Math.min(length, period.length));

const isRight = (piece: Buffer, offset: number): boolean => {
	for (let at = 0; at < piece.length; at += period.length) {
		const part = piece.subarray(at, at + period.length);
		if (!part.equals(bytesAt(offset + at, part.length))) {
			return false;
		}
	}

	return true;
};

const eightBytes = (value: number): Buffer => {
	const bytes = Buffer.alloc(8);
	bytes.writeDoubleBE(value);
	return bytes;
};

/** Writes the bytes from `offset` to `size`, as fast as they are taken, and the end. */
function pour(socket: Socket, offset: number, size: number): void {
	while (offset < size) {
		const piece = bytesAt(offset, Math.min(32_768, size - offset));
		offset += piece.length;
		if (!socket.write(piece)) {
			socket.once('drain', () => pour(socket, offset, size));
			return;
		}
	}

	socket.end();
}

/** Collects what comes until there are eight bytes, the number they are, and hands on what follows. */
function afterNumber(socket: Socket, onNumber: (value: number) => void, onRest: (piece: Buffer) => void): void {
	let head = Buffer.alloc(0);
	let known = false;
	socket.on('data', (piece: Buffer) => {
		if (known) {
			onRest(piece);
			return;
		}

		head = Buffer.concat([head, piece]);
		if (head.length >= 8) {
			known = true;
			onNumber(head.readDoubleBE());
			if (head.length > 8) {
				onRest(head.subarray(8));
			}
		}
	});
}

/** Serves the bytes from the offset that a client asks for. */
const downloadServer = async (size: number): Promise<number> =>
	serve(socket => {
		afterNumber(
			socket,
			offset => pour(socket, offset, size),
			() => undefined,
		);
	});

/** Takes bytes, tells each client first how many there are already, and lets go of the one before. */
async function uploadServer() {
	const state = {received: 0, wrong: 0};
	let current: Socket | undefined;
	const port = await serve(socket => {
		current?.destroy();
		current = socket;
		socket.write(eightBytes(state.received));
		socket.on('data', (piece: Buffer) => {
			if (socket === current) {
				state.wrong += isRight(piece, state.received) ? 0 : 1;
				state.received += piece.length;
			}
		});
		socket.on('end', () => socket.end());
	});
	return {port, state};
}

/** Connects again and again until `attempt` has it whole; every end but the one at the end must be an error. */
async function persist(
	port: number,
	attempt: (socket: Socket, ended: (whole: boolean) => void) => void,
): Promise<{errors: string[]; short: number}> {
	const errors: string[] = [];
	let short = 0;
	for (;;) {
		const whole = await new Promise<boolean>(resolve => {
			const socket = connectSocket({port, host: '127.0.0.1', allowHalfOpen: true});
			socket.once('error', (error: NodeJS.ErrnoException) => {
				errors.push(error.code ?? error.message);
				resolve(false);
			});
			attempt(socket, isWhole => {
				short += isWhole ? 0 : 1;
				socket.destroy();
				resolve(isWhole);
			});
		});
		if (whole) {
			return {errors, short};
		}
	}
}

async function download(port: number, size: number, state: {received: number; wrong: number}) {
	return persist(port, (socket, ended) => {
		socket.write(eightBytes(state.received));
		socket.on('data', (piece: Buffer) => {
			state.wrong += isRight(piece, state.received) ? 0 : 1;
			state.received += piece.length;
		});
		socket.on('end', () => ended(state.received === size));
	});
}

async function upload(port: number, size: number) {
	return persist(port, (socket, ended) => {
		let known = false;
		afterNumber(
			socket,
			offset => {
				known = true;
				pour(socket, offset, size);
			},
			() => undefined,
		);
		socket.on('end', () => ended(known));
	});
}

const collect = (() => {
	setFlagsFromString('--expose-gc');
	const gc = runInNewContext('gc') as () => void;
	return async () => {
		await new Promise(resolve => setTimeout(resolve, 50));
		gc();
		gc();
		return process.memoryUsage().heapUsed;
	};
})();

const mib = 1024 * 1024;

describe.skipIf(!hasSshd)(`a storm of ${drops} drops (needs openssh-server)`, () => {
	test(`${megabytes} MB arrive whole both ways, no listener closes, and memory stays flat`, {timeout: 3_600_000}, async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const proxy = await makeProxy(destination.port);
		const tunnel = new Tunnel({open: async signal => connect({...destination, port: proxy.port}, signal), random: eager});
		onTestFinished(() => tunnel.close());
		const size = (megabytes / 2) * mib;
		const taken = await uploadServer();
		const [down, up] = [await freePort(), await freePort()];
		await tunnel.forwards.add(down, await downloadServer(size));
		await tunnel.forwards.add(up, taken.port);
		tunnel.start();
		await tunnel.link();
		await download(down, size, {received: size - mib, wrong: 0});
		const before = await collect();

		let done = 0;
		const got = {received: 0, wrong: 0};
		const drop = async () => {
			const {reconnects} = tunnel.health;
			if (done % 3 === 2) {
				proxy.cutAfter(1);
			} else {
				proxy.drop(done % 3 === 0 ? 'reset' : 'end');
			}

			if (done % 3 === 2) {
				(await tunnel.link()).ping().catch(() => undefined);
			}

			await until('another link', () => tunnel.health.reconnects > reconnects, 60_000);
			done++;
		};

		let over = false;
		const storm = (async () => {
			for (let next = 1; next <= drops / 2 && !over; next++) {
				const share = (next * 2 * size) / (drops / 2 + 1);
				await until('progress', () => over || got.received + taken.state.received >= share, 600_000);
				await drop();
			}
		})();
		const [downloaded, uploaded] = await Promise.all([download(down, size, got), upload(up, size)]);
		over = true;
		await storm;
		expect(got).toEqual({received: size, wrong: 0});
		expect(taken.state).toEqual({received: size, wrong: 0});
		// A break is never an orderly end, and nobody is ever refused.
		expect(downloaded.short).toBe(0);
		expect(new Set([...downloaded.errors, ...uploaded.errors])).not.toContain('ECONNREFUSED');

		while (done < drops) {
			await drop();
		}

		expect(await download(down, size, {received: size - 1000, wrong: 0})).toEqual({errors: [], short: 0});
		expect(tunnel.health.reconnects).toBeGreaterThanOrEqual(drops);
		expect(tunnel.forwards.stats().map(({local, problem}) => [local, problem])).toEqual([
			[down, undefined],
			[up, undefined],
		]);
		await until('all to be closed', () => tunnel.forwards.stats().every(({open}) => open === 0));
		const grown = ((await collect()) - before) / mib;
		console.info(
			`${drops} drops, ${megabytes} MB: ${downloaded.errors.length + uploaded.errors.length} breaks, heap ${grown.toFixed(1)} MB more`,
		);
		expect(grown).toBeLessThan(20);
	});

	test(`${hours} hours of simulated ticking, with a drop in each, leave memory as it was`, {timeout: 3_600_000}, async () => {
		const {destination} = await makeSshd(await temporaryFolder());
		const proxy = await makeProxy(destination.port);
		const clock = new TurnedClock();
		let changed = () => undefined as void;
		const tunnel = new Tunnel({
			open: async signal => connect({...destination, port: proxy.port}, signal),
			random: eager,
			clock,
			surroundings: new WakeAndNetworkWatch(clock),
			onChange: () => changed(),
		});
		onTestFinished(() => tunnel.close());
		await tunnel.forwards.add(await freePort(), 1);
		tunnel.start();
		await tunnel.link();
		let before = 0;
		for (let hour = 0; hour < hours; hour++) {
			for (let question = 0; question < 720; question++) {
				const answered = new Promise<void>(resolve => (changed = resolve));
				clock.pass(5000);
				await answered;
			}

			const {reconnects} = tunnel.health;
			proxy.drop();
			await until('another link', () => tunnel.health.reconnects > reconnects, 60_000);
			await until('an answer', () => tunnel.health.latencies.length > 0);
			if (hour === 0) {
				before = await collect();
			}
		}

		expect(tunnel.health.latencies.length).toBeLessThanOrEqual(60);
		const grown = ((await collect()) - before) / mib;
		console.info(`${hours} hours: ${tunnel.health.reconnects} drops, heap ${grown.toFixed(1)} MB more`);
		expect(grown).toBeLessThan(20);
	});
});
