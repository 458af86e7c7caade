import {Problem} from '../system/problem.js';
import {quote, viaSh} from '../system/shell.js';
import type {Link} from '../system/link.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {StepContext} from './step.js';
import {workFolder} from './variables.js';

/** A path in the code that is kept for the next run: a link to where it is kept. Both absolute, there. */
export type CacheLink = {readonly path: string; readonly target: string};

const partOfCode = 'is part of the code';

/**
Makes the working folder where the code has none, and links the paths in the code that are kept for the next run. To be done when the code is
there, before the baseline is taken; idempotent. Git does not see the links. Returns what is not as it was asked for, one line each. Throws a
`Problem`, or the link's error.
*/
export async function makeFoldersAndLinks(
	link: Link,
	context: StepContext,
	links: readonly CacheLink[],
): Promise<readonly string[]> {
	const folder = workFolder(context);
	const script = [
		`if ! mkdir -p ${quote(folder)}; then exit 1; fi`,
		linkFunction,
		...links.map(({path, target}) => `keep ${quote(path)} ${quote(target)} || exit 1`),
		'',
	].join('\n');
	const {code, stdout, stderr} = await link.exec(viaSh(script));
	if (code !== 0) {
		const reason = neutraliseLine(stderr.trim().split('\n').at(-1) ?? '');
		throw new Problem('failed', `The folders of the environment could not be made: ${reason || `exit code ${code}`}`, {
			next: 'Choose other paths in `working_dir` and `cache`, or make them in `build`.',
		});
	}

	return stdout
		.split('\n')
		.filter(line => line !== '')
		.map(line => `${neutraliseLine(line)}: it is not kept for the next run`);
}

const linkFunction = `keep() {
  mkdir -p "$2" "\${1%/*}" || return 1
  if [ -L "$1" ]; then
    [ "$(readlink "$1")" = "$2" ] && return 0
    echo "$1 ${partOfCode}"
    return 0
  fi
  if [ -e "$1" ] && ! rmdir "$1" 2>/dev/null; then
    echo "$1 ${partOfCode}"
    return 0
  fi
  ln -s "$2" "$1" || return 1
  (
    cd "\${1%/*}" && command -v git >/dev/null 2>&1 || exit 0
    name=\${1##*/}
    list=$(git rev-parse --git-path info/exclude 2>/dev/null) || exit 0
    git check-ignore -q -- "$name" 2>/dev/null && exit 0
    mkdir -p "\${list%/*}" && printf '/%s%s\\n' "$(git rev-parse --show-prefix)" "$name" >> "$list"
  )
}`;
