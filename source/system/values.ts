import {isIP} from 'node:net';

/*
Values that come from clouds, engines, hosts and files, as types of their own. A value gets its type by being read here and nowhere else; whoever writes
a file for another program (a config of ssh, a script, a link, a command to copy) reads it again there, wherever it has been in between.
*/

declare const kind: unique symbol;
type Value<Name extends string> = string & {readonly [kind]: Name};

/** Any text that keeps to its line and shows itself as it is. */
export type PlainLine = Value<'line of plain text'>;

/** A value from outside that is not what it has to be. The message names what it was to be, and is safe to draw. */
export class RefusedValue extends Error {
	override readonly name = 'RefusedValue';
}

/** How one kind of value is distinguished from everything else. */
export type Kind<T> = {readonly name: string; readonly is: (value: unknown) => value is T};

const kindOf = <Name extends string>(name: Name, test: (text: string) => boolean): Kind<Value<Name>> => ({
	name,
	is: (value): value is Value<Name> => typeof value === 'string' && test(value),
});

/**
What must be in no text that goes to another program or onto a screen: control characters, ends of lines, what turns the direction of text,
what cannot be seen (zero width, tags), and halves of characters.
*/
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029\u115F\u1160\u3164\uFFA0]|\u034F/u;

const breaks = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
const longestLine = 4096;

const label = /^[A-Za-z\d_](?:[A-Za-z\d_-]{0,61}[A-Za-z\d_])?$/;

/** By the rules of host names, with the underscores that some have. What is all digits and dots is an IP address or nothing. */
const isHostName = (text: string): boolean =>
	text.length <= 253 &&
	!/^[\d.]+$/.test(text) &&
	text
		.replace(/\.$/, '')
		.split('.')
		.every(each => label.test(each));

/** An IP address, or the name of a host in letters, digits, dots and dashes. */
export const hostAddress = kindOf('host address', text => (isIP(text) !== 0 && !text.includes('%')) || isHostName(text));
// Of a domain of Windows too: CORP\jane, jane@corp.example. Never what a shell or ssh would take for something else.
/** The name that a session logs in by. */
export const loginName = kindOf(
	'login name',
	text => /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.@\\+-]{0,103}$/u.test(text) && !text.endsWith('\\'),
);
/** What this program calls a run: a host alias and a folder. */
export const runName = kindOf('name of a run', text => /^[a-z][a-z\d-]{0,59}$/.test(text) && !text.endsWith('-host'));
/** What a backend calls a thing: an instance, a token. */
export const identifier = kindOf('identifier', text => /^[A-Za-z\d][A-Za-z\d._:/-]{0,199}$/.test(text) && !text.includes('..'));
/** What a backend calls a region or a zone: a word that can be a part of a host's name. */
export const placeName = kindOf('name of a place', text => /^[A-Za-z\d][A-Za-z\d_-]{0,62}$/.test(text));
/** What a backend calls a type of instance. */
export const typeName = kindOf(
	'name of an instance type',
	text => /^[A-Za-z\d][A-Za-z\d._-]{0,99}$/.test(text) && !text.includes('..'),
);
export const plainLine = kindOf('line of plain text', text => text.length <= longestLine && !unseen.test(text));
/** Any text without control characters; a person's own folder may have joiners and the like in its name. */
export const oneLine = kindOf('single line', text => text.length <= longestLine && !breaks.test(text));
/** A public key of SSH in one line, with or without a comment. */
export const publicKeyLine = kindOf('public key', text =>
	/^(?:ssh|ecdsa|sk)-[a-z\d@.-]+ [A-Za-z\d+/]{16,16384}={0,2}(?: [\x20-\x7E]{0,200})?$/.test(text),
);
// On Windows this machine's own have a drive before them.
/** An absolute path on an instance, or here. */
export const absolutePath = kindOf('absolute path', text => oneLine.is(text) && /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(text));

/** A port that something can listen at. */
export const portNumber: Kind<number> = {
	name: 'port',
	is: (value): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535,
};

/** A moment, milliseconds since the epoch: not before it, and not where no date is any more. */
export const moment: Kind<number> = {
	name: 'moment',
	is: (value): value is number => typeof value === 'number' && value >= 0 && value <= 8.64e15,
};

/** The value where it is of the kind, else undefined. */
export const readValue = <T>({is}: Kind<T>, value: unknown): T | undefined => (is(value) ? value : undefined);

/** The value; `what` says in words what it is to be. Throws a `RefusedValue`. */
export function admitValue<T>({name, is}: Kind<T>, value: unknown, what: string): T {
	if (!is(value)) {
		throw new RefusedValue(`${what} is refused: ${quotedValue(value)} is no ${name}`);
	}

	return value;
}

const eachUnseen = new RegExp(unseen.source, 'gu');

/** The text as a line of plain text: without what cannot be seen, and not too long to be one. */
export const plainLineOf = (text: string): PlainLine =>
	text.toWellFormed().replace(eachUnseen, '').slice(0, longestPlain).toWellFormed() as PlainLine;

/** The longest line that is taken from a message, characters. */
const longestPlain = 2000;
const longest = 60;

/** Whatever it is, as it can be shown: everything but letters, digits and marks of ASCII is written as its number. */
export function quotedValue(value: unknown): string {
	if (typeof value !== 'string') {
		return value === null
			? 'null'
			: Array.isArray(value)
				? 'a list'
				: typeof value === 'object'
					? 'an object'
					: String(value).slice(0, longest);
	}

	const text = [...value.slice(0, longest)]
		.map(each => (/[ -~]/.test(each) ? each : `\\u{${each.codePointAt(0)?.toString(16)}}`))
		.join('');
	return `'${text}${value.length > longest ? '…' : ''}'`;
}
