import {PassThrough} from 'node:stream';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {expect, test} from 'vitest';
import type {Connection} from '../../source/tunnel/connection/contract.js';
import {watchListening, type ListeningPort} from '../../source/tunnel/observe/listening-ports.js';
import {type Load, watchLoad} from '../../source/tunnel/observe/machine-load.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is kept in memory, bytes. */
const kept = (): number => {
	collectGarbage();
	const {heapUsed, external} = process.memoryUsage();
	return heapUsed + external;
};

/** A connection whose one command prints what a test writes. */
function printing() {
	const stream = new PassThrough();
	const connection = {openCommand: async () => stream, closed: new Promise(() => undefined)} as unknown as Connection;
	const write = async (text: string) => new Promise<void>(resolve => void stream.write(text, () => setImmediate(resolve)));
	return {connection, write};
}

const mebi = 1024 * 1024;

test('ports that are told without an end are not kept without one, and what comes after is heard', async () => {
	const {connection, write} = printing();
	const told: Array<readonly ListeningPort[]> = [];
	const stop = watchListening(connection, ports => told.push(ports), {before: new Set()});
	await write('');
	const before = kept();
	for (let turn = 0; turn < 4000; turn++) {
		await write(`P ${turn} /bin/${'x'.repeat(60_000)}\n`);
		await write(`L 0100007F:1F90 ${turn}\nnonsense ${'y'.repeat(10_000)}\n`);
	}

	expect(kept() - before).toBeLessThan(30 * mebi);
	await write('z'.repeat(10 * mebi));
	expect(kept() - before).toBeLessThan(30 * mebi);
	await write('\nL 0100007F:1F91 77777\nP 77777 /usr/bin/late\n.\n');
	expect(told.at(-1)?.map(({port}) => port)).toEqual([8080, 8081]);
	await write('L 0100007F:0BB8 5\nP 5 /usr/bin/node server.js\n.\n');
	expect(told.at(-1)).toEqual([{port: 3000, process: 'node server.js'}]);
	stop();
});

test('nor is what a machine tells of its load', async () => {
	const {connection, write} = printing();
	const told: Load[] = [];
	const stop = watchLoad(connection, 1, load => told.push(load));
	await write('');
	const before = kept();
	for (let turn = 0; turn < 2000; turn++) {
		await write(`key${turn} ${'1 '.repeat(30_000)}\ngpu ${'2, '.repeat(20_000)}\n`);
	}

	expect(kept() - before).toBeLessThan(30 * mebi);
	await write('.\nMemTotal: 2048 kB\nMemAvailable: 1024 kB\n.\n');
	expect(told.at(-1)?.memory).toEqual({used: mebi, total: 2 * mebi});
	stop();
});
