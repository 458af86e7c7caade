import {messageOf} from '../../system/problem.js';
import type {Suggestion} from './suggestions.js';

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
