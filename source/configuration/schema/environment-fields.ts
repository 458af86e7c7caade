import {z} from 'zod';
import {either, reading, text, words, written, writtenText} from './fields.js';
import {describeInput} from './json-schema.js';
import {fail, isVariableName, parsePort, parseVariable} from '../grammar/grammar.js';
import type {FileMapping, PortMapping} from '../model.js';
import {staysInside, userPattern} from '../grammar/environment-paths.js';
import {splitWords} from '../grammar/shell-words.js';

/** Variables with their values, and those whose value is the caller's. */
export type Variables = {readonly env: Readonly<Record<string, string>>; readonly callerEnv: readonly string[]};

/** Of what is said of one variable the last counts. */
export function toVariables(entries: Iterable<readonly [string, string | undefined]>): Variables {
	const said = [...new Map(entries)];
	return {
		env: Object.fromEntries(said.filter((entry): entry is [string, string] => entry[1] !== undefined)),
		callerEnv: said.filter(([, value]) => value === undefined).map(([name]) => name),
	};
}

const noValue = (name: string, found: unknown): string =>
	found === null
		? `expected a value, found nothing; write "" for an empty one, or \`- ${name.slice(0, 60)}\` in a list for your own value`
		: words('a value').error({input: found});

const readVariableMap = z.unknown().transform((value, context): Variables => {
	const entries = Object.entries(value as object) as Array<[string, unknown]>;
	for (const [name, each] of entries) {
		if (!isVariableName(name)) {
			context.addIssue({
				code: 'custom',
				path: [name],
				params: {atKey: true},
				message: 'a variable has a name of letters, digits and _',
			});
		} else if (!['string', 'number', 'boolean'].includes(typeof each)) {
			context.addIssue({code: 'custom', path: [name], message: noValue(name, each)});
		}
	}

	return toVariables(entries.map(([name, each]) => [name, String(each)] as const));
});

// Not a record: that one drops the name `__proto__`, which a shell takes like any other.
const variableMap = describeInput(readVariableMap, () => ({
	propertyNames: {pattern: '^[A-Za-z_]\\w*$'},
	additionalProperties: {type: ['string', 'number', 'boolean']},
}));

const variableList = z.array(writtenText(parseVariable, 'NAME=value')).transform(toVariables);

/** A list of `NAME=value` and `NAME`, or a map of names to values. */
export const variables = either<Variables>('a map of names to values, or a list of NAME=value', {
	map: variableMap,
	list: variableList,
});

const portNumber = z
	.int(words('a port'))
	.min(1, 'expected a port from 1 to 65535')
	.max(65_535, 'expected a port from 1 to 65535');

const portMap = z
	.strictObject({local_port: portNumber.nullish(), container_port: portNumber})
	.transform(({local_port: local, container_port: remote}): PortMapping => ({local: local ?? undefined, remote}));

const portText = written(parsePort, 'a port', ['8000', '3333:8000', '*:8000']);

const port = either<PortMapping>('a port such as 8000 or 3333:8000', {text: portText, number: portText, map: portMap});

export const ports = z.array(port, words('a list of ports'));

/** `local:there`, or one path for both. A drive letter is no separator. */
function parseFile(text: string): FileMapping {
	const [, drive = '', path = ''] = /^([A-Za-z]:(?=[\\/]))?([^]*)$/.exec(text) ?? [];
	const [first = '', remote, ...more] = path.split(':');
	const local = drive + first;
	return local.trim() === '' || remote?.trim() === '' || more.length > 0
		? fail('expected a path, or one here and one there: data/model.bin:/models/model.bin')
		: {local, remote: remote ?? local};
}

const file = either<FileMapping>('a path, or a map of local_path and path', {
	text: writtenText(parseFile, 'a path'),
	map: z
		.strictObject({local_path: text('a path').min(1, 'expected a path'), path: text('a path').min(1, 'expected a path')})
		.transform(({local_path: local, path: remote}) => ({local, remote})),
});

export const files = z.array(file, words('a list of paths'));

/** Text that may be written as a number, as it is written there. */
export const anyText = z.union([z.string(), z.number()], words('text')).transform(String);

const registryAuthShape = {username: anyText.optional(), password: anyText};

export const registryAuth = z
	.strictObject(registryAuthShape, words('a map of username and password'))
	.transform(({username, password}, context) => reading(() => ({username: username ?? '', password}), '', context));

/** A field of text that holds only what `check` lets pass. */
const checked = (isGood: (text: string) => boolean, expected: string) =>
	writtenText(value => (isGood(value) ? value : fail(`expected ${expected}`)), expected);

/** A value with references is known later. */
const orReference = (isGood: (text: string) => boolean) => (value: string) => value.includes('${{') || isGood(value);

export const user = checked(value => userPattern.test(value), 'a user such as ubuntu, 1000 or 1000:1000');

export const shell = checked(
	value => /^(?:\/[^\s:]+|[\w.+-]+)$/.test(value),
	'a shell by its name or its absolute path, such as bash or /usr/bin/zsh',
);

export const workingDir = checked(
	orReference(value => value !== '' && staysInside(value)),
	'an absolute path, or one in the code',
);

export const homeDir = checked(
	orReference(value => value.startsWith('/')),
	'an absolute path',
);

export const entrypoint = writtenText(
	value => (splitWords(value).length > 0 ? value : fail('expected a command such as /bin/bash -i -c')),
	'a command',
);
