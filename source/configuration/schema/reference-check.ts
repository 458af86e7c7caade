import {messageOf} from '../../system/problem.js';
import {type Namespace, readPieces} from '../grammar/interpolation.js';
import type {DevEnvironment} from '../model.js';
import {suggest} from './suggest.js';
import {mostProblems, type YamlFile} from '../yaml/yaml-file.js';

/** Which references each key may hold. A secret in a command would stand in its log. */
export const referencesAllowed: Readonly<Record<string, readonly Namespace[]>> = {
	image: ['run', 'env'],
	registry_auth: ['run', 'env', 'secrets'],
	env: ['run', 'secrets'],
	build: ['run'],
	setup: ['run'],
	init: ['run'],
	entrypoint: ['run'],
	working_dir: ['run', 'env'],
	home_dir: ['run', 'env'],
	cache: ['run', 'env'],
};

const commandKeys = new Set(['build', 'setup', 'init']);
const runNames = ['name'];

/**
Reports references of a valid configuration that are not closed, not known, or not allowed where they are used. `secrets` are the names that there
are; undefined where nobody has looked.
*/
export function checkReferences(yaml: YamlFile, environment: DevEnvironment, secrets: ReadonlySet<string> | undefined): void {
	const known: Readonly<Record<Namespace, readonly string[] | undefined>> = {
		run: runNames,
		env: [...Object.keys(environment.env), ...environment.callerEnv],
		secrets: secrets && [...secrets],
	};

	let left = mostProblems;
	const complain = (
		place: readonly PropertyKey[],
		message: string,
		options: {suggestion?: string; severity?: 'warning'} = {},
	) => {
		if (left-- > 0) {
			yaml.diagnostics.push(yaml.at(place, message, options));
		}
	};

	for (const [key, allowed] of Object.entries(referencesAllowed)) {
		for (const {place, text} of textsIn((yaml.value as Record<string, unknown>)[key], [key])) {
			if (!text.includes('$')) {
				continue;
			}

			try {
				for (const piece of readPieces(text)) {
					if (typeof piece === 'string') {
						continue;
					}

					const {namespace, name} = piece;
					if (!allowed.includes(namespace)) {
						complain(place, notHere(key, namespace, name));
					} else if (known[namespace] && !known[namespace].includes(name)) {
						complain(place, missing(namespace, name), {suggestion: left > 0 ? suggest(name, known[namespace]) : undefined});
					}
				}
			} catch (error) {
				complain(place, messageOf(error));
			}

			if (commandKeys.has(key) && /(?<!\$)\$\$(?!\$|\{\{)/.test(text)) {
				const message = 'in these files `$$` stands for one `$`; write `$$$$` for the number of the shell’s process';
				complain(place, message, {severity: 'warning'});
			}
		}
	}
}

const notHere = (key: string, namespace: Namespace, name: string): string =>
	commandKeys.has(key)
		? namespace === 'secrets'
			? `a secret in a command would stand in its log; write \`env: [${name}=\${{ secrets.${name} }}]\` and use $${name}`
			: `write $${name}: in a command it is a variable`
		: `${namespace}.${name.slice(0, 60)} cannot be used in \`${key}\``;

const missing = (namespace: Namespace, name: string): string =>
	namespace === 'secrets'
		? `there is no secret called '${name.slice(0, 60)}'; \`dstack-tui secrets set ${name.slice(0, 60)}\` keeps one`
		: namespace === 'env'
			? `\`env\` has no variable called '${name.slice(0, 60)}'`
			: `there is no run.${name.slice(0, 60)}; expected run.${runNames.join(', run.')}`;

/** All texts below a value with their places. */
function* textsIn(value: unknown, place: readonly PropertyKey[]): Generator<{place: readonly PropertyKey[]; text: string}> {
	if (typeof value === 'string') {
		yield {place, text: value};
	} else if (typeof value === 'object' && value !== null) {
		for (const [key, each] of Object.entries(value)) {
			yield* textsIn(each, [...place, Array.isArray(value) ? Number(key) : key]);
		}
	}
}
