import {quote} from '../../system/shell.js';

/** JSON that any locale can pass on as an argument. */
const asciiJson = (value: unknown): string =>
	JSON.stringify(value).replace(/[\u007F-\uFFFF]/g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);

export type Program = {
	/** Python source, ≥ 3.6, standard library only; the last part runs. */
	readonly parts: readonly string[];
	/** What the program reads as `given`; nothing secret, everybody on the machine can see it. */
	readonly given: unknown;
	/** Absolute path there of a file that is removed even where the program cannot start. */
	readonly authFile?: string | undefined;
};

/**
A script that runs a Python program on the machine. Isolated (`-I`): the folder that it starts in is the person's code, whose modules are
not to be taken for Python's own. In the argument, not in a file: a full disk does not keep it from running.
*/
export const programScript = ({parts, given, authFile}: Program): string =>
	[
		"if ! python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null; then",
		...(authFile === undefined ? [] : [`  rm -f ${quote(authFile)}`]),
		'  [ -z "$STEP_FOLDER" ] || echo \'Choose a machine image with Python 3.6 or newer.\' > "$STEP_FOLDER/next"',
		"  echo 'the machine has no python3 of version 3.6 or newer'",
		'  exit 1',
		'fi',
		`exec python3 -I -c ${quote(parts.join('\n'))} ${quote(asciiJson(given))}`,
		'',
	].join('\n');
