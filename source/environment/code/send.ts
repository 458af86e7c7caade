import {Readable} from 'node:stream';
import type {ExecResult, Link} from '../../system/link.js';
import type {StepContext} from '../step.js';
import {archiveEnd} from './archive.js';
import type {Progress} from './progress.js';
import type {Item} from './shipment.js';
import {idleLimit, removeStale, type RemoteState, unpackCommand, unpackProblem} from './remote-upload.js';
import {loadUnit, packRest, packUnit, type Unit} from './units.js';

export type Sender = {
	readonly link: Link;
	readonly context: StepContext;
	readonly signal: AbortSignal | undefined;
	readonly there: RemoteState;
	readonly progress: Progress;
};

export type Load = {
	readonly units: readonly Unit[];
	/** Letters of all classes that are settled now: what is there of them and not among `units` is removed. */
	readonly classes: string;
	readonly notes?: readonly Buffer[];
	/** Links and empty folders: with the last load. */
	readonly rest?: readonly Item[];
};

/** Sends, in one stream, the units that are not there yet. Throws `Changed`, a `Problem`, or the link's error. */
export async function send(sender: Sender, load: Load): Promise<void> {
	const missing = await findMissing(sender, load);
	if (missing.length === 0 && !load.notes?.length && !load.rest) {
		return;
	}

	const {link, context, signal, progress} = sender;
	let failure: {readonly error: unknown} | undefined;
	async function* pieces(): AsyncGenerator<Buffer> {
		try {
			yield* load.notes ?? [];
			for (const unit of missing) {
				yield packUnit(unit, await loadUnit(unit));
				tell(progress, unit);
			}

			yield load.rest ? await packRest(load.rest) : archiveEnd;
		} catch (error) {
			// The stream just ends, and what was unpacked of a unit counts for nothing.
			failure = {error};
		}
	}

	const stream = Readable.from(counted(pieces(), progress), {highWaterMark: 1});
	let result: ExecResult;
	try {
		result = await link.exec(unpackCommand(context), {stdin: stream, signal, idleLimit});
	} finally {
		stream.destroy();
	}

	if (failure) {
		throw failure.error;
	}

	if (result.code !== 0) {
		throw unpackProblem(result);
	}
}

async function* counted(pieces: AsyncIterable<Buffer>, progress: Progress): AsyncGenerator<Buffer> {
	for await (const piece of pieces) {
		progress.sent += piece.length;
		yield piece;
	}
}

/** Files are of one class, history of the others. */
const tell = (progress: Progress, {class: kind, files, bytes}: Unit): void => {
	if (kind === 'f') {
		progress.files(files, bytes);
	} else if (kind === 'h') {
		progress.history(bytes);
	}
};

/** Where nothing is there, nothing has to be read to know that all of it is missing. */
async function findMissing({link, context, signal, there, progress}: Sender, {units, classes}: Load): Promise<readonly Unit[]> {
	if (!there.earlier) {
		return units;
	}

	const wanted = new Set<string>();
	const missing: Unit[] = [];
	for (const unit of units) {
		const {id} = await loadUnit(unit);
		wanted.add(id);
		if (there.units.has(id)) {
			tell(progress, unit);
		} else {
			missing.push(unit);
		}
	}

	const stale = [...there.units, ...there.torn].filter(id => classes.includes(id.charAt(0)) && !wanted.has(id));
	await removeStale(link, stale, context, signal);
	return missing;
}
