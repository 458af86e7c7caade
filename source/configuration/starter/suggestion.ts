import {messageOf} from '../../system/problem.js';

/** Programs among the packages that people look at in a browser. */
export function portsOf(from: string, names: readonly string[], table: Readonly<Record<string, number>>): Suggestion[] {
	const known = [...new Set(names)].filter(name => Object.hasOwn(table, name));
	const ports = [...new Set(known.map(name => table[name]!))];
	const words = `${known.join(' and ')} usually ${known.length > 1 ? 'listen' : 'listens'} on ${ports.join(' and ')}`;
	return ports.length > 0 ? [{from, words, change: {ports}}] : [];
}

export const unreadable = (from: string, error: unknown): Suggestion => ({
	from,
	words: `${from} cannot be made out: ${messageOf(error).split('\n')[0] ?? ''}`,
	change: {},
});

export const asMap = (value: unknown): Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** What a first configuration could say. */
export type Change = {
	/** `3.11`. */
	readonly python?: string;
	readonly image?: string;
	/** Commands, in order. */
	readonly setup?: readonly string[];
	readonly ports?: readonly number[];
};

/** Something that a file in the folder shows about the environment that the folder needs. */
export type Suggestion = {
	/** The file's name. */
	readonly from: string;
	/** One sentence, safe to draw. */
	readonly words: string;
	/** Empty where the file could not be made out. */
	readonly change: Change;
};

/** A folder as the inspectors see it. */
export type FolderReader = {
	/** The text of a file; undefined where there is none, or none that a person wrote. */
	read(name: string): Promise<string | undefined>;
	/** Whether there is such a file, of whatever size. */
	has(name: string): Promise<boolean>;
};

export type Inspect = (look: FolderReader) => Promise<Suggestion[]>;
