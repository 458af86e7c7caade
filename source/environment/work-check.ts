import {quote} from '../system/shell.js';
import type {StepContext} from './step.js';

/** The exit code that says there is work. */
export const changedCode = 10;

// The repository or folder in `place`; what is kept of it lies in `b`. Objects and index that git writes here are kept there too: the
// repository itself is only read.
const treeFunctions = `
kind_of() {
  if ! has_git; then echo listing
  elif [ "$(git rev-parse --is-bare-repository 2>/dev/null)" = true ]; then echo bare
  elif top=$(git rev-parse --show-toplevel 2>/dev/null) && [ "$(cd "$top" && pwd -P)" = "$(pwd -P)" ]; then echo repository
  else echo folder; fi
}

own_objects() {
  if [ "$kind" = folder ]; then
    objects="$b/shadow/objects" index=
    GIT_DIR="$b/shadow" GIT_WORK_TREE=$place
    export GIT_DIR GIT_WORK_TREE
  else
    objects=$(cd "$(git rev-parse --git-path objects)" && pwd) index=$(git rev-parse --git-path index)
  fi
  case "$objects" in *:*) objects="\\"$objects\\"" ;; esac
  mkdir -p "$b/objects"
  GIT_OBJECT_DIRECTORY="$b/objects" GIT_ALTERNATE_OBJECT_DIRECTORIES=$objects
  export GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
}

# What went wrong; as long as that is not known to be harmless, the answer is not 'clean'.
failed() { printf '%s: %s\\n' "$1" "$(head -n 1 "$b/errors")" >> "$b/failed"; }

# As it is in the files: a filter of the person's may be missing here, and one that fails would hide everything.
without_filters() {
  git config -z --get-regexp '^filter\\.' | tr '\\n\\000' '\\001\\n' | cut -d "$one" -f 1 | sed -n 's/^filter\\.\\(.*\\)\\.[^.]*$/\\1/p' | sort -u |
    sed 's/["\\\\]/\\\\&/g' | while IFS= read -r name; do
      printf '[filter "%s"]\\n\\tclean =\\n\\tsmudge =\\n\\tprocess =\\n\\trequired = false\\n' "$name"
    done > "$b/filters"
}

quiet_git() {
  git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.untrackedCache=false -c core.safecrlf=false -c core.splitIndex=false \\
    -c core.ignoreStat=false -c core.sparseCheckout=false -c core.sparseCheckoutCone=false -c advice.addEmbeddedRepo=false "$@"
}

plain_git() { quiet_git -c include.path="$b/filters" "$@"; }

# Files that are there although the index says not to look: a sparse checkout, or what a person told git to leave alone.
show_hidden() {
  # In lines, with a newline in a name as another character.
  quiet_git ls-files -v -z | tr '\\n\\000' '\\001\\n' | sed -n 's/^[a-zS] //p' | while IFS= read -r name; do
    case "$name" in *"$one"*) real=$(printf %s/ "$name" | tr '\\001' '\\n') real=\${real%/} ;; *) real=$name ;; esac
    if [ -e "$real" ] || [ -h "$real" ]; then printf '%s\\n' "$name"; fi
  done | tr '\\001\\n' '\\n\\000' > "$b/hidden"
  if [ ! -s "$b/hidden" ]; then return; fi
  plain_git update-index -z --no-assume-unchanged --stdin < "$b/hidden" && plain_git update-index -z --no-skip-worktree --stdin < "$b/hidden"
}

# Git's index, to go on from in a file of our own. Its time says which files git reads again: those of the same second.
own_index() {
  GIT_INDEX_FILE=$1
  export GIT_INDEX_FILE
  rm -f "$1" "$1.lock"
  without_filters
  if [ -z "$index" ] || [ ! -f "$index" ]; then return; fi
  cp -p "$index" "$1" && show_hidden || return 1
  # With filters, where they can run: else what they made would differ as soon as it is read again.
  quiet_git update-index -q --refresh >/dev/null 2>&1
  return 0
}

# Puts all files into the index that the environment names.
add_files() {
  plain_git add -A --ignore-errors . 2> "$b/added" >/dev/null
  code=$?
  # It complains where a repository inside has no commit yet: that one is asked by itself.
  grep -e '^error' -e '^fatal' "$b/added" | grep -v 'have a commit checked out$' | sort -u > "$b/complaints"
  if [ $code = 0 ] || grep -q '^fatal' "$b/added"; then return; fi
  if [ $code != 1 ] || ! grep -q '^error' "$b/added"; then echo "fatal: git add ended with $code" >> "$b/complaints"; fi
}

# What could not be read before either is no work, unless git gave up on all the rest as well.
complained() {
  grep '^fatal' "$b/complaints"
  added "$b/complaints.first" "$b/complaints" | grep -v '^fatal'
}

tree() (
  own_objects
  own_index "$b/index" 2> "$b/errors" || failed 'it cannot be read'
  add_files
  plain_git write-tree 2> "$b/errors" || failed 'it cannot be read'
)

# Names of what differs between two trees, without the repositories inside.
between() (
  own_objects
  git diff-tree -r --raw --no-renames "$1" "$2" > "$b/raw" 2> "$b/errors" || failed 'it cannot be compared'
  sed -e '/^:000000 160000/d' -e '/^:160000 000000/d' -e '/^:160000 160000/d' "$b/raw" | cut -f 2- | sort -u
)

# What is staged and lies neither in a file nor in the last commit.
staged() (
  own_objects
  last=$(git rev-parse -q --verify 'HEAD^{tree}') || last=$(git hash-object -t tree /dev/null)
  { git ls-tree -r "$1" > "$b/here" && git diff-index --cached --raw --no-abbrev --no-renames "$last" > "$b/raw"; } 2> "$b/errors" ||
    failed 'what is staged cannot be read'
  while read -r _ mode _ blob rest; do
    case "$mode $blob" in 160000* | *' 0000000'*) continue ;; esac
    grep -q -F " $blob" "$b/here" || echo "$blob $rest"
  done < "$b/raw" | sort -u
)

# Lines that both have, and lines that only the second has.
common() { sort "$1" "$2" | uniq -d; }
added() { sort "$1" "$1" "$2" | uniq -u; }

heads() {
  git for-each-ref --format='%(objectname)' refs/heads refs/stash refs/tags
  git rev-parse -q --verify HEAD
  git rev-list -g refs/stash -- 2>/dev/null
  for other in "$(git rev-parse --git-path worktrees)"/*/HEAD; do
    if [ -f "$other" ]; then git rev-parse -q --verify "$(cat "$other")"; fi
  done
}

listing() {
  {
    find . -name .git -prune -o -type f -exec $sum {} +
    find ./.git/refs ./.git/packed-refs -type f -exec $sum {} + 2>/dev/null
    find . -name .git -prune -o -type l -exec ls -ld {} + | sed 's/^.* \\.\\//0 0 .\\//'
  } | sort
}
`;

// A unit is compared as what it was when the baseline was taken, also when it has become a repository since.
const unitFunctions = `
take() {
  kind=$(kind_of)
  case $kind in
    folder) git init --quiet --bare --template= "$b/shadow" && tree > "$b/tree" ;;
    # Refreshed, as after a checkout, so that git needs to read each file only once.
    repository) (umask 022; git update-index -q --refresh >/dev/null 2>&1); tree > "$b/tree" ;;
    listing) listing > "$b/tree" ;;
  esac || exit 1
  if [ -f "$b/complaints" ]; then mv "$b/complaints" "$b/complaints.first"; fi
  case $kind in repository | bare) heads | sort -u > "$b/heads" ;; esac
  if [ "$kind" = repository ]; then staged "$(cat "$b/tree")" > "$b/staged"; fi
  if [ -f "$b/failed" ]; then cat "$b/failed" >&2; exit 1; fi
  echo "$kind" > "$b/kind"
}

begin() {
  rm -f "$b/failed"
  known=
  if [ -f "$b/kind" ]; then kind=$(cat "$b/kind") known=yes; else kind=$(kind_of); fi
  if [ "$kind" != listing ] && ! has_git; then
    echo 'git is not there any more: nothing can be compared'
    exit
  fi
  touch "$b/heads" "$b/staged" "$b/complaints" "$b/complaints.first" "$b/errors"
}

compare() {
  begin
  case $kind in
    listing) compare_listing ;;
    folder) if [ -n "$known" ]; then compare_files; fi ;;
    repository) compare_files ;;
  esac
  if [ "$kind" != listing ]; then
    case "$(kind_of)" in repository | bare) compare_commits ;; esac
    complained
  fi
  if [ -f "$b/failed" ]; then cat "$b/failed"; fi
}

compare_listing() {
  [ -f "$b/tree" ] || echo 'never compared'
  listing > "$b/tree.now"
  sort "$b/tree" "$b/tree.now" | uniq -u | sed 's/^[0-9a-f]*  *[0-9]* *\\.\\///' | sort -u
}

compare_files() {
  now=$(tree)
  empty=$(git hash-object -t tree /dev/null)
  committed=$(git rev-parse -q --verify 'HEAD^{tree}' 2>/dev/null) || committed=$empty
  if [ "$kind" = folder ]; then
    between "$(cat "$b/tree")" "$now"
    return
  fi
  between "$committed" "$now" > "$b/uncommitted"
  if [ -n "$known" ]; then
    between "$(cat "$b/tree")" "$now" > "$b/since"
    common "$b/since" "$b/uncommitted"
  else
    cat "$b/uncommitted"
  fi
  staged "$now" > "$b/staged.now"
  added "$b/staged" "$b/staged.now" | while read -r _ _ name; do echo "$name (staged)"; done
}

compare_commits() {
  { heads 2>/dev/null; sed 's/^/^/' "$b/heads"; } > "$b/range"
  git rev-list --ignore-missing --max-count=100 --stdin --not --remotes < "$b/range" > "$b/new" 2> "$b/errors" || failed 'commits cannot be compared'
  while read -r commit; do git log -1 --format='commit %h %s' "$commit"; done < "$b/new"
}

key_of() { printf %s "$1" | $sum | tr ' ' -; }

unit() (
  place=$(cd "$1" && pwd -P) || exit 1
  cd "$place" || exit 1
  b="$s/baseline/$(key_of "$place")"
  mkdir -p "$b" || exit 1
  "$2"
)

ignored() (
  name=\${1##*/}
  cd "$1/.." || exit 1
  git check-ignore -q -- "./$name" 2>/dev/null
  case $? in
    0) exit 0 ;;
    1) exit 1 ;;
  esac
  # In no repository: the workspace is a folder with ignored files of its own.
  root="$s/baseline/$(key_of "$(cd "$w" && pwd -P)")/shadow"
  [ -d "$root" ] && GIT_DIR=$root GIT_WORK_TREE=$w git check-ignore -q -- "./$name" 2>/dev/null
)
`;

/**
What scripts that compare with the baseline have in common: the workspace in `w`, the state folder in `s`, and functions that act on a unit
(`unit PLACE FUNCTION`), one repository or the workspace itself, whose baseline lies in `b`.
*/
export const workFunctions = ({workspace, stateFolder}: Pick<StepContext, 'workspace' | 'stateFolder'>): string => `
w=${quote(workspace)}
s=${quote(stateFolder)}
umask 077
LC_ALL=C
export LC_ALL
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_NAMESPACE
one=$(printf '\\001')
has_git() { command -v git >/dev/null 2>&1; }

for sum in cksum md5sum sha256sum ''; do command -v "$sum" >/dev/null 2>&1 && break; done
${treeFunctions}${unitFunctions}`;

/**
The script that tells whether there is work in the environment that exists nowhere else, compared with a baseline that it has taken itself
(`work-check baseline`). Files are compared by content, in a tree that git makes of all that is not ignored; one counts when it is neither
as it was nor as it is committed, and a commit counts unless it was there before or has been pushed. Each repository inside is asked the
same. Without git, all files are compared by their checksums. Writes `changed` or `clean` to `STATE/work`, prints what changed, and ends
with `changedCode` or 0.
*/
export const workCheckScript = (
	context: Pick<StepContext, 'workspace' | 'stateFolder'>,
): string => `#!/bin/sh${workFunctions(context)}
# Nothing may be called clean that was not compared.
give_up() {
  echo "$1"
  echo changed > "$s/work"
  exit ${changedCode}
}

cd "$w" || exit 1

# Called by find: the repositories inside, as ./NAME/.git
if [ "$1" = inside ]; then
  act=$2
  shift 2
  for found do
    place=\${found%/.git}
    if ! ignored "$place"; then
      { unit "$place" "$act" || echo 'cannot be compared'; } | while IFS= read -r line; do printf '%s/%s\\n' "\${place#./}" "$line"; done
    fi
  done
  exit
fi

inside() {
  if has_git; then find . -mindepth 2 -name .git -prune -exec sh "$s/work-check" inside "$1" {} +; fi
  # A folder that may not be opened is none of the person's.
  return 0
}

missing=
for tool in "\${sum:-cksum}" cat cut find grep head mv rm sed sort touch tr uniq; do
  command -v "$tool" >/dev/null 2>&1 || missing=$tool
done

if [ "$1" = baseline ]; then
  rm -rf "$s/baseline" "$s/work"
  mkdir -p "$s/baseline" || exit 1
  # Later it is told as changed, then.
  [ -z "$missing" ] || exit 0
  unit . take && { inside take; touch "$s/baseline/taken"; }
  exit
fi

rm -f "$s/work"
[ -z "$missing" ] || give_up "$missing is missing: the workspace cannot be compared"
[ -f "$s/baseline/taken" ] || give_up 'the workspace was never compared'
{ unit . compare && inside compare && echo compared; } > "$s/baseline/answer"
[ "$(sed -n '$p' "$s/baseline/answer")" = compared ] || give_up 'the workspace cannot be compared'
sed '$d' "$s/baseline/answer" > "$s/baseline/told"
head -n 200 "$s/baseline/told"
if [ -s "$s/baseline/told" ]; then
  echo changed > "$s/work"
  exit ${changedCode}
fi
echo clean > "$s/work"
`;
