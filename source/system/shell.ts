/** A literal word for a POSIX shell, whatever is in it. */
export const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A script as one command line for a login shell of any kind: the shell only starts `sh`. */
export const viaSh = (script: string): string => `exec sh -c ${quote(script)}`;

/** A path as a person would type it: quoted only where it must be. */
export const shellWord = (text: string): string => (/^[\w/.:~-]+$/.test(text) ? text : quote(text));

/** A value that a script is given: text, a whole number, or a word that a shell takes for a command: true or false. */
export type ScriptValue = string | number | boolean;

const placeholder = /__([A-Z][A-Z\d_]*)__/g;

const scriptWord = (value: ScriptValue): string => {
	if (typeof value === 'number' && !Number.isSafeInteger(value)) {
		throw new RangeError(`${value} is no whole number`);
	}

	return typeof value === 'string' ? quote(value) : String(value);
};

/**
The script of a `.sh` file with its values: each `__NAME__` in it becomes the value of that name, quoted. This is the only way in which values
come into a script. Throws where a value is missing, or where a placeholder is not a word of its own, as it would be inside of quotes.
*/
export const fillScript = (script: string, values: Readonly<Record<string, ScriptValue>>): string =>
	script.replaceAll(placeholder, (whole: string, name: string, at: number) => {
		const value = values[name];
		if (value === undefined || !/[\s=]/.test(script[at - 1] ?? ' ') || !/[\s;)]/.test(script[at + whole.length] ?? ' ')) {
			throw new Error(`a script has ${value === undefined ? 'no value for' : 'no word of its own in'} ${whole}`);
		}

		return scriptWord(value);
	});
