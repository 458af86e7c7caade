import {workFunctions, type WorkCheckPaths} from '../work-check.js';
import {snapshotFunctions} from './snapshot.js';

/** So many commits that are known on the other side are enough to build upon. */
const mostKnown = 2000;
/** Minutes after which nobody goes on with a session. */
const leftAfter = 1440;
/** So many lines of the check are compared: it reports no more. */
const mostListed = 200;

const historyFunctions = `
# Whatever may hold commits, with the name under which it goes home.
candidates() {
  git for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags | sed 's/^\\([0-9a-f]*\\) refs\\//\\1 refs\\/home\\//'
  git rev-list -g refs/stash -- 2>/dev/null | number refs/home/stash/
  git symbolic-ref -q HEAD >/dev/null || git rev-parse -q --verify HEAD | number refs/home/detached/
  for other in "$(git rev-parse --git-path worktrees)"/*/HEAD; do
    if [ -f "$other" ]; then git rev-parse -q --verify "$(cat "$other")"; fi
  done | number refs/home/worktree/
  left | while read -r sha; do
    if [ -n "$(git rev-list --max-count=1 "$sha" --not --branches --tags HEAD --)" ]; then echo "$sha"; fi
  done | number refs/home/left/
  for name in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD; do
    file=$(git rev-parse --git-path "$name")
    if [ -f "$file" ]; then number "refs/home/merge/$name-" < "$file"; fi
  done
}

number() {
  n=0
  while read -r sha; do echo "$sha $1$n"; n=$((n + 1)); done
}

# Whether there are commits in it that were not there at the start and are on no remote.
is_new() {
  if grep -q -x "$1" "$b/heads"; then return 1; fi
  new=$({ echo "$1"; sed 's/^/^/' "$b/heads"; cat "$h/elsewhere"; } | git rev-list --ignore-missing --max-count=1 --stdin 2> "$b/errors") ||
    failed 'commits cannot be compared'
  [ -n "$new" ]
}

beyond() { home "$@" --glob=refs/home --not $(cat "$h/known"); }

bytes_of_history() {
  if ! command -v awk >/dev/null 2>&1; then echo 0; return; fi
  beyond rev-list --objects | cut -d ' ' -f 1 | home cat-file --batch-check='%(objectsize:disk)' | awk '{s += $1} END {printf "%.0f\\n", s}'
}
`;

const unitFunctions = `
tell_unit() {
  h="$session/$(key_of "$place")"
  mkdir -p "$h" && printf %s "$place" > "$h/place" || return 1
  common= format=
  case $(kind_of) in repository | bare)
    common=$(cd "$(git rev-parse --git-common-dir)" && pwd -P) || return 1
    format=$(git rev-parse --show-object-format 2>/dev/null) ;;
  esac
  tell "$word" "\${h##*/}" "$relative" "$common" "$format"
}

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

# There may be many that nobody worked in.
has_work() { [ -n "$(unit "$1" compare || echo failed)" ]; }

tell_outside() {
  word=outside
  sort -u "$session/outside" > "$session/outside.all"
  while IFS= read -r relative; do
    if has_work "$relative"; then unit "$relative" tell_unit || tell failed 'a working tree cannot be read'; fi
  done < "$session/outside.all"
}

# Makes everything ready to be fetched, and tells what that is. On standard input: commits that the other side has.
pack() {
  cat > "$h/haves"
  : > "$h/refs"; : > "$h/large"; : > "$h/notes"; : > "$h/known"; : > "$h/files"
  rm -f "$h/all" "$h/base"
  kind=$(cat "$b/kind" 2>/dev/null)
  if [ "\${kind:-listing}" != listing ] && ! has_git; then tell failed 'git is not there any more' end; return; fi
  begin
  shape=$(kind_of)
  case "$kind/$shape" in repository/folder | bare/folder)
    echo 'its history is not there any more: all files come instead' >> "$h/notes"
    kind=gone ;;
  esac
  case $kind in
    gone) ls -A > "$h/files" ;;
    listing) compare_listing > "$h/files" ;;
    folder) if [ -n "$known" ]; then compare_files > "$h/files"; else ls -A > "$h/files"; fi ;;
    repository) compare_files > "$h/files" ;;
  esac
  if [ "$kind" != listing ] && [ "$kind" != gone ]; then
    complained >> "$b/failed"
    pack_with_git
  fi
  { cat "$h/files"; if [ "$kind" != listing ]; then case $shape in repository | bare) compare_commits ;; esac; fi; } | head -n ${mostListed} | while IFS= read -r line; do tell seen "$line"; done
  if [ -s "$b/failed" ]; then sort -u "$b/failed" | while IFS= read -r line; do tell failed "$line"; done; fi
  while IFS= read -r line; do tell note "$line"; done < "$h/notes"
  if [ -s "$h/files" ]; then tell files "$(wc -l < "$h/files" | tr -d " ")"; fi
  if [ -f "$h/all" ] && [ "$(cat "$h/all")" != "$(cat "$h/base")" ]; then tell patch; fi
  tell end
}

pack_with_git() {
  if [ "$kind" = folder ] && [ ! -d "$own_git" ]; then git init --quiet --bare --template= "$own_git"; fi
  make_shadow 2> "$b/errors" || { failed 'nothing can be written there'; return; }
  last= base=$(empty_tree)
  if [ "$kind" = folder ]; then
    if [ -f "$b/tree" ]; then base=$(cat "$b/tree"); fi
  elif last=$(git rev-parse -q --verify HEAD); then
    base=$(git rev-parse "$last^{tree}")
  fi
  echo "$base" > "$h/base"
  if [ -s "$h/files" ]; then
    snapshot 2> "$b/errors" || { failed 'the files cannot be read'; return; }
    complained >> "$b/failed"
    if [ "$(cat "$h/all")" = "$base" ] && [ "$(cat "$h/staged")" = "$base" ]; then
      echo 'what was changed is not found again' >> "$b/failed"
    fi
    if [ "$kind" = repository ]; then
      top=$(commit_snapshot 2> "$b/errors") || { failed 'nothing can be written there'; return; }
      echo "$top refs/home/uncommitted/0" >> "$h/refs"
    fi
  fi
  case $shape in repository | bare) pack_commits ;; esac
  while read -r sha name; do tell ref "$sha" "$name"; done < "$h/refs"
}

pack_commits() {
  elsewhere > "$h/elsewhere"
  candidates 2>/dev/null > "$h/candidates"
  while read -r sha name; do
    if is_new "$sha"; then echo "$sha $name"; fi
  done < "$h/candidates" >> "$h/refs"
  sed 's/^\\([0-9a-f]*\\) \\(.*\\)$/create \\2 \\1/' "$h/refs" | home update-ref --stdin 2> "$b/errors" || { failed 'nothing can be written there'; return; }
  if [ "$mode" = remotes ]; then
    { sed 's/^.//' "$h/elsewhere"; cat "$b/heads"; } > "$h/haves"
  fi
  if [ "$mode" != none ]; then
    home cat-file --batch-check='%(objectname) %(objecttype)' < "$h/haves" | grep ' commit$' | cut -d ' ' -f 1 | head -n ${mostKnown} > "$h/known"
  fi
  tell known "$(wc -l < "$h/known" | tr -d ' ')"
  if [ -s "$h/refs" ] && [ -n "$(beyond rev-list --max-count=1)" ]; then
    tell history "$(bytes_of_history)"
  fi
  large_files > "$h/large"
  if [ -s "$h/large" ]; then tell large "$(large_bytes)"; fi
}

# Content that Git LFS keeps beside the objects, for what goes home and points to it.
large_files() {
  lfs="$(git rev-parse --git-common-dir)/lfs/objects"
  if [ ! -d "$lfs" ] || [ ! -s "$h/refs" ]; then return; fi
  beyond rev-list --objects | cut -d ' ' -f 1 | home cat-file --batch-check='%(objectname) %(objecttype) %(objectsize)' |
    while read -r sha type size; do if [ "$type" = blob ] && [ "$size" -lt 1024 ]; then echo "$sha"; fi; done |
    home cat-file --batch | sed -n 's/^oid sha256:\\([0-9a-f]\\{64\\}\\)$/\\1/p' | sort -u | while read -r oid; do
      file="$lfs/$(echo "$oid" | cut -c 1-2)/$(echo "$oid" | cut -c 3-4)/$oid"
      if [ -f "$file" ]; then echo "$oid $file"; fi
    done
}

large_bytes() {
  total=0
  while read -r _ file; do total=$((total + $(wc -c < "$file"))); done < "$h/large"
  echo "$total"
}

# Each after a line with its name and size.
large() {
  while read -r oid file; do
    echo "$oid $(wc -c < "$file" | tr -d ' ')" && cat "$file" || return 1
  done < "$h/large"
}

bundle() { beyond bundle create -; }

patch() {
  home diff-tree -p --binary --full-index --no-renames --no-ext-diff --no-textconv --no-color --src-prefix=a/ --dst-prefix=b/ "$(cat "$h/base")" "$(cat "$h/all")"
}

# The files that differ, as they are now, in an archive that is the same each time.
archive() {
  if [ ! -f "$h/all" ]; then archive_listing; return; fi
  all=$(cat "$h/all")
  GIT_INDEX_FILE="$h/index.changed"
  export GIT_INDEX_FILE
  rm -f "$GIT_INDEX_FILE"
  home -c core.quotePath=true diff-tree -r --raw --no-renames --no-abbrev "$(cat "$h/base")" "$all" |
    sed -n -e '/^:[0-7]* 160000/d' -e "s/^:[0-7]* \\([0-7]*\\) [0-9a-f]* \\([0-9a-f]*\\) [AMT]$tab/\\1 \\2$tab/p" | home update-index --index-info || return 1
  changed=$(home write-tree) || return 1
  moment=$(moment "archive $changed") && top=$(echo 'What was changed' | commit "$moment" "$changed") || return 1
  home archive --format=tar "$top"
}

# Names that a list of lines cannot carry: then all files come.
archive_listing() {
  if [ -f "$b/tree.now" ] && [ -z "$(find . -name .git -prune -o -name '*
*' -print)" ] && ! grep -q -e '\\\\' -e '[^ -~]' "$h/files"; then
    while IFS= read -r name; do
      for each in "$name" "\${name%% -> *}"; do
        if [ -e "$each" ] || [ -h "$each" ]; then printf './%s\\n' "$each"; break; fi
      done
    done < "$h/files" > "$h/names"
    tar -cf - -T "$h/names"
  else
    tar -cf - .
  fi
}
`;

/**
The script by which work comes home, asked over a link. Its first argument names the session: each has a folder of its own there, so that two
at once do not meet, and `close` takes it away. `units` lists the repositories in the workspace and, as `outside`, working trees of theirs
elsewhere; `pack KEY MODE` makes one ready and lists what it holds, `bundle KEY`, `patch KEY`, `archive KEY` and `large KEY` print it.
Answers are fields that each end with a NUL, the last of them `end`. MODE says on what the bundle builds: `given` on commits that are named
on standard input, `remotes` on what was there at the start and what remotes have, `none` on nothing.
*/
export const bringHomeScript = (context: WorkCheckPaths): string => `#!/bin/sh${workFunctions(context)}
${snapshotFunctions}${historyFunctions}${unitFunctions}
session="$s/home/session-$1" x="$s/home/session-$1/check"
act=$2
word=unit

if [ "$act" = close ]; then
  rm -rf "$session"
  exit
fi

cd "$w" && mkdir -p "$x" || exit 1

# Called by find: the repositories inside, as ./NAME/.git
if [ "$act" = inside ]; then
  shift 2
  for found do
    relative=\${found%/.git}
    relative=\${relative#./}
    if ! ignored "./$relative" || has_work "./$relative"; then
      unit "./$relative" tell_unit || tell failed 'a repository inside cannot be read'
    fi
    unit "./$relative" outside >> "$session/outside"
  done
  exit
fi

for tool in "\${sum:-cksum}" cat cp cut date find grep head mkdir rm sed sort tr uniq wc; do
  command -v "$tool" >/dev/null 2>&1 || { echo "$tool is missing there" >&2; exit 1; }
done

if [ "$act" = units ]; then
  # What one left that was broken off.
  find "$s"/home/session-* -prune -mmin +${leftAfter} -exec rm -rf {} + 2>/dev/null
  relative=
  unit . tell_unit || exit 1
  if has_git; then
    unit . outside > "$session/outside"
    find . -mindepth 2 -name .git -prune -exec sh "$s/bring-home" "$1" inside {} +
    tell_outside
  fi
  tell end
  exit 0
fi

h="$session/$3"
shadow="$h/shadow"
mode=$4
place=$(cat "$h/place"; echo /) || exit 1
unit "\${place%/}" "$act"
`;
