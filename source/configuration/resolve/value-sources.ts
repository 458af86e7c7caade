import {readPieces, type Reference} from '../grammar/interpolation.js';
import type {DevEnvironment} from '../model.js';

/** Where a variable of an environment has its value from. Never the value. */
export type VariableSource = {
	readonly name: string;
	/** The configuration's own text, `-e NAME=value`, or a variable of the caller's environment that is asked for by its name. */
	readonly from: 'configuration' | 'flag' | 'caller';
	/** Names of the secrets that are laid into its text. */
	readonly secrets: readonly string[];
};

/** Of an environment whose values are not in their places yet; `flags` are those of `-e`, as given. */
export function variableSources(
	{env, callerEnv}: Pick<DevEnvironment, 'env' | 'callerEnv'>,
	flags: readonly string[] = [],
): VariableSource[] {
	const given = new Set(flags.filter(text => text.includes('=')).map(text => text.slice(0, text.indexOf('='))));
	return [
		...Object.entries(env).map(([name, text]) => ({
			name,
			from: given.has(name) ? ('flag' as const) : ('configuration' as const),
			secrets: [...new Set(referencesIn(text).flatMap(each => (each.namespace === 'secrets' ? [each.name] : [])))],
		})),
		...callerEnv.map(name => ({name, from: 'caller' as const, secrets: []})),
	];
}

/**
Which of the user's values a text takes in, through the environment's variables too: `secrets.TOKEN`, and `env.TOKEN` for a variable of theirs
or one that they gave with `-e`. What the configuration says itself is nobody's secret.
*/
export function ownValues(text: string, variables: readonly VariableSource[]): string[] {
	const found = referencesIn(text).flatMap(({namespace, name}) => {
		if (namespace === 'secrets') {
			return [`secrets.${name}`];
		}

		const variable = namespace === 'env' ? variables.find(each => each.name === name) : undefined;
		return variable === undefined
			? []
			: [...variable.secrets.map(secret => `secrets.${secret}`), ...(variable.from === 'configuration' ? [] : [`env.${name}`])];
	});
	return [...new Set(found)];
}

/** Text that cannot be read for references has been refused before. */
const referencesIn = (text: string): Reference[] =>
	text.includes('$') ? readPieces(text).filter((piece): piece is Reference => typeof piece !== 'string') : [];
