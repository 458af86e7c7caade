import {readdir, rename, rm} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import {isMissing, readIfThere} from '../../system/files.js';
import {holderSchema, thisHolder} from '../../system/holder.js';
import {Problem} from '../../system/problem.js';
import {type RunContext, waitFor} from '../context.js';
import type {RunState} from '../model/state.js';
import {TakenOver} from '../words/problems.js';
import {leaveRequest, quietOwner} from '../words/wait-words.js';
import {askerOf, keepAsking} from './askers.js';
import {OwnerWatch} from './ownership.js';
import type {RunRecord} from './record.js';

/** How long an owner that works may take to take a request up, and then to answer it. Milliseconds. */
const hearLimit = 30_000;
const actLimit = 60_000;
const pollInterval = 500;

type RequestKind = 'extend' | 'agree' | 'port';

/** One request, wherever it is done. `isAgain`: another program had taken it up before, and may have done it or half of it. */
export type Request = {readonly id: string; readonly isAgain: boolean};

export type Asked<A> = {
	readonly kind: RequestKind;
	readonly asked: A;
	/** `move its deadline`, after "the program that looks after it to". */
	readonly what: string;
	/** Whether what the owner has written since shows that it was done, whoever asked for it. */
	readonly isDone?: (state: RunState) => boolean;
	/** Does it from here, where this program has become the owner meanwhile. */
	readonly act: (asked: A, request: Request) => Promise<void>;
	/** What is thrown where the owner did not take it up in time; the request is withdrawn then. */
	readonly unheard: Problem;
};

/*
A request is a file of its own, `request-KIND-ID`, and names the program that waits for it. Who takes it up renames it, so that it is taken up
or withdrawn and never both; what it came to lies beside it until the one who asked has read it.
*/
const pattern = /^request-(extend|agree|port)-([\da-f]{16})(\.taken|\.answer)?$/;
const takenSuffix = '.taken';
const answerSuffix = '.answer';

const request = z.object({by: holderSchema, asked: z.unknown()});
const answer = z.object({
	by: holderSchema,
	refused: z
		.object({
			kind: z.enum(['failed', 'usage', 'configuration']).catch('failed'),
			message: z.string(),
			next: z.string().optional(),
			details: z.array(z.string()).default([]),
		})
		.optional(),
});

/** Whether a file in a run's folder belongs to a request. */
export const isRequestFile = (name: string): boolean => name.startsWith('request-');

/**
Asks the run's owner, another program, for something, and waits until that has answered. Where this program becomes the owner meanwhile, since
the other one died or does not answer, it does it itself. A request that is given up is withdrawn. Throws a `Problem`, the owner's own where it
refuses.
*/
export async function askOwner<A>(context: RunContext, record: RunRecord, asked: Asked<A>): Promise<void> {
	const wish = {
		what: `the program that looks after ${record.name} to ${asked.what}`,
		limit: 2 * (hearLimit + actLimit),
		wayOut: leaveRequest,
	};
	const id = context.random.hex(8);
	const place = path.join(record.folder, `request-${asked.kind}-${id}`);
	await writeFileAtomic(place, JSON.stringify({by: await thisHolder(), asked: asked.asked}), {mode: 0o600});
	let outcome: 'done' | 'ours' | 'again';
	try {
		outcome = await waitFor(context, wish, async trouble => awaitAnswer(context, record, asked, {id, place, trouble}));
		// Who took it up and has not answered yet need not, or is no owner any more.
		await rm(place + takenSuffix, {force: true});
	} finally {
		await rm(place, {force: true});
		await rm(place + answerSuffix, {force: true});
	}

	if (outcome !== 'done') {
		await asked.act(asked.asked, {id, isAgain: outcome === 'again'});
	}
}

type Waiting = {readonly id: string; readonly place: string; readonly trouble: (words: string) => void};

async function awaitAnswer<A>(
	{clock}: RunContext,
	record: RunRecord,
	{isDone, unheard}: Asked<A>,
	{id, place, trouble}: Waiting,
): Promise<'done' | 'ours' | 'again'> {
	const watch = new OwnerWatch(record.folder);
	const isKnown = () => record.known.requestsDone.includes(id) || isDone?.(record.known) === true;
	for (const start = clock.elapsed(); ; await clock.sleep(pollInterval)) {
		await keepAsking(place);
		await keepAsking(place + takenSuffix);
		const isAnswered = await readAnswer(place);
		await record.catchUp();
		if (isAnswered || isKnown()) {
			return 'done';
		}

		const {isQuiet, owner, silent} = await watch.look();
		if (isQuiet && owner) {
			trouble(quietOwner(owner));
		}

		if (await record.own(silent)) {
			const isFree = await withdraw(place);
			return isKnown() ? 'done' : isFree ? 'ours' : 'again';
		}

		const time = clock.elapsed() - start;
		if (time > hearLimit + actLimit) {
			throw new Problem('failed', `The program that looks after ${record.name} began with it, and did not say how it went`, {
				next: 'Look at how it stands now before you try again.',
			});
		}

		if (time > hearLimit && (await withdraw(place))) {
			throw unheard;
		}
	}
}

/** False where somebody has taken it up already. */
async function withdraw(place: string): Promise<boolean> {
	try {
		await rm(place);
		return true;
	} catch (error) {
		if (isMissing(error)) {
			return false;
		}

		throw error;
	}
}

/** Whether it was done. Throws what it was refused with. */
async function readAnswer(place: string): Promise<boolean> {
	const text = await readIfThere(place + answerSuffix);
	if (text === undefined) {
		return false;
	}

	const {refused} = answer.parse(JSON.parse(text));
	if (refused) {
		const {kind, message, details, next} = refused;
		throw new Problem(kind, message, {details, next});
	}

	return true;
}

export type Answering<A> = {
	readonly schema: z.ZodType<A>;
	readonly act: (asked: A, request: Request) => Promise<void>;
	/** Told what was refused, beside the one who asked. */
	readonly onRefused: (problem: Problem) => void;
};

/** What this program is in the middle of. */
const underWay = new Set<string>();

/**
Does what other programs asked for since, one after the other, each once; for the owner. Of one that another owner had taken up, `act` is told
so. Whose asker is gone is left: nobody waits for it, and it may long not be meant any more. A `Problem` of `act` is the answer.
*/
export async function answerRequests<A>(record: RunRecord, kind: RequestKind, answering: Answering<A>): Promise<void> {
	for (const name of await readdir(record.folder)) {
		const [, asked, id = '', suffix] = pattern.exec(name) ?? [];
		if (asked !== kind) {
			continue;
		}

		const place = path.join(record.folder, `request-${kind}-${id}`);
		if (suffix === answerSuffix) {
			await dropUnread(place + answerSuffix);
		} else if (!underWay.has(place)) {
			underWay.add(place);
			try {
				await answerOne(record, place, {id, isAgain: suffix === takenSuffix}, answering);
			} finally {
				underWay.delete(place);
			}
		}
	}
}

async function answerOne<A>(record: RunRecord, place: string, asked: Request, answering: Answering<A>): Promise<void> {
	const taken = place + takenSuffix;
	const file = asked.isAgain ? taken : place;
	const text = await readIfThere(file);
	const parsed = request.safeParse(parse(text ?? ''));
	const asker = parsed.success ? await askerOf(file, parsed.data.by) : 'gone';
	if (asker === 'unknown' || (!asked.isAgain && !(await moved(place, taken)))) {
		return;
	}

	if (parsed.success && asker === 'waits') {
		const refused = await outcomeOf(record, parsed.data.asked, asked, answering);
		// With the end of a run its requests go too, and some see in the journal what they wait for: then that is the answer.
		if (await isThere(taken)) {
			// Whole at once, for who asked reads it as soon as it is there.
			await writeFileAtomic(place + answerSuffix, JSON.stringify({by: parsed.data.by, refused}), {mode: 0o600});
			if (!(await isThere(taken))) {
				await rm(place + answerSuffix, {force: true});
			}
		}
	}

	await rm(taken, {force: true});
}

const isThere = async (file: string): Promise<boolean> => (await readIfThere(file)) !== undefined;

/** What it was refused with. What is no refusal is thrown, and the request then stays for whoever owns the run next. */
async function outcomeOf<A>(record: RunRecord, given: unknown, asked: Request, {schema, act, onRefused}: Answering<A>) {
	const read = schema.safeParse(given);
	if (!read.success) {
		return {kind: 'failed', message: `${record.name} is looked after by a program of another version`, details: []};
	}

	if (record.known.requestsDone.includes(asked.id)) {
		return undefined;
	}

	try {
		await act(read.data, asked);
		return undefined;
	} catch (error) {
		if (!(error instanceof Problem) || error instanceof TakenOver) {
			throw error;
		}

		onRefused(error);
		const {kind, message, next, details} = error;
		return {kind, message, next, details};
	}
}

/** Who withdraws it in this moment is faster or is not. */
async function moved(from: string, to: string): Promise<boolean> {
	try {
		await rename(from, to);
		return true;
	} catch (error) {
		if (isMissing(error)) {
			return false;
		}

		throw error;
	}
}

/** An answer whose reader is gone. */
async function dropUnread(file: string): Promise<void> {
	const read = answer.safeParse(parse((await readIfThere(file)) ?? ''));
	if (!read.success || (await askerOf(file, read.data.by)) === 'gone') {
		await rm(file, {force: true});
	}
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// No request and no answer of ours.
		return undefined;
	}
}
