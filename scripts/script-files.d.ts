import type {Plugin} from 'esbuild';

export type Piece = {readonly file: string; readonly index: number; readonly text: string};
export function piecesOf(file: string): Piece[];
export function namedBy(file: string): string[];
export const scriptFiles: Plugin;
export const scriptFilesForTests: {readonly name: string; readonly enforce: 'pre'; load(id: string): string | undefined};
