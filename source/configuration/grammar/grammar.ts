import type {PortMapping, ReversePort} from '../model.js';

/** A value that does not read as what it should be. The message says what was expected. */
export class GrammarError extends Error {
	override readonly name = 'GrammarError';
}

/** Ends reading with a message for a person. */
export const fail = (message: string): never => {
	throw new GrammarError(message);
};

/** What was found is said, and not all of it when somebody pasted a book. */
export const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

const mostMemory = 1000 * 1024 * 1024;
const memoryUnits: Readonly<Record<string, number>> = {KB: 1 / 1024, MB: 1, GB: 1024, TB: 1024 * 1024};

export const memoryPattern = /^(\d+(?:\.\d+)?)\s*([KMGT])(?:i?B)?$/i;

/** `24GB`, `512MB`, `1.5TB` → MiB (1 GB = 1024 MiB). A bare number is refused: nobody knows whether it means GB or MB. */
export function parseMemory(text: string): number {
	const trimmed = text.trim();
	const match = memoryPattern.exec(trimmed);
	if (!match) {
		return fail(
			/^\d+(?:\.\d+)?$/.test(trimmed)
				? `expected a size with a unit; write ${shorten(trimmed)}GB or ${shorten(trimmed)}MB`
				: `expected a size such as 24GB or 512MB, found '${shorten(trimmed)}'`,
		);
	}

	const mebibytes = Number(match[1]) * (memoryUnits[`${match[2]?.toUpperCase()}B`] ?? 0);
	if (mebibytes > mostMemory) {
		return fail(`expected at most 1000TB, found '${shorten(trimmed)}'`);
	}

	return mebibytes >= 1 ? Math.round(mebibytes) : fail(`expected at least 1MB, found '${shorten(trimmed)}'`);
}

const durationUnits: Readonly<Record<string, number>> = {s: 1, m: 60, h: 3600, d: 86_400, w: 604_800};

/** `1d`, `6h`, `1h30m`, `3600` (seconds) → seconds; `off` → `'off'`. */
export function parseDuration(text: string): number | 'off' {
	const trimmed = text.trim().toLowerCase();
	if (trimmed === 'off') {
		return 'off';
	}

	if (/^\d+$/.test(trimmed)) {
		return positive(Number(trimmed), trimmed);
	}

	if (!/^(?:\d+[smhdw])+$/.test(trimmed)) {
		return fail(`expected a duration such as 6h, 1d, 90m, a number of seconds, or off, found '${shorten(text.trim())}'`);
	}

	const parts = [...trimmed.matchAll(/(\d+)([smhdw])/g)];
	return positive(
		parts.reduce((sum, [, number, unit]) => sum + Number(number) * (durationUnits[unit ?? ''] ?? 0), 0),
		trimmed,
	);
}

const mostSeconds = 10 * 365 * 86_400;
const positive = (seconds: number, text: string): number =>
	seconds > 0 && seconds <= mostSeconds
		? seconds
		: fail(`expected more than nothing and at most ten years, found '${shorten(text)}'`);

const portNumber = (text: string): number => {
	const port = Number(text);
	return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535
		? port
		: fail(`expected a port from 1 to 65535, found '${shorten(text)}'`);
};

/** `8000`, `3333:8000` (local:there), `*:8000` (any free local port). */
export function parsePort(text: string): PortMapping {
	const parts = text.trim().split(':');
	if (parts.length > 2) {
		return fail(`expected a port such as 8000, 3333:8000 or *:8000, found '${shorten(text)}'`);
	}

	const remote = portNumber(parts.at(-1) ?? '');
	const local = parts.length === 1 ? remote : parts[0] === '*' ? undefined : portNumber(parts[0] ?? '');
	return {local, remote};
}

/** `9000`, `9000:3000` (there:here). */
export function parseReversePort(text: string): ReversePort {
	const parts = text.trim().split(':');
	if (parts.length > 2) {
		return fail(`expected a port such as 9000, or 9000:3000 for 3000 here, found '${shorten(text)}'`);
	}

	return {remote: portNumber(parts[0] ?? ''), local: portNumber(parts.at(-1) ?? '')};
}

export const isVariableName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);

/**
`NAME=value` → both; `NAME` alone → the name, for the caller's own value. The value is never repeated in a message: it may be a secret.
*/
export function parseVariable(text: string): [name: string, value: string | undefined] {
	const index = text.indexOf('=');
	const name = index < 0 ? text : text.slice(0, index);
	if (isVariableName(name)) {
		return [name, index < 0 ? undefined : text.slice(index + 1)];
	}

	return fail('expected NAME=value, or NAME alone for your own value, with a name of letters, digits and _');
}

/** `16`, `0.5` → a number above zero. */
export function parseNumber(text: string): number {
	const value = Number(text);
	return text.trim() !== '' && Number.isFinite(value) && value > 0
		? value
		: fail(`expected a number above 0, found '${shorten(text)}'`);
}
