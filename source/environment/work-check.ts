import {quote} from '../system/shell.js';
import type {StepContext} from './step.js';
import {treeFunctions} from './work-tree.js';

/** The exit code that says there is work. */
export const changedCode = 10;

/** Minutes after which a check that was broken off has left its folder for good. */
const leftAfter = 1440;

// A unit is compared as what it was when the baseline was taken, also when it has become a repository since.
const unitFunctions = `
take() {
  kind=$(kind_of)
  case $kind in
    folder) git init --quiet --bare --template= "$own_git" && tree > "$b/tree" ;;
    # Refreshed, as after a checkout, so that git needs to read each file only once.
    repository) without_filters; (umask 022; refresh git); tree > "$b/tree" ;;
    listing) listing > "$b/tree" ;;
  esac || exit 1
  if [ -f "$b/complaints" ]; then mv "$b/complaints" "$b/complaints.first" && mv "$b/heavy.now" "$b/heavy"; fi
  case $kind in repository | bare) all_heads > "$b/heads" && note_common ;; esac
  if [ "$kind" = repository ]; then staged "$(cat "$b/tree")" > "$b/staged"; fi
  if [ -f "$b/failed" ]; then cat "$b/failed" >&2; exit 1; fi
  echo "$kind" > "$b/kind"
}

# What a remote had at the start was not made here.
all_heads() { { heads; git for-each-ref --format='%(objectname)' refs/remotes; } | sort -u; }

common_dir() ( cd "$(git rev-parse --git-common-dir 2>/dev/null)" 2>/dev/null && pwd -P )

# For working trees of the same repository that come later: its commits are not new in them.
note_common() {
  common=$(common_dir) || return 0
  mkdir -p "$s/baseline/commons" && cat "$b/heads" >> "$s/baseline/commons/$(key_of "$common")"
}

use_common() {
  common=$(common_dir) || return 0
  common="$s/baseline/commons/$(key_of "$common")"
  if [ -f "$common" ]; then sort -u "$common" > "$b/heads"; fi
}

begin() {
  rm -f "$b/failed"
  known=
  if [ -f "$b/kind" ]; then kind=$(cat "$b/kind") known=yes; else kind=$(kind_of); fi
  if [ "$kind" != listing ] && ! has_git; then
    echo 'git is not there any more: nothing can be compared'
    exit
  fi
  if [ -z "$known" ]; then
    case $kind in repository | bare) use_common ;; esac
  fi
  touch "$b/heads" "$b/staged" "$b/complaints" "$b/complaints.first" "$b/errors" "$b/heavy" "$b/heavy.now"
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
  mark
}

# All that there is, in words that are the same for as long as nothing changes.
mark() {
  {
    printf '%s\\n' "$place" "$kind"
    for each in now tree.now staged.now heavy.now heads.now; do
      if [ -f "$b/$each" ]; then echo "$each" && sort -u "$b/$each"; fi
    done
  } >> "$x/marks"
}

compare_listing() {
  [ -f "$b/tree" ] || echo 'never compared'
  listing > "$b/tree.now"
  sort "$b/tree" "$b/tree.now" | uniq -u | sed 's/^[0-9a-f]*  *[0-9]* *\\.\\///' | sort -u
}

compare_files() {
  now=$(tree)
  echo "$now" > "$b/now"
  empty=$(git hash-object -t tree /dev/null)
  committed=$(git rev-parse -q --verify 'HEAD^{tree}' 2>/dev/null) || committed=$empty
  if [ "$kind" = folder ]; then
    { between "$(cat "$b/tree")" "$now"; sort "$b/heavy" "$b/heavy.now" | uniq -u | heavy_names; } | sort -u
    return
  fi
  between "$committed" "$now" > "$b/uncommitted"
  if [ -n "$known" ]; then
    between "$(cat "$b/tree")" "$now" > "$b/since"
    common "$b/since" "$b/uncommitted"
  else
    cat "$b/uncommitted"
  fi
  added "$b/heavy" "$b/heavy.now" | heavy_names
  staged "$now" > "$b/staged.now"
  added "$b/staged" "$b/staged.now" | while read -r _ _ name; do echo "$name (staged)"; done
}

compare_commits() {
  heads 2>/dev/null > "$b/heads.now"
  { cat "$b/heads.now"; sed 's/^/^/' "$b/heads"; elsewhere; } > "$b/range"
  git rev-list --ignore-missing --max-count=100 --stdin < "$b/range" > "$b/new" 2> "$b/errors" || failed 'commits cannot be compared'
  while read -r commit; do git log -1 --format='commit %h %s' "$commit"; done < "$b/new"
}

key_of() { printf %s "$1" | $sum | tr ' ' -; }

# Who compares has files of its own: another may compare at the same time.
own_copy() {
  b="$x/\${p##*/}"
  mkdir -p "$b" || exit 1
  if [ ! -d "$own_git" ]; then own_git="$b/shadow"; fi
  for each in kind tree heads staged heavy complaints.first; do
    if [ -f "$p/$each" ]; then cat "$p/$each" > "$b/$each" || exit 1; fi
  done
}

unit() (
  place=$(cd "$1" && pwd -P) || exit 1
  cd "$place" || exit 1
  p="$s/baseline/$(key_of "$place")"
  mkdir -p "$p" || exit 1
  b=$p own_git="$p/shadow"
  if [ -n "$x" ]; then own_copy; fi
  "$2"
)

# Working trees of this repository outside of the workspace, one a line.
outside() {
  case "$(kind_of)" in repository | bare) ;; *) return 0 ;; esac
  common=$(common_dir) || return 0
  top=$(cd "$w" && pwd -P)
  for each in "$common"/worktrees/*/gitdir; do
    if [ ! -f "$each" ]; then continue; fi
    IFS= read -r tree < "$each"
    case "$tree" in /*) ;; *) tree="\${each%/*}/$tree" ;; esac
    tree=$(cd "\${tree%/.git}" 2>/dev/null && pwd -P) || continue
    case "$tree/" in "$top"/*) continue ;; esac
    # Another repository may have come to lie there.
    if [ "$(cd "$tree" && common_dir)" = "$common" ]; then printf '%s\\n' "$tree"; fi
  done
}
`;

/**
On the user's machine, none of the commands runs that the settings of a repository name whom they did not vouch for. An instance is a place of
its own, where git does what these say.
*/
const quietSettings = `n=0
set_quiet() {
  eval "GIT_CONFIG_KEY_$n=\\$1 GIT_CONFIG_VALUE_$n=\\$2"
  export "GIT_CONFIG_KEY_$n" "GIT_CONFIG_VALUE_$n"
  n=$((n + 1))
}
${[
	['core.fsmonitor', 'false'],
	['core.hooksPath', '/dev/null'],
	['core.pager', 'cat'],
	['core.sshCommand', 'ssh'],
	['credential.helper', ''],
	['core.askPass', ''],
	['log.showSignature', 'false'],
]
	.map(([name, value]) => `set_quiet ${name} ${quote(value ?? '')}`)
	.join('\n')}
GIT_CONFIG_COUNT=$n GIT_ALLOW_PROTOCOL=file:http:https:ssh GIT_NO_LAZY_FETCH=1 GIT_TERMINAL_PROMPT=0
export GIT_CONFIG_COUNT GIT_ALLOW_PROTOCOL GIT_NO_LAZY_FETCH GIT_TERMINAL_PROMPT`;

/** What the scripts know of an environment; where it is not `isolated`, folders outside of it stay. */
export type WorkCheckPaths = Pick<StepContext, 'workspace' | 'stateFolder' | 'isolated' | 'trusted'>;

/**
What scripts that compare with the baseline have in common: the workspace in `w`, the state folder in `s`, and functions that act on a unit
(`unit PLACE FUNCTION`), one repository or the workspace itself, whose baseline lies in `p`. Where `x` names a folder, what is written
meanwhile lies in `b` below that, else beside the baseline.
*/
export const workFunctions = ({workspace, stateFolder, isolated, trusted = false}: WorkCheckPaths): string => `
w=${quote(workspace)}
s=${quote(stateFolder)}
isolated=${isolated}
x=
vouched=${isolated || trusted}
umask 077
LC_ALL=C
export LC_ALL
unset CDPATH GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_NAMESPACE
${isolated || trusted ? '' : quietSettings}
one=$(printf '\\001')
has_git() { command -v git >/dev/null 2>&1; }

for sum in cksum md5sum sha256sum ''; do command -v "$sum" >/dev/null 2>&1 && break; done
${treeFunctions}${unitFunctions}`;

/**
The script that reports whether there is work in the environment that exists nowhere else, compared with a baseline that it has taken itself
(`work-check baseline`). Files are compared by content, in a tree that git makes of all that is not ignored; one counts when it is neither
as it was nor as it is committed, and a commit counts unless it was there before or has been pushed to another machine. Each repository inside is asked the
same. Without git, all files are compared by their checksums. Writes `changed` or `clean` to `STATE/work`, prints what changed, and ends
with `changedCode` or 0. As `work-check marked` it says first by which two words what there is now, and what it reports of it, are recognised
(`- -` where that cannot be found out). Two at once do not meet: what each writes lies in a folder of its own.
*/
export const workCheckScript = (context: WorkCheckPaths): string => `#!/bin/sh${workFunctions(context)}
asked=$1 y="$s/baseline"

# Nothing may be called clean that was not compared.
give_up() {
  if [ "$asked" = marked ]; then echo '- -'; fi
  echo "$1"
  echo changed > "$s/work"
  exit ${changedCode}
}

cd "$w" || exit 1

ask() {
  { unit "$1" "$act" || echo 'cannot be compared'; } | while IFS= read -r line; do printf '%s/%s\\n' "\${1#./}" "$line"; done
  unit "$1" outside >> "$y/outside"
}

# Called by find: the repositories inside, as ./NAME/.git
if [ "$1" = inside ]; then
  act=$2 x=$3
  y=\${x:-$s/baseline}
  shift 3
  for found do
    ask "\${found%/.git}"
  done
  exit
fi

# Ignored ones too: a working tree beside others often is, and what setup has fetched is known from the start.
all_others() {
  act=$1
  if ! has_git; then return 0; fi
  unit . outside > "$y/outside"
  find . -mindepth 2 -name .git -prune -exec sh "$s/work-check" inside "$act" "$x" {} +
  sort -u "$y/outside" > "$y/outside.all"
  while IFS= read -r tree; do ask "$tree"; done < "$y/outside.all"
  # A folder that may not be opened is none of the person's.
  return 0
}

missing=
for tool in "\${sum:-cksum}" cat cut find grep head mkdir mv rm sed sort touch tr uniq; do
  command -v "$tool" >/dev/null 2>&1 || missing=$tool
done

if [ "$1" = baseline ]; then
  rm -rf "$s/baseline" "$s/work"
  mkdir -p "$s/baseline" || exit 1
  # Later it is told as changed, then.
  [ -z "$missing" ] || exit 0
  unit . take && { all_others take; touch "$s/baseline/taken"; }
  exit
fi

rm -f "$s/work"
[ -z "$missing" ] || give_up "$missing is missing: the workspace cannot be compared"
[ -f "$s/baseline/taken" ] || give_up 'the workspace was never compared'
find "$s"/checking-* -prune -mmin +${leftAfter} -exec rm -rf {} + 2>/dev/null
number=0
until mkdir "$s/checking-$$-$number" 2>/dev/null; do
  number=$((number + 1))
  [ $number -lt 100 ] || give_up 'nothing can be written there'
done
x="$s/checking-$$-$number" y="$s/checking-$$-$number"
trap 'rm -rf "$x"' EXIT
trap 'exit 1' HUP INT TERM
{ unit . compare && all_others compare && echo compared; } > "$x/answer"
[ "$(sed -n '$p' "$x/answer")" = compared ] || give_up 'the workspace cannot be compared'
sed '$d' "$x/answer" > "$x/told"
digest() { if has_git; then git hash-object --stdin; else $sum | tr ' ' -; fi; }
if [ "$asked" = marked ]; then echo "$(digest < "$x/marks") $(digest < "$x/told")"; fi
head -n 200 "$x/told"
if [ -s "$x/told" ]; then
  echo changed > "$s/work"
  exit ${changedCode}
fi
echo clean > "$s/work"
`;
