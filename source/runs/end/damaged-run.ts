import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {type Backend, BackendError} from '../../backends/backend.js';
import type {Offer} from '../../offers/offer.js';
import {emptyIfMissing} from '../../system/files.js';
import {thisMachine} from '../../system/machine-id.js';
import {messageOf, Problem} from '../../system/problem.js';
import {programName} from '../../system/program-name.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {RunContext} from '../context.js';
import {journalFile, readJournal} from '../journal/journal.js';
import {ownership} from '../journal/ownership.js';
import {logFolder, removeRunFolder, runFolder} from '../journal/run-folder.js';
import {isAlive} from '../launch/find-instance.js';
import type {RunEvent} from '../model/events.js';
import {reduceAll} from '../model/reduce.js';
import {describeInstance, findInstance, refuseOtherAccount} from '../steps/run-instance.js';
import {notEndedProblem} from '../words/problems.js';
import {type Ended, terminateInstance, tidy} from './end-run.js';
import {elsewhereName} from './leftovers.js';
import {listIn, regionsToAsk} from './regions-to-ask.js';
import {Unwritten, UnwrittenEnd} from './failed-writes.js';

/** What a run has left whose journal does not even begin with its intent. */
type Damage = {
	readonly folder: string;
	/** What it asked for, as far as that can be read, and of which it does not say that it came to nothing. */
	readonly left: readonly Left[];
	/** Only the intent cannot be read: then nothing was asked for but what the rest tells of. */
	readonly isWhole: boolean;
};

/** `offer`, and with it the backend, is not known where the journal named it with the intent alone. */
type Left = Omit<Ended, 'offer'> & {readonly offer: Offer | undefined};

const isKnown = (left: Left): left is Left & Ended => left.offer !== undefined;

/** Undefined where the journal begins with its intent, or there is nothing but a name that was claimed. */
export async function readDamage(folder: string): Promise<Damage | undefined> {
	const name = path.basename(folder);
	const {events, damaged} = await readJournal(folder);
	if (reduceAll(name, events)) {
		return undefined;
	}

	const entries = await readdir(folder).catch(emptyIfMissing);
	// Steps and local instances come after the intent.
	const logs = await readdir(logFolder(folder)).catch(emptyIfMissing);
	const isUsed = damaged.length > 0 || events.length > 0 || logs.length > 0 || entries.some(each => each.startsWith('instance'));
	return isUsed
		? {
				...{folder, left: leftBy(name, events)},
				isWhole: events.length > 0 && damaged.length === 1 && (await firstLine(folder)) === damaged[0],
			}
		: undefined;
}

const firstLine = async (folder: string): Promise<string | undefined> =>
	(await readFile(path.join(folder, journalFile), 'utf8')).split('\n', 2)[0];

function leftBy(name: string, events: readonly RunEvent[]): Left[] {
	const left: Left[] = [];
	for (const event of events) {
		switch (event.type) {
			case 'requested': {
				const {intentId, account, offer} = event;
				const again = left.findIndex(each => each.intentId === intentId);
				left.splice(again === -1 ? left.length : again, 1, {
					...{name, intentId, account, instanceId: undefined, unanswered: true},
					offer: offer as unknown as Offer | undefined,
				});
				break;
			}

			case 'created': {
				const {instanceId, account} = event;
				const asked = left.pop();
				left.push({
					...{name, intentId: asked?.intentId ?? '', offer: asked?.offer, unanswered: false},
					...{instanceId, account: account ?? asked?.account},
				});
				break;
			}

			case 'attempt-failed':
			case 'instance-lost': {
				left.pop();
				break;
			}

			case 'gone': {
				left.splice(0, event.kept ? 0 : left.length);
				break;
			}

			default: {
				break;
			}
		}
	}

	return left;
}

/**
Ends what a run left whose journal does not even begin with its intent, then removes its folder: what the rest of the journal tells of, in the
account that it names, else the instances that carry its name and our tag. What is not found proves nothing where it is not known in which
account it would be: then a `Problem` is thrown, and the folder stays. False where there is no such run.
*/
export async function endDamaged(
	context: RunContext,
	name: string,
	ofInstallation: () => Promise<string>,
	backends: readonly Backend[],
): Promise<boolean> {
	const damage = await readDamage(runFolder(context.paths, name));
	if (!damage) {
		return false;
	}

	await refuseOwned(name, damage.folder);
	const {left, isWhole} = damage;
	const known = left.filter(isKnown);
	for (const each of known) {
		await endLeft(context, each);
	}

	if (!isWhole || known.length < left.length) {
		const tagged = await tryListing(name, async () => listTagged(context, damage, await ofInstallation(), backends));
		for (const {backend, instance} of tagged.ours) {
			await tryListing(name, async () => backend.terminate(instance.id, instance.account));
		}

		const isFound = left.length > 0 ? left.every(each => isKnown(each) || isAmong(tagged.ours, each)) : tagged.ours.length > 0;
		if (!isFound) {
			throw unprovenProblem(name, left, tagged.words);
		}
	}

	await removeAll(context, damage);
	return true;
}

/**
Lets go of what a run left whose journal does not even begin with its intent: nothing is ended, and its folder is removed. Throws a `Problem`
where an instance of it is there, so that it can be ended. False where there is no such run.
*/
export async function forgetDamaged(
	context: RunContext,
	name: string,
	ofInstallation: () => Promise<string>,
	backends: readonly Backend[],
): Promise<boolean> {
	const damage = await readDamage(runFolder(context.paths, name));
	if (!damage) {
		return false;
	}

	await refuseOwned(name, damage.folder);
	// Who cannot be asked is no reason: that is why it is let go of.
	const found = await Promise.all(damage.left.filter(isKnown).map(async each => findLeft(context, each).catch(() => undefined)));
	const listed = await listTagged(context, damage, await ofInstallation(), backends).catch(() => undefined);
	const there = [...found, ...(listed?.ours ?? []).map(({instance}) => instance)].find(
		each => each && (isAlive(each) || each.state === 'ending'),
	);
	if (there) {
		throw new Problem('failed', `${name} was not let go of: its instance ${there.id} is there`, {
			next: `\`${programName} stop ${name}\` ends it.`,
		});
	}

	await removeAll(context, damage);
	return true;
}

async function refuseOwned(name: string, folder: string): Promise<void> {
	if ((await ownership(folder)) === 'owned') {
		throw new Problem('failed', `The journal of ${name} is damaged, and another program looks after it`, {
			next: `End that program first, then \`${programName} stop ${name}\`.`,
		});
	}
}

/** Ends one that is known, or proves in its own account that it is not there. Throws a `Problem` where neither can be. */
async function endLeft(context: RunContext, left: Ended): Promise<void> {
	const backend = await context.backend(left.offer.backend);
	try {
		await refuseOtherAccount(backend, left, new AbortController().signal);
		await terminateInstance(context, left);
	} catch (error) {
		const id = left.instanceId;
		const {command, console: page} = (id !== undefined && backend.byHand?.(id)) || {};
		throw notEndedProblem(
			{...left, stopFailure: {at: context.clock.now(), message: messageOf(error), command, console: page}},
			error,
		);
	}
}

async function findLeft(context: RunContext, left: Ended) {
	const backend = await context.backend(left.offer.backend);
	return left.instanceId === undefined ? findInstance(backend, left) : describeInstance(backend, left);
}

type Tagged = {readonly backend: Backend; readonly instance: Awaited<ReturnType<Backend['list']>>[number]};

const isAmong = (tagged: readonly Tagged[], {intentId, instanceId}: Left): boolean =>
	tagged.some(({instance}) => instance.id === instanceId || instance.intentId === intentId);

/** The instances that carry a run's name and our tag; `words` say where else it may be. Rejects where one cannot be asked that should be. */
async function listTagged(
	context: RunContext,
	{folder, left}: Damage,
	installation: string,
	backends: readonly Backend[],
): Promise<{readonly ours: readonly Tagged[]; readonly words: readonly string[]}> {
	const name = path.basename(folder);
	const machine = await thisMachine();
	const ours: Tagged[] = [];
	const words: string[] = [];
	for (const backend of backends) {
		const regions = await regionsToAsk(context.paths, backend, true);
		const {instances, unasked} = await listIn(backend, installation, regions, (_, error) => {
			throw error;
		});
		words.push(...unasked.map(line => `Not asked: ${backend.name}: ${line}`));
		for (const instance of instances.filter(({run, state}) => run === name && state !== 'terminated')) {
			const isNamed = left.some(({intentId, instanceId}) => instance.id === instanceId || instance.intentId === intentId);
			const elsewhere = isNamed ? undefined : elsewhereName(instance.machine, machine);
			if (elsewhere === undefined) {
				ours.push({backend, instance});
			} else {
				words.push(
					`One of that name was started on ${elsewhere}, and is left alone: ${instance.id}. \`${programName} reap ${name} -y\` ends it.`,
				);
			}
		}
	}

	return {ours, words};
}

/** Throws what went wrong as a `Problem` that names the run. */
async function tryListing<T>(name: string, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (error) {
		if (!(error instanceof BackendError)) {
			throw error;
		}

		throw new Problem('failed', `${name} could not be ended: its journal is damaged, and ${error.message}`, {
			next: `${error.next === undefined ? '' : `${error.next} `}Then try again. ${letGo(name)}`,
			cause: error,
		});
	}
}

const letGo = (name: string): string =>
	`Where that can never be again, or nothing is there, \`${programName} stop ${name} --forget\` lets go of it and ends nothing.`;

const unprovenProblem = (name: string, left: readonly Left[], words: readonly string[]): Problem =>
	new Problem('failed', `${name} was not removed: its journal is damaged, and whether an instance of it runs is not certain`, {
		details: [
			'Nothing that carries its name was found where this program can look; in an account that is not set up here it may run, and cost money.',
			...left.map(({instanceId, intentId, account}) =>
				[instanceId ?? `what is tagged ${intentId}`, account?.label].filter(Boolean).join(' · '),
			),
			...words,
		].map(neutraliseLine),
		next: `Set up the account that it was started in, and try again. ${letGo(name)}`,
	});

async function removeAll(context: RunContext, {folder}: Damage): Promise<void> {
	const unwritten = new Unwritten();
	await tidy(context.paths, folder, unwritten);
	await unwritten.attempt('journal', async () => removeRunFolder(folder));
	if (!unwritten.isEmpty) {
		throw new UnwrittenEnd(path.basename(folder), unwritten);
	}
}
