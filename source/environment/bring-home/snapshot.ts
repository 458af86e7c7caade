/**
Shell functions that make a commit of what is not committed. A unit's own folder is `h`. What is made for the way home is written into the
object folder of a repository there, `shadow`, that borrows from the unit's: the repository itself is only read.
*/
export const snapshotFunctions = `
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
  for each in "$objects" "$p/objects" "$own_git/objects"; do
    if [ -n "$each" ] && [ -d "$each" ]; then printf '%s\\n' "$each"; fi
  done > "$shadow/objects/info/alternates"
  printf '* -export-ignore -export-subst\\n' > "$shadow/info/attributes"
  rm -f "$shadow/shallow"
  if [ -n "$objects" ] && [ -f "$(git rev-parse --git-path shallow)" ]; then cp "$(git rev-parse --git-path shallow)" "$shadow/shallow"; fi
}

# All files as they are, in the index that the environment names.
all_files() {
  common "$b/heavy" "$b/heavy.now" > "$h/heavy"
  if [ -s "$h/heavy" ]; then echo "large files that were there from the start stay there: $(wc -l < "$h/heavy" | tr -d ' ')" >> "$h/notes"; fi
  add_files "$h/heavy"
  # Repositories inside come home by themselves.
  git -c core.quotePath=true diff-index --cached --raw --no-renames "$1" | grep '^:000000 160000' | cut -f 2- | plain_git update-index --force-remove --stdin
  plain_git write-tree
}

# The trees of what is not committed: of all files, and of what is staged.
snapshot() (
  index=
  if [ "$kind" = folder ]; then
    GIT_DIR=$own_git GIT_WORK_TREE=$place
    export GIT_DIR GIT_WORK_TREE
  else
    index=$(git rev-parse --git-path index)
  fi
  GIT_OBJECT_DIRECTORY="$shadow/objects"
  export GIT_OBJECT_DIRECTORY
  own_index "$h/index" || exit 1
  staged=$base
  if [ -f "$h/index" ]; then
    if [ -n "$(git ls-files -u | head -n 1)" ]; then
      echo 'files in conflict come as they are, with their markers' >> "$h/notes"
    else
      staged=$(plain_git write-tree) || exit 1
    fi
  fi
  all=$(all_files "$base") || exit 1
  printf '%s\\n' "$staged" > "$h/staged"
  printf '%s\\n' "$all" > "$h/all"
)

# The moment at which these words were first said: who comes later, or at the same time, makes the same commit of the same work.
moment() {
  mkdir -p "$s/home/moments" || return 1
  first="$s/home/moments/$(printf %s "$1" | git hash-object --stdin)"
  if [ ! -s "$first" ]; then
    date +%s > "$h/moment" || return 1
    ln "$h/moment" "$first" 2>/dev/null || [ -s "$first" ] || mv "$h/moment" "$first" || return 1
    rm -f "$h/moment"
  fi
  cat "$first"
}

# Of a tree, at a moment.
commit() {
  at="$1 +0000"
  shift
  GIT_AUTHOR_NAME=dstack-tui GIT_AUTHOR_EMAIL=dstack-tui@localhost GIT_COMMITTER_NAME=dstack-tui GIT_COMMITTER_EMAIL=dstack-tui@localhost \\
    GIT_AUTHOR_DATE=$at GIT_COMMITTER_DATE=$at git --git-dir="$shadow" commit-tree "$@"
}

# Shaped as git shapes a stash, so that it can be applied as one. The same work makes the same commit.
commit_snapshot() {
  all=$(cat "$h/all") staged=$(cat "$h/staged")
  moment=$(moment "$all $staged $last") || return 1
  if [ -n "$last" ]; then
    below=$(echo 'What was staged' | commit "$moment" "$staged" -p "$last") || return 1
    echo 'What was not committed' | commit "$moment" "$all" -p "$last" -p "$below"
  else
    echo 'What was not committed' | commit "$moment" "$all"
  fi
}
`;
