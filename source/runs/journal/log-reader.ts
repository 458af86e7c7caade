import {open, stat, type FileHandle} from 'node:fs/promises';
import path from 'node:path';
import {StringDecoder} from 'node:string_decoder';
import type {LeftOut, StepId} from '../../environment/step.js';
import {countLines} from '../../system/count-lines.js';
import {isMissing} from '../../system/files.js';
import {isOver} from '../model/state.js';
import {journalFile, readState} from './journal.js';
import {headOf, listPieces, type Piece} from './log-pieces.js';
import {LineCutter} from './logs.js';

/** Lines that are safe to draw, or what is missing between them. */
export type LogPart =
	{readonly step: StepId; readonly lines: readonly string[]} | {readonly step: StepId; readonly leftOut: LeftOut};

const chunkSize = 64 * 1024;
const newline = 10;

/** Reads the logs of a run as they are on disk, from where it stopped the last time; a step that was begun anew from its first line. */
export class LogReader {
	readonly #folder: string;
	readonly #steps = new Map<StepId, StepReader>();
	#journal: {readonly version: string | undefined; readonly isOver: boolean} | undefined;

	constructor(folder: string) {
		this.#folder = folder;
	}

	/** What came since, in the order of the steps. A line that is still being written comes when it is whole, or with `all`. */
	async *read({all = false} = {}): AsyncGenerator<LogPart> {
		for (const [step, pieces] of await listPieces(this.#folder)) {
			const reader = this.#steps.get(step) ?? new StepReader(this.#folder, step);
			this.#steps.set(step, reader);
			yield* reader.read(pieces);
			if (all) {
				yield* reader.rest();
			}
		}
	}

	/** Whether the run is over, by its journal: that is read again only where it has changed. */
	async isOver(): Promise<boolean> {
		const now = await statIfThere(path.join(this.#folder, journalFile));
		const version = now && `${now.ino} ${now.size} ${now.mtimeMs}`;
		if (this.#journal === undefined || version !== this.#journal.version) {
			const state = await readState(this.#folder);
			this.#journal = {version, isOver: !state || isOver(state)};
		}

		return this.#journal.isOver;
	}

	async close(): Promise<void> {
		for (const reader of this.#steps.values()) {
			await reader.close();
		}
	}
}

class StepReader {
	readonly #first: string;
	readonly #step: StepId;
	/** Of the step's first piece: kept open, so that no later file can be taken for it. */
	#handle: FileHandle | undefined;
	#at = 0;
	#readOfFirst = 0;
	#lines = 0;
	#cutter = new LineCutter();
	#decoder = new StringDecoder('utf8');

	constructor(folder: string, step: StepId) {
		this.#first = headOf(folder, step).file;
		this.#step = step;
	}

	async *read(pieces: readonly Piece[]): AsyncGenerator<LogPart> {
		if (!(await this.#isSame())) {
			await this.#startOver();
		}

		for (const piece of pieces) {
			const file = piece.file === this.#first ? this.#handle : await openIfThere(piece.file);
			if (!file) {
				continue;
			}

			try {
				yield* this.#skipTo(piece);
				yield* this.#readOn(file, piece);
			} finally {
				if (file !== this.#handle) {
					await file.close();
				}
			}
		}
	}

	async *rest(): AsyncGenerator<LogPart> {
		const lines = [...this.#cutter.push(this.#decoder.end()), ...this.#cutter.end()];
		if (lines.length > 0) {
			yield {step: this.#step, lines};
		}
	}

	async close(): Promise<void> {
		await this.#handle?.close();
		this.#handle = undefined;
	}

	/** Whether the log is still the one that was read before. */
	async #isSame(): Promise<boolean> {
		if (!this.#handle) {
			return false;
		}

		const [own, there] = await Promise.all([this.#handle.stat(), statIfThere(this.#first)]);
		return there?.ino === own.ino && there.dev === own.dev && own.size >= this.#readOfFirst;
	}

	async #startOver(): Promise<void> {
		await this.close();
		this.#handle = await openIfThere(this.#first);
		[this.#at, this.#lines, this.#readOfFirst] = [0, 0, 0];
		[this.#cutter, this.#decoder] = [new LineCutter(), new StringDecoder('utf8')];
	}

	async *#skipTo({byte, line}: Piece): AsyncGenerator<LogPart> {
		if (byte > this.#at) {
			yield* this.rest();
			yield {step: this.#step, leftOut: {bytes: byte - this.#at, lines: Math.max(0, line - this.#lines)}};
			[this.#at, this.#lines] = [byte, line];
		}
	}

	async *#readOn(file: FileHandle, {byte}: Piece): AsyncGenerator<LogPart> {
		for (;;) {
			const {bytesRead, buffer} = await file.read(Buffer.allocUnsafe(chunkSize), 0, chunkSize, this.#at - byte);
			if (bytesRead === 0) {
				return;
			}

			const chunk = buffer.subarray(0, bytesRead);
			this.#at += bytesRead;
			this.#readOfFirst += file === this.#handle ? bytesRead : 0;
			this.#lines += countLines(chunk);
			const lines = this.#cutter.push(this.#decoder.write(chunk));
			if (lines.length > 0) {
				yield {step: this.#step, lines};
			}
		}
	}
}

const ifThere = async <T>(act: Promise<T>): Promise<T | undefined> =>
	act.catch((error: unknown) => {
		if (isMissing(error)) {
			return undefined;
		}

		throw error;
	});

const openIfThere = async (file: string): Promise<FileHandle | undefined> => ifThere(open(file, 'r'));
const statIfThere = async (file: string) => ifThere(stat(file));

/** The end of a step's log, for who looks at a run: so much of each is read, whatever its size. */
export type LogTail = {readonly step: StepId; readonly text: string; readonly isCut: boolean};

const tailSize = 256 * 1024;

/** The ends of all logs of a run, in the order of the steps, from the begin of a line where they are cut. */
export async function readLogTails(folder: string): Promise<readonly LogTail[]> {
	const steps = await listPieces(folder);
	return Promise.all([...steps].map(async ([step, pieces]) => ({step, ...(await tailOf(pieces))})));
}

async function tailOf(pieces: readonly Piece[]): Promise<{text: string; isCut: boolean}> {
	let tail = Buffer.alloc(0);
	let [begin, inLine]: [number | undefined, boolean] = [undefined, false];
	for (const piece of [...pieces].reverse()) {
		const file = await openIfThere(piece.file);
		if (!file) {
			continue;
		}

		try {
			const {size} = await file.stat();
			if (tail.length >= tailSize || (begin !== undefined && piece.byte + size !== begin)) {
				break;
			}

			const from = Math.max(0, size - (tailSize - tail.length));
			const {bytesRead, buffer} = await file.read(Buffer.alloc(size - from), 0, size - from, from);
			tail = Buffer.concat([buffer.subarray(0, bytesRead), tail]);
			[begin, inLine] = [piece.byte + from, from > 0];
		} finally {
			await file.close();
		}
	}

	const isCut = begin !== undefined && begin > 0;
	return {text: (inLine ? tail.subarray(tail.indexOf(newline) + 1) : tail).toString('utf8'), isCut};
}
