import {closeSync, openSync, readdirSync, rmSync, writeSync} from 'node:fs';
import type {LeftOut, StepId} from '../../environment/step.js';
import {countLines} from '../../system/count-lines.js';
import {messageOf} from '../../system/problem.js';
import {headOf, type Piece, pieceOf, piecesOf} from './log-pieces.js';
import {logFolder} from './run-folder.js';

export type StepLogOptions = {
	/** Bytes of one piece, about. @default 16 MiB */
	readonly pieceSize?: number;
	/** Told once when it cannot be written: the step goes on without it. */
	readonly onTrouble?: (message: string) => void;
};

const usualPiece = 16 * 1024 * 1024;
/** Beside the beginning. */
const keptPieces = 3;
/** Where much is left out between them, pieces are small. */
const mostFiles = 64;
/** What a piece may be longer so that it ends with a line. */
const longestOverhang = 64 * 1024;
const newline = 10;

/**
A step's log beside the journal, begun anew: a step that is taken up again is told from its first line. Its beginning and its end are kept,
of what is between only how much it was. Written at once: pieces that waited for the disk would pile up in memory. It never throws.
*/
export class StepLog {
	readonly #folder: string;
	readonly #step: StepId;
	readonly #pieceSize: number;
	readonly #onTrouble: (message: string) => void;
	/** Where the output is, all that was left out counted. */
	#byte = 0;
	#line = 0;
	#descriptor: number | undefined;
	#size = 0;
	#endsWithLine = true;
	#tail: Array<Piece & {size: number}> = [];
	#isTroubled = false;

	constructor(folder: string, step: StepId, {pieceSize = usualPiece, onTrouble = () => undefined}: StepLogOptions = {}) {
		this.#folder = folder;
		this.#step = step;
		this.#pieceSize = pieceSize;
		this.#onTrouble = onTrouble;
		this.#try(() => {
			this.#removeFormer();
			this.#begin();
		});
	}

	write(text: string): void {
		for (let rest = Buffer.from(text); rest.length > 0;) {
			const length = this.#descriptor === undefined ? 0 : this.#cut(rest);
			if (length <= 0) {
				if (!this.#try(() => this.#begin())) {
					this.#count(rest);
					return;
				}

				continue;
			}

			const part = rest.subarray(0, length);
			const isWritten = this.#try(() => this.#writeAll(part));
			this.#count(part);
			rest = rest.subarray(length);
			if (!isWritten) {
				// Whatever comes next begins a piece of its own, so that what is missing is known.
				this.#close();
			}
		}
	}

	/** Notes that output is missing here. */
	leaveOut({bytes, lines}: LeftOut): void {
		this.#byte += bytes;
		this.#line += lines;
		this.#close();
	}

	finish(): void {
		this.#close();
	}

	/** How much of it still belongs to this piece. */
	#cut(rest: Buffer): number {
		const room = this.#pieceSize - this.#size;
		if (rest.length <= room) {
			return rest.length;
		}

		const whole = room > 0 ? rest.lastIndexOf(newline, room - 1) + 1 : 0;
		if (whole > 0 || (this.#endsWithLine && this.#size > 0)) {
			return whole;
		}

		return Math.min(rest.indexOf(newline) + 1 || rest.length, room + longestOverhang);
	}

	/** Begins the piece that the output goes on in. A file of its own, so that who follows it sees that it is another. */
	#begin(): void {
		this.#close();
		const piece = pieceOf(this.#folder, this.#step, this.#byte, this.#line);
		rmSync(piece.file, {force: true});
		this.#descriptor = openSync(piece.file, 'wx', 0o600);
		this.#size = 0;
		this.#endsWithLine = true;
		if (this.#byte > 0) {
			this.#tail.push({...piece, size: 0});
			this.#dropMiddle();
		}
	}

	#dropMiddle(): void {
		const most = keptPieces * this.#pieceSize;
		// The one that is written now may become as long as any.
		let kept = this.#pieceSize + this.#tail.reduce((sum, {size}) => sum + size, 0);
		while (this.#tail.length > 1 && (kept > most + longestOverhang * keptPieces || this.#tail.length > mostFiles)) {
			const {file, size} = this.#tail.shift() as Piece & {size: number};
			rmSync(file, {force: true});
			kept -= size;
		}
	}

	#writeAll(part: Buffer): void {
		for (let from = 0; from < part.length;) {
			from += writeSync(this.#descriptor as number, part, from);
		}
	}

	#count(part: Buffer): void {
		this.#byte += part.length;
		this.#size += part.length;
		this.#endsWithLine = part.at(-1) === newline;
		this.#line += countLines(part);
	}

	#close(): void {
		const descriptor = this.#descriptor;
		this.#descriptor = undefined;
		const last = this.#tail.at(-1);
		if (descriptor !== undefined) {
			if (last) {
				last.size = this.#size;
			}

			this.#try(() => closeSync(descriptor));
		}
	}

	#removeFormer(): void {
		const pieces = piecesOf(this.#folder, readdirSync(logFolder(this.#folder))).get(this.#step) ?? [];
		for (const {file} of [...pieces].reverse()) {
			rmSync(file, {force: true});
		}
	}

	#try(act: () => void): boolean {
		try {
			act();
			return true;
		} catch (error) {
			if (!this.#isTroubled) {
				this.#isTroubled = true;
				this.#onTrouble(`${headOf(this.#folder, this.#step).file} cannot be written: ${messageOf(error)}`);
			}

			return false;
		}
	}
}
