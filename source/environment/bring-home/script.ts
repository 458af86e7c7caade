import type {StepContext} from '../step.js';
import {workFunctions} from '../work-check.js';

/** So many commits that are known on the other side are enough to build upon. */
const mostKnown = 2000;

// A unit's own folder is `h`. What is made for the way home is written into the object folder of a repository there, `shadow`, that borrows
// from the unit's: the repository itself is only read.
const shadowFunctions = `
tab=$(printf '\\t')
home() { git --git-dir="$shadow" "$@"; }
tell() { printf '%s\\0' "$@"; }
empty_tree() { git hash-object -t tree /dev/null; }

make_shadow() {
  rm -rf "$shadow/refs" "$shadow/packed-refs"
  format=$(git rev-parse --show-object-format 2>/dev/null)
  case "$format" in sha256) format=--object-format=sha256 ;; *) format= ;; esac
  objects=
  case $shape in repository | bare) objects=$(cd "$(git rev-parse --git-path objects)" && pwd -P) || return 1 ;; esac
  git init --quiet --bare --template= $format "$shadow" >/dev/null && mkdir -p "$shadow/objects/info" "$shadow/info" || return 1
  for each in "$objects" "$b/objects" "$b/shadow/objects"; do
    if [ -n "$each" ] && [ -d "$each" ]; then printf '%s\\n' "$each"; fi
  done > "$shadow/objects/info/alternates"
  printf '* -export-ignore -export-subst\\n' > "$shadow/info/attributes"
  rm -f "$shadow/shallow"
  if [ -n "$objects" ] && [ -f "$(git rev-parse --git-path shallow)" ]; then cp "$(git rev-parse --git-path shallow)" "$shadow/shallow"; fi
}

# All files as they are, in the index that the environment names; of Git LFS their content, since only that is worth anything elsewhere.
add_all() {
  git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.safecrlf=false -c core.splitIndex=false -c advice.addEmbeddedRepo=false \\
    -c filter.lfs.clean= -c filter.lfs.smudge= -c filter.lfs.process= -c filter.lfs.required=false \\
    add -A --ignore-errors . >/dev/null 2>&1
  # Repositories inside come home by themselves.
  git -c core.quotePath=true diff-index --cached --raw --no-renames "$1" | grep '^:000000 160000' | cut -f 2- | git update-index --force-remove --stdin
  git write-tree
}

# The trees of what is not committed: of all files, and of what is staged.
snapshot() (
  index=
  if [ "$kind" = folder ]; then
    GIT_DIR="$b/shadow" GIT_WORK_TREE=$place
    export GIT_DIR GIT_WORK_TREE
  else
    index=$(git rev-parse --git-path index)
  fi
  GIT_OBJECT_DIRECTORY="$shadow/objects" GIT_INDEX_FILE="$h/index"
  export GIT_OBJECT_DIRECTORY GIT_INDEX_FILE
  rm -f "$h/index" "$h/index.lock"
  staged=$base
  if [ -n "$index" ] && [ -f "$index" ]; then
    cp "$index" "$h/index" || exit 1
    if [ -n "$(git ls-files -u | head -n 1)" ]; then
      echo 'files in conflict come as they are, with their markers' >> "$h/notes"
    else
      staged=$(git write-tree) || exit 1
    fi
  fi
  all=$(add_all "$base") || exit 1
  printf '%s\\n' "$staged" > "$h/staged"
  printf '%s\\n' "$all" > "$h/all"
)

commit() {
  GIT_AUTHOR_NAME=dstack-tui GIT_AUTHOR_EMAIL=dstack-tui@localhost GIT_COMMITTER_NAME=dstack-tui GIT_COMMITTER_EMAIL=dstack-tui@localhost \\
    git --git-dir="$shadow" commit-tree "$@"
}

# Shaped as git shapes a stash, so that it can be applied as one. The same work makes the same commit.
commit_snapshot() {
  all=$(cat "$h/all") staged=$(cat "$h/staged")
  made="$all $staged $last"
  if [ "$(sed -n 1p "$h/made" 2>/dev/null)" = "$made" ] && home cat-file -e "$(sed -n 2p "$h/made")" 2>/dev/null; then
    sed -n 2p "$h/made"
    return
  fi
  if [ -n "$last" ]; then
    below=$(echo 'What was staged' | commit "$staged" -p "$last") || return 1
    top=$(echo 'What was not committed' | commit "$all" -p "$last" -p "$below") || return 1
  else
    top=$(echo 'What was not committed' | commit "$all") || return 1
  fi
  printf '%s\\n' "$made" "$top" > "$h/made"
  echo "$top"
}

# Whatever may hold commits, with the name under which it goes home.
candidates() {
  git for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags | sed 's/^\\([0-9a-f]*\\) refs\\//\\1 refs\\/home\\//'
  git rev-list -g refs/stash -- 2>/dev/null | number refs/home/stash/
  git symbolic-ref -q HEAD >/dev/null || git rev-parse -q --verify HEAD | number refs/home/detached/
  for other in "$(git rev-parse --git-path worktrees)"/*/HEAD; do
    if [ -f "$other" ]; then git rev-parse -q --verify "$(cat "$other")"; fi
  done | number refs/home/worktree/
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
  new=$({ echo "$1"; sed 's/^/^/' "$b/heads"; } | git rev-list --ignore-missing --max-count=1 --stdin --not --remotes 2> "$b/errors") ||
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
  h="$s/home/$(key_of "$place")"
  mkdir -p "$h" && printf %s "$place" > "$h/place" || return 1
  common= format=
  case $(kind_of) in repository | bare)
    common=$(cd "$(git rev-parse --git-common-dir)" && pwd -P) || return 1
    format=$(git rev-parse --show-object-format 2>/dev/null) ;;
  esac
  tell unit "\${h##*/}" "$relative" "$common" "$format"
}

# Makes everything ready to be fetched, and tells what that is. On standard input: commits that the other side has.
pack() {
  cat > "$h/haves"
  : > "$h/refs"; : > "$h/notes"; : > "$h/known"; : > "$h/files"
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
    added "$b/complaints.first" "$b/complaints" >> "$b/failed"
    pack_with_git
  fi
  if [ -s "$b/failed" ]; then while IFS= read -r line; do tell failed "$line"; done < "$b/failed"; fi
  while IFS= read -r line; do tell note "$line"; done < "$h/notes"
  if [ -s "$h/files" ]; then tell files "$(wc -l < "$h/files" | tr -d " ")"; fi
  if [ -f "$h/all" ] && [ "$(cat "$h/all")" != "$(cat "$h/base")" ]; then tell patch; fi
  tell end
}

pack_with_git() {
  if [ "$kind" = folder ] && [ ! -d "$b/shadow" ]; then git init --quiet --bare --template= "$b/shadow"; fi
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
    if [ "$kind" = repository ]; then
      top=$(commit_snapshot 2> "$b/errors") || { failed 'nothing can be written there'; return; }
      echo "$top refs/home/uncommitted/0" >> "$h/refs"
    fi
  fi
  case $shape in repository | bare) pack_commits ;; esac
  while read -r sha name; do tell ref "$sha" "$name"; done < "$h/refs"
}

pack_commits() {
  candidates 2>/dev/null > "$h/candidates"
  while read -r sha name; do
    if is_new "$sha"; then echo "$sha $name"; fi
  done < "$h/candidates" >> "$h/refs"
  sed 's/^\\([0-9a-f]*\\) \\(.*\\)$/create \\2 \\1/' "$h/refs" | home update-ref --stdin 2> "$b/errors" || { failed 'nothing can be written there'; return; }
  if [ "$mode" = remotes ]; then
    { git for-each-ref --format='%(objectname)' refs/remotes; cat "$b/heads"; } > "$h/haves"
  fi
  if [ "$mode" != none ]; then
    home cat-file --batch-check='%(objectname) %(objecttype)' < "$h/haves" | grep ' commit$' | cut -d ' ' -f 1 | head -n ${mostKnown} > "$h/known"
  fi
  tell known "$(wc -l < "$h/known" | tr -d ' ')"
  if [ -s "$h/refs" ] && [ -n "$(beyond rev-list --max-count=1)" ]; then
    tell history "$(bytes_of_history)"
  fi
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
  if [ "$(sed -n 1p "$h/archived" 2>/dev/null)" != "$changed" ]; then
    top=$(echo 'What was changed' | commit "$changed") || return 1
    printf '%s\\n' "$changed" "$top" > "$h/archived"
  fi
  home archive --format=tar "$(sed -n 2p "$h/archived")"
}

# Names that a list of lines cannot carry: then all files come.
archive_listing() {
  if [ -f "$b/tree.now" ] && [ -z "$(find . -name .git -prune -o -name '*
*' -print)" ] && ! grep -q -e '\\\\' -e '[^ -~]' "$h/files"; then
    while IFS= read -r name; do
      if [ -e "$name" ] || [ -h "$name" ]; then printf './%s\\n' "$name"; fi
    done < "$h/files" > "$h/names"
    tar -cf - -T "$h/names"
  else
    tar -cf - .
  fi
}
`;

/**
The script by which work comes home, asked over a link: `units` tells the repositories in the workspace, `pack KEY MODE` makes one ready and
tells what it holds, `bundle KEY`, `patch KEY` and `archive KEY` print it. Answers are fields that each end with a NUL, the last of them
`end`. MODE says on what the bundle builds: `given` on commits that are named on standard input, `remotes` on what was there at the start and
what remotes have, `none` on nothing.
*/
export const bringHomeScript = (
	context: Pick<StepContext, 'workspace' | 'stateFolder'>,
): string => `#!/bin/sh${workFunctions(context)}
${shadowFunctions}${unitFunctions}
act=$1
cd "$w" || exit 1

# Called by find: the repositories inside, as ./NAME/.git
if [ "$act" = inside ]; then
  shift
  for found do
    relative=\${found%/.git}
    relative=\${relative#./}
    if ! ignored "./$relative"; then unit "./$relative" tell_unit || tell failed 'a repository inside cannot be read'; fi
  done
  exit
fi

for tool in "\${sum:-cksum}" cat cp cut find grep head mkdir rm sed sort tr uniq wc; do
  command -v "$tool" >/dev/null 2>&1 || { echo "$tool is missing there" >&2; exit 1; }
done

if [ "$act" = units ]; then
  relative=
  unit . tell_unit || exit 1
  if has_git; then find . -mindepth 2 -name .git -prune -exec sh "$s/bring-home" inside {} +; fi
  tell end
  exit 0
fi

h="$s/home/$2"
shadow="$h/shadow"
mode=$3
place=$(cat "$h/place"; echo /) || exit 1
unit "\${place%/}" "$act"
`;
