import type {DevEnvironment} from '../configuration/model.js';
import {splitWords} from '../configuration/grammar/shell-words.js';
import {quote} from '../system/shell.js';

/**
A step's script that runs commands. One shell for all of them, so that `cd` and `export` carry over; the first that fails ends it. Which one
runs is written down before it runs, so that a failure can be reported with its command.

They run in `shell` where there is one. `entrypoint` is what dstack 0.11 makes of it: its words, and the commands as one last word, so it
ends in a shell and `-c`, or with `shell` beside it in whatever runs the rest of its words. The words never are the commands themselves,
which may hold secrets, but lead to the step's own file.
*/
export function commandScript(
	commands: readonly string[],
	{shell, entrypoint}: Pick<DevEnvironment, 'shell' | 'entrypoint'>,
): string {
	const lines = commands.flatMap(command => [
		`printf '%s' ${quote(command)} > "$STEP_FOLDER/command"`,
		`printf '+ %s\\n' ${quote(command)}`,
		`eval ${quote(command)}`,
	]);
	return [...enter(shell, entrypoint), 'set -e', ...lines, ''].join('\n');
}

// The script comes here a second time, in the shell that was asked for; a variable of that shell alone says so.
function enter(shell: string | undefined, entrypoint: string | undefined): string[] {
	const words = entrypoint === undefined ? [] : splitWords(entrypoint);
	const [first = shell] = words;
	if (first === undefined) {
		return [];
	}

	const needed = [...new Set([first, ...(shell === undefined ? [] : [shell])])];
	const program = [...words, ...(shell === undefined ? [] : [shell, '-c'])].map(quote).join(' ');
	return [
		'if [ "$dstack_tui_shell" != yes ]; then',
		...needed.flatMap(word => [
			`  if ! command -v ${quote(word)} >/dev/null 2>&1; then`,
			`    echo ${quote(`Install ${word} in \`build\`, or name another ${word === shell ? 'shell' : 'entry point'}.`)} > "$STEP_FOLDER/next"`,
			`    echo ${quote(`${word} is not there, and the commands are to run in it`)}`,
			'    exit 127',
			'  fi',
		]),
		...(shell === undefined
			? []
			: [
					`  if ! ${quote(shell)} -c 'a=1; if [ "$a" = 1 ]; then eval "exit 0"; fi; exit 1' >/dev/null 2>&1; then`,
					`    echo ${quote('Name one that is, such as bash, zsh or sh, and start the other in a command.')} > "$STEP_FOLDER/next"`,
					`    echo ${quote(`${shell} is no shell of the POSIX kind`)}`,
					'    exit 126',
					'  fi',
				]),
		`  here=$(printf '%s' "$STEP_FOLDER" | sed "s/'/'\\\\\\\\''/g")`,
		`  exec ${program} "dstack_tui_shell=yes; STEP_FOLDER='$here'; . '$here/script'"`,
		'fi',
		'unset dstack_tui_shell here',
	];
}
