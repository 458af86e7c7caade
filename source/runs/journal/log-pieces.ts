import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {stepIds, type StepId} from '../../environment/step.js';
import {isMissing} from '../../system/files.js';
import {logFolder} from './run-folder.js';

/**
A step's log lies in pieces: `STEP.log` with its beginning, and `STEP.log.BYTE-LINE` for each later one, which begins at that byte and that
line of all that the step wrote. What is between the end of one and the begin of the next was left out.
*/
export type Piece = {readonly file: string; readonly byte: number; readonly line: number};

export const headOf = (folder: string, step: StepId): Piece => ({
	file: path.join(logFolder(folder), `${step}.log`),
	byte: 0,
	line: 0,
});

export const pieceOf = (folder: string, step: StepId, byte: number, line: number): Piece =>
	byte === 0 ? headOf(folder, step) : {file: `${headOf(folder, step).file}.${byte}-${line}`, byte, line};

/** The pieces of a run's logs on disk, in the order of the steps, each step's in theirs. */
export async function listPieces(folder: string): Promise<ReadonlyMap<StepId, readonly Piece[]>> {
	return piecesOf(folder, await names(folder));
}

async function names(folder: string): Promise<string[]> {
	try {
		return await readdir(logFolder(folder));
	} catch (error) {
		if (isMissing(error)) {
			return [];
		}

		throw error;
	}
}

export function piecesOf(folder: string, files: readonly string[]): ReadonlyMap<StepId, readonly Piece[]> {
	const found = new Map<StepId, Piece[]>(stepIds.map(step => [step, []]));
	for (const name of files) {
		const [, step = '', byte = '0', line = '0'] = /^([a-z]+)\.log(?:\.(\d{1,15})-(\d{1,15}))?$/.exec(name) ?? [];
		found.get(step as StepId)?.push(pieceOf(folder, step as StepId, Number(byte), Number(line)));
	}

	return new Map(
		[...found].filter(([, pieces]) => pieces.length > 0).map(([step, pieces]) => [step, pieces.sort((a, b) => a.byte - b.byte)]),
	);
}
