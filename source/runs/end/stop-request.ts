import {readdir, rm} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import {readIfThere} from '../../system/files.js';
import {holderSchema, thisHolder} from '../../system/holder.js';
import {thisMachine} from '../../system/machine-id.js';
import {Problem} from '../../system/problem.js';
import {askerOf, keepAsking} from '../journal/askers.js';
import {type Consent, consentSchema} from '../model/consent.js';
import {WorkChanged} from './newer-work.js';

const prefix = 'stop-requested';
const refusalSuffix = '-refused';
const schema = holderSchema.extend({consent: consentSchema});
const refusalSchema = z.object({
	name: z.string(),
	changed: z.boolean(),
	message: z.string(),
	details: z.array(z.string()),
	next: z.string().optional(),
});

/** Each asker has a file of its own: what one agreed to is not another's word. */
export type StopRequest = {readonly place: string; readonly consent: Consent};

/** Whether a file in a run's folder is such a request, or the answer to one. */
export const isStopFile = (file: string): boolean => file.startsWith(prefix);

/** Two machines may have a process of the same number. */
const ownPlace = async (folder: string): Promise<string> =>
	path.join(folder, `${prefix}-${process.pid}-${(await thisMachine()).id}`);

/** Asks the run's owner, another program, to end it. It holds for as long as this program waits for that. */
export async function requestStop(folder: string, consent: Consent): Promise<void> {
	const asked: z.infer<typeof schema> = {...(await thisHolder()), consent};
	const place = await ownPlace(folder);
	await rm(place + refusalSuffix, {force: true});
	await writeFileAtomic(place, JSON.stringify(asked), {mode: 0o600});
}

/** Shows that this program still waits for it. To be called now and then: an owner on another machine sees nothing else of it. */
export const goOnAsking = async (folder: string): Promise<void> => keepAsking(await ownPlace(folder));

/** Takes a request back that was given up: who works on there must not be ended by it later. */
export async function withdrawStop(folder: string): Promise<void> {
	const place = await ownPlace(folder);
	await rm(place, {force: true});
	await rm(place + refusalSuffix, {force: true});
}

/** A request for the run's end by another program that still waits for it. One whose asker is gone is no request any more. */
export async function findStopRequest(folder: string): Promise<StopRequest | undefined> {
	const files = (await readdir(folder)).filter(file => isStopFile(file) && !file.endsWith(refusalSuffix));
	for (const place of files.map(file => path.join(folder, file))) {
		const text = await readIfThere(place);
		const by = text === undefined ? undefined : parse(schema, text);
		const asker = by ? await askerOf(place, by) : 'gone';
		if (by && asker === 'waits') {
			return {place, consent: by.consent};
		}

		if (text !== undefined && asker === 'gone') {
			await rm(place, {force: true});
		}
	}

	return undefined;
}

/** Tells the asker why its request is not obeyed; it is none any more then. */
export async function refuseStop({place}: StopRequest, name: string, problem: Problem): Promise<void> {
	const {message, details, next} = problem;
	const refusal: z.infer<typeof refusalSchema> = {
		name,
		changed: problem instanceof WorkChanged,
		message,
		details: [...details],
		next,
	};
	await writeFileAtomic(place + refusalSuffix, JSON.stringify(refusal), {mode: 0o600});
	await rm(place, {force: true});
}

/** Why the owner does not end it, where it has said so. */
export async function readRefusal(folder: string): Promise<Problem | undefined> {
	const text = await readIfThere((await ownPlace(folder)) + refusalSuffix);
	const refusal = text === undefined ? undefined : parse(refusalSchema, text);
	if (!refusal) {
		return undefined;
	}

	const {name, changed, message, details, next} = refusal;
	return changed ? new WorkChanged(name, details) : new Problem('failed', message, {details, next});
}

function parse<T>(kind: z.ZodType<T>, text: string): T | undefined {
	try {
		return kind.parse(JSON.parse(text));
	} catch {
		// It says not who asked, or for what: nobody waits for it.
		return undefined;
	}
}
