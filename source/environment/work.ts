import {neutraliseLine} from '../system/terminal-text.js';
import {Problem} from '../system/problem.js';
import type {Link} from '../tunnel/link.js';
import {quote, viaSh} from './shell.js';
import type {StepContext} from './step.js';

const checkLimit = 120_000;
const changedCode = 10;

/**
The script that tells whether there is work in the environment that exists nowhere else, compared with a baseline that it has taken itself
(`work-check baseline`). Files are compared by content, in a tree that git makes of all that is not ignored, with objects and index of its
own; commits count unless they were there before or have been pushed. Writes `changed` or `clean` to `STATE/work`, prints what changed.
*/
const workCheckScript = ({workspace, stateFolder}: StepContext): string => `#!/bin/sh
w=${quote(workspace)}
s=${quote(stateFolder)}
b="$s/baseline"
umask 077
mkdir -p "$b" || exit 1
cd "$w" || exit 1
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_OPTIONAL_LOCKS=0

heads() { git for-each-ref --format='%(objectname)' refs/heads refs/stash refs/tags 2>/dev/null; git rev-parse -q --verify HEAD 2>/dev/null; }

modules() {
  git submodule --quiet foreach --recursive 'git rev-parse HEAD; git status --porcelain; git diff HEAD | git hash-object --stdin' 2>/dev/null
}

tree() {
  GIT_INDEX_FILE="$b/index" GIT_OBJECT_DIRECTORY="$b/objects" GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects"
  export GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
  mkdir -p "$b/objects"
  rm -f "$b/index" "$b/index.lock"
  if [ -n "$index" ] && [ -f "$index" ]; then cp "$index" "$b/index"; fi
  git -c core.safecrlf=false -c advice.addEmbeddedRepo=false add -A . >/dev/null 2>&1 && git write-tree
}

listing() { find . ! -type d -exec cksum {} + 2>/dev/null | sort; }

kind=listing
if command -v git >/dev/null 2>&1; then
  if [ "$(git rev-parse --is-bare-repository 2>/dev/null)" = true ]; then kind=bare
  elif top=$(git rev-parse --show-toplevel 2>/dev/null) && [ "$(cd "$top" && pwd -P)" = "$(pwd -P)" ]; then
    kind=repository
    objects=$(cd "$(git rev-parse --git-path objects)" && pwd)
    index=$(git rev-parse --git-path index)
  else
    kind=folder
    [ -d "$b/shadow" ] || git init --quiet --bare "$b/shadow"
    objects="$b/shadow/objects" index=
  fi
fi

now() {
  case $kind in
    repository) (tree) ;;
    folder) (GIT_DIR="$b/shadow" GIT_WORK_TREE="$w"; export GIT_DIR GIT_WORK_TREE; tree) ;;
    listing) listing ;;
  esac
}

if [ "$1" = baseline ]; then
  now > "$b/tree"
  case $kind in repository | bare) heads | sort -u > "$b/heads"; modules > "$b/modules" ;; esac
  rm -f "$s/work"
  exit 0
fi

[ -f "$b/tree" ] || { echo "the workspace was never compared"; echo changed > "$s/work"; exit ${changedCode}; }
changed=
now > "$b/tree.now" || changed=yes
if ! cmp -s "$b/tree" "$b/tree.now"; then
  if [ "$kind" = listing ]; then
    changed=yes
    diff "$b/tree" "$b/tree.now" | sed -n 's/^[<>] [0-9]* [0-9]* /changed: /p' | sort -u | head -n 40
  else
    was=$(cat "$b/tree") is=$(cat "$b/tree.now")
    if [ "$kind" = folder ] || [ "$is" != "$(git rev-parse -q --verify 'HEAD^{tree}' 2>/dev/null)" ]; then
      changed=yes
      dir=$(git rev-parse --absolute-git-dir 2>/dev/null); [ "$kind" = folder ] && dir="$b/shadow"
      GIT_OBJECT_DIRECTORY="$b/objects" GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects" git --git-dir="$dir" diff-tree -r --name-status "$was" "$is" 2>/dev/null | head -n 40
    fi
  fi
fi
case $kind in repository | bare)
  old=$(sed 's/^/^/' "$b/heads")
  new=$(git rev-list --max-count=40 $(heads | sort -u) $old --not --remotes 2>/dev/null)
  if [ -n "$new" ]; then
    changed=yes
    for commit in $new; do git log -1 --format='commit %h %s' "$commit"; done
  fi
  modules > "$b/modules.now"
  if ! cmp -s "$b/modules" "$b/modules.now"; then changed=yes; echo "changed in a submodule"; fi
  ;;
esac
if [ -n "$changed" ]; then echo changed > "$s/work"; exit ${changedCode}; fi
echo clean > "$s/work"
exit 0
`;

/** Notes how the workspace stands now, before a person works in it; installs the check that compares with it. */
export async function takeBaseline(link: Link, context: StepContext): Promise<void> {
	const file = quote(`${context.stateFolder}/work-check`);
	const put = await link.exec(viaSh(`umask 077; cat > ${file}.new && mv ${file}.new ${file}`), {stdin: workCheckScript(context)});
	const taken = put.code === 0 ? await link.exec(viaSh(`sh ${file} baseline`), {idleLimit: checkLimit}) : put;
	if (taken.code !== 0) {
		throw new Problem('failed', `The workspace could not be noted down: ${taken.stderr.trim()}`);
	}
}

/** Asks the instance whether there is work in it that exists nowhere else; `lines` name it. Without a baseline there is none yet. */
export async function unsavedWork(link: Link, {stateFolder}: StepContext): Promise<{changed: boolean; lines: readonly string[]}> {
	const file = quote(`${stateFolder}/work-check`);
	const {code, stdout, stderr} = await link.exec(viaSh(`[ -f ${file} ] || exit 0; sh ${file}`), {idleLimit: checkLimit});
	if (code !== 0 && code !== changedCode) {
		throw new Problem('failed', `The workspace could not be compared: ${stderr.trim() || `exit code ${code}`}`);
	}

	return {changed: code === changedCode, lines: stdout.split('\n').filter(Boolean).map(neutraliseLine)};
}
