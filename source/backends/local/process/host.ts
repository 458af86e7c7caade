import {existsSync, watch} from 'node:fs';
import {readFile, rm} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import writeFileAtomic from 'write-file-atomic';
import {thisHolder} from '../../../system/holder.js';
import {acquireLock} from '../../../system/lock.js';
import {endAll, markedProcesses} from '../../../system/processes.js';
import {type Layout, layout, processMark, readEnded, readHost} from './layout.js';
import {serve} from './server.js';
import {loadPty} from './terminal.js';

// The program of one environment's host process: serves SSH on 127.0.0.1 until its deadline, or until it is told to end.

const tick = 1000;
const workCheckLimit = 60_000;
const grace = 5000;

async function readDeadline({state}: Layout): Promise<number | undefined> {
	const text = (await readFile(path.join(state, 'deadline'), 'utf8').catch(() => '')).trim();
	return /^\d+$/.test(text) ? Number(text) * 1000 : undefined;
}

/** Asks whether there is work here that exists nowhere else, so that the end knows whether to keep it. */
async function checkWork({state}: Layout): Promise<void> {
	const script = path.join(state, 'work-check');
	if (existsSync(script)) {
		// Its answer is in `state/work`; none, and the work is kept.
		await execa('sh', [script], {timeout: workCheckLimit, reject: false, stdio: 'ignore'});
	}
}

async function main(folder: string): Promise<void> {
	const record = await readHost(folder);
	if (!record) {
		throw new Error(`no host.json in ${folder}`);
	}

	const places = layout(folder, record.run);
	const lock = await acquireLock(places.lock, {isTidy: true});
	if (!lock || (await readEnded(places))) {
		return;
	}

	const hostKey = await readFile(places.hostKey, 'utf8');
	const server = await serve({record, places, hostKey, pty: await loadPty()});
	let ending = false;

	const end = async (reason: string, withWork: boolean) => {
		if (ending) {
			return;
		}

		ending = true;
		if (withWork) {
			await checkWork(places);
		}

		server.close();
		await endAll(async () => markedProcesses(processMark(record.intentId)), grace);
		await writeFileAtomic(places.ended, JSON.stringify({at: Date.now(), reason}), {mode: 0o600});
		await rm(places.running, {force: true});
		await lock.release();
		process.exit(0);
	};

	for (const signal of ['SIGTERM', 'SIGINT'] as const) {
		process.on(signal, () => {
			void end('its host process was told to end', false);
		});
	}

	// The terminal that it was started from may go.
	process.on('SIGHUP', () => undefined);

	const check = async () => {
		const deadline = await readDeadline(places);
		if (deadline !== undefined && Date.now() >= deadline) {
			await end('ended at its deadline', true);
		}

		// A folder that was removed under it leaves nothing to serve.
		if (!existsSync(places.host)) {
			await end('its folder was removed', false);
		}
	};

	setInterval(() => void check(), tick);
	watch(places.state, (_event, file) => {
		if (file === 'deadline') {
			void check();
		}
	}).on('error', () => undefined);
	await writeFileAtomic(places.running, JSON.stringify({...(await thisHolder()), port: server.port}), {mode: 0o600});
}

process.on('uncaughtException', error => {
	console.error(error);
	process.exit(1);
});

await main(process.argv[2] ?? '');
