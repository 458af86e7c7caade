import {spawn} from 'node:child_process';
import {closeSync, existsSync, openSync} from 'node:fs';
import {mkdir, readFile, rename, rm} from 'node:fs/promises';
import {userInfo} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import writeFileAtomic from 'write-file-atomic';
import type {Requirements} from '../../../configuration/model.js';
import type {Offer} from '../../../offers/offer.js';
import {systemClock} from '../../../system/clock.js';
import {lifeOf, otherMachine} from '../../../system/holder.js';
import {type MachineId, thisMachine} from '../../../system/machine-id.js';
import {lockState} from '../../../system/lock.js';
import {messageOf} from '../../../system/problem.js';
import {endAll, markedProcesses} from '../../../system/processes.js';
import {deadlineText} from '../../../agents/deadline-file.js';
import {type Account, BackendError, type Instance, type LaunchIntent} from '../../backend.js';
import type {Machine} from '../machine.js';
import {requireAccount, type Runtime} from '../runtime.js';
import {
	doomedFolder,
	findHosts,
	hostRecord,
	type HostRecord,
	instanceFolder,
	type Layout,
	layout,
	processMark,
	readEnded,
	readHost,
	readRunning,
} from './layout.js';

const startLimit = 20_000;
const grace = 5000;

/** The host's program beside the bundle, or, when this runs from its sources, in the folder that the build writes. */
function hostProgram(): string {
	for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
		for (const candidate of [path.join(folder, 'process-host.js'), path.join(folder, 'dist', 'process-host.js')]) {
			if (existsSync(candidate)) {
				return candidate;
			}
		}

		if (folder === path.dirname(folder)) {
			throw new BackendError('configuration', 'process-host.js is missing beside the program', {
				next: 'Build it with `npm run build`.',
			});
		}
	}
}

/** Runs environments as processes of this machine, each behind an SSH server of its own on 127.0.0.1. */
export function createProcessRuntime(): Runtime {
	return {
		name: 'process',
		async status() {
			return {ready: true, note: `process: runs as ${userInfo().username} on this machine, without isolation`};
		},
		offer: async (requirements, machine) => makeOffer(requirements, machine),
		launch: async (intent, signal) => launch(intent, signal),
		account: hereAndNow,
		find: async (intentId, account) => lookFor(intentId, account),
		describe: async (id, account) => lookFor(id.replace(/^process:/, ''), account),
		async terminate(id, account) {
			if (account) {
				await requireAccount(here, account, 'its host process');
			}

			await terminate(id.replace(/^process:/, ''));
		},
		quieten: async id => endProcesses(id.replace(/^process:/, '')),
		async list(installation) {
			const hosts = (await findHosts()).filter(({record}) => record.installation === installation);
			return Promise.all(hosts.map(async ({record, places}) => describe(record, places)));
		},
	};
}

function makeOffer(requirements: Requirements, {cpu, architecture, memory, disk, gpus}: Machine): Offer {
	const unavailable = requirements.image === undefined ? [] : ['A process cannot run an `image`: that needs a Docker engine.'];
	return {
		id: 'local/here/process',
		backend: 'local',
		region: 'here',
		instanceType: 'process',
		cpu,
		architecture,
		memory,
		gpus,
		disk,
		spot: false,
		price: 0,
		priceSource: 'this machine',
		priceDate: systemClock.now(),
		availability: unavailable.length > 0 ? 'unavailable' : 'available',
		deadline: 'guest',
		kind: 'process',
		notes: unavailable.length > 0 ? unavailable : [`Runs as you (${userInfo().username}) on this machine, without isolation.`],
	};
}

/** Processes are a machine's and a user's; the folder that they serve may be seen from elsewhere. */
const hereAndNow = async (): Promise<Account> => accountOn(await thisMachine());

function accountOn({id, name}: MachineId): Account {
	const {username} = userInfo();
	return {id: `process ${id} ${username}`, label: `${username} on ${name}`};
}

/** Throws for what is another machine's: its processes are not ended by taking its folder away. */
async function requireHere({machine}: HostRecord): Promise<void> {
	if (machine) {
		await requireAccount(here, accountOn(machine), 'its host process');
	}
}

const here = {account: hereAndNow};

/** Asked elsewhere, a host that lives would look like one that was killed. */
async function lookFor(intentId: string, account: Account | undefined): Promise<Instance | undefined> {
	if (account) {
		await requireAccount(here, account, 'its host process');
	}

	const found = await findHost(intentId);
	return found && describe(found.record, found.places);
}

async function findHost(intentId: string): Promise<{record: HostRecord; places: Layout} | undefined> {
	return (await findHosts()).find(({record}) => record.intentId === intentId);
}

async function launch(intent: LaunchIntent, signal: AbortSignal): Promise<Instance> {
	const folder = instanceFolder(intent.folder);
	const existing = await readHost(folder);
	if (existing && existing.intentId !== intent.id) {
		throw new BackendError('configuration', `${folder} belongs to another run`, {next: 'Choose another name for the run.'});
	}

	const places = layout(folder, intent.run);
	const record = existing ?? (await prepare(places, intent));
	await requireHere(record);
	if (!(await readEnded(places)) && !(await isServing(places))) {
		start(places, record);
		await untilServing(places, signal);
	}

	return describe(record, places);
}

/** The record comes last: with it the instance is there, and everything that it needs. */
async function prepare(places: Layout, intent: LaunchIntent): Promise<HostRecord> {
	for (const made of [places.folder, places.state, places.workspace]) {
		await mkdir(made, {recursive: true, mode: 0o700});
	}

	await writeFileAtomic(places.hostKey, intent.hostKey.private, {mode: 0o600});
	await writeFileAtomic(path.join(places.state, 'deadline'), `${deadlineText(intent.deadline)}\n`, {mode: 0o600});
	const record = hostRecord({
		intentId: intent.id,
		run: intent.run,
		installation: intent.installation,
		machine: intent.machine,
		authorizedKey: intent.authorizedKey,
		launchedAt: systemClock.now(),
	});
	await writeFileAtomic(places.host, JSON.stringify(record), {mode: 0o600});
	return record;
}

function start(places: Layout, {intentId}: HostRecord): void {
	const log = openSync(places.log, 'a', 0o600);
	const [name, value] = processMark(intentId).split('=') as [string, string];
	// A second host of the same instance finds the lock taken and ends.
	const child = spawn(process.execPath, [hostProgram(), places.folder], {
		detached: true,
		stdio: ['ignore', log, log],
		cwd: places.folder,
		env: {...process.env, [name]: value},
	});
	child.on('error', () => {
		// Told by the wait for its record, which comes with the log.
	});
	child.unref();
	closeSync(log);
}

async function isServing(places: Layout): Promise<boolean> {
	const running = await readRunning(places);
	return running !== undefined && (await lifeOf(running)) === 'alive';
}

async function untilServing(places: Layout, signal: AbortSignal): Promise<void> {
	for (const begun = performance.now(); performance.now() - begun < startLimit;) {
		if (await isServing(places)) {
			return;
		}

		await systemClock.sleep(30, signal);
	}

	const log = await readFile(places.log, 'utf8').catch(() => '');
	throw new BackendError('unknown', `the host process did not start: ${log.trim().split('\n').at(-1) ?? ''}`, {
		next: `See ${places.log}.`,
	});
}

async function describe(record: HostRecord, places: Layout): Promise<Instance> {
	const [running, ended] = await Promise.all([readRunning(places), readEnded(places)]);
	const machine = running?.machine ?? record.machine;
	const alive = running !== undefined && (await lifeOf(running)) === 'alive';
	// What another machine runs is not seen from here: it runs until its folder says that it has ended.
	const runsElsewhere = !ended && (await otherMachine({machine})) !== undefined;
	const starting = !alive && !ended && !runsElsewhere && (running === undefined || (await lockState(places.lock)) === 'held');
	return {
		id: `process:${record.intentId}`,
		intentId: record.intentId,
		run: record.run,
		machine,
		...(machine && {account: accountOn(machine)}),
		state: alive || runsElsewhere ? 'running' : starting ? 'pending' : 'stopped',
		endpoint: alive ? {host: '127.0.0.1', port: running.port, user: userInfo().username} : undefined,
		workspace: places.workspace,
		stateFolder: places.state,
		sharesNetwork: true,
		launchedAt: record.launchedAt,
		...(alive || starting || runsElsewhere
			? {}
			: {
					reason: ended?.reason ?? 'its host process was killed',
					leftWork: await leftWork(places),
					kept: {place: places.workspace},
				}),
	};
}

async function leftWork({state}: Layout): Promise<boolean | undefined> {
	const text = await readFile(path.join(state, 'work'), 'utf8').catch(() => '');
	return text.trim() === 'clean' ? false : text.trim() === 'changed' ? true : undefined;
}

/** Also what fled into sessions of its own, or outlived its host: without one, nothing would end it at a deadline. */
const endProcesses = async (intentId: string): Promise<void> => endAll(async () => markedProcesses(processMark(intentId)), grace);

/** Ends the host and everything that carries the run's mark, also what fled into sessions of its own; then removes what it kept. */
async function terminate(intentId: string): Promise<void> {
	await endProcesses(intentId);
	const found = await findHost(intentId);
	if (found) {
		await requireHere(found.record);
		try {
			await removeInstance(found.places.folder);
		} catch (error) {
			throw new BackendError('unknown', `its processes have ended, but its files could not be deleted: ${messageOf(error)}`, {
				next: `They lie in ${found.places.folder}.`,
				cause: error,
			});
		}
	}
}

async function removeInstance(folder: string): Promise<void> {
	const doomed = doomedFolder(folder);
	if (folder !== doomed) {
		await remove(doomed);
		await rename(folder, doomed);
	}

	await remove(doomed);
}

async function remove(folder: string): Promise<void> {
	try {
		await rm(folder, {recursive: true, force: true, maxRetries: 5});
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		if (code !== 'EACCES' && code !== 'EPERM') {
			throw error;
		}

		// Folders without write permission (a module cache, for one) hold on to what is in them.
		const {execa} = await import('execa');
		await execa('chmod', ['-R', 'u+rwX', '--', folder]);
		await rm(folder, {recursive: true, force: true});
	}
}
