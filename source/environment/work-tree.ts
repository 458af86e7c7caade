/**
Shell functions that make a git tree of the repository or folder in `place` as its files are, and compare two. Objects are kept in `p`, and the
git folder of what is no repository is `own_git`; files of one run alone lie in `b`. The repository itself is only read.
*/
export const treeFunctions = `
kind_of() {
  if ! has_git; then echo listing
  elif [ "$(git rev-parse --is-bare-repository 2>/dev/null)" = true ]; then echo bare
  elif top=$(git rev-parse --show-toplevel 2>/dev/null) && [ "$(cd "$top" && pwd -P)" = "$(pwd -P)" ]; then echo repository
  else echo folder; fi
}

own_objects() {
  if [ "$kind" = folder ]; then
    objects="$own_git/objects" index=
    GIT_DIR=$own_git GIT_WORK_TREE=$place
    export GIT_DIR GIT_WORK_TREE
  else
    objects=$(cd "$(git rev-parse --git-path objects)" && pwd) index=$(git rev-parse --git-path index)
  fi
  case "$objects" in *:*) objects="\\"$objects\\"" ;; esac
  mkdir -p "$p/objects"
  GIT_OBJECT_DIRECTORY="$p/objects" GIT_ALTERNATE_OBJECT_DIRECTORIES=$objects
  export GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
}

# What went wrong; as long as that is not known to be harmless, the answer is not 'clean'.
failed() { printf '%s: %s\\n' "$1" "$(head -n 1 "$b/errors")" >> "$b/failed"; }

# As it is in the files: a filter of the person's may be missing here, and one that fails would hide everything.
without_filters() {
  git config -z --get-regexp '^filter\\.' | tr '\\n\\000' '\\001\\n' | switch_off > "$b/filters"
  if [ "$vouched" = true ]; then return; fi
  if git config --show-scope -z --get-regexp '^(filter|lfs)\\.' 2>/dev/null | tr '\\n\\000' '\\001\\n' > "$b/scopes" &&
    ! own_settings | grep -q '^lfs\\.'; then
    own_settings | switch_off > "$b/filters.own"
  else
    cp "$b/filters" "$b/filters.own"
  fi
}

# Lines that begin with the name of a setting.
switch_off() {
  cut -d "$one" -f 1 | sed -n 's/^filter\\.\\(.*\\)\\.[^.]*$/\\1/p' | sort -u | sed 's/["\\\\]/\\\\&/g' | while IFS= read -r name; do
    printf '[filter "%s"]\\n\\tclean =\\n\\tsmudge =\\n\\tprocess =\\n\\trequired = false\\n' "$name"
  done
}

# Of the repository's own settings: what is told after another scope than the system's and the person's.
own_settings() {
  while IFS= read -r scope && IFS= read -r setting; do
    case $scope in system | global) ;; *) printf '%s\\n' "$setting" ;; esac
  done < "$b/scopes"
}

# Makes an index know its files again, by filters where they can run and may: a stranger's do not on the person's own machine.
refresh() {
  if [ "$vouched" = true ]; then set -- "$@" update-index; else set -- "$@" -c include.path="$b/filters.own" update-index; fi
  "$@" -q --refresh >/dev/null 2>&1
}

quiet_git() {
  git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.untrackedCache=false -c core.safecrlf=false -c core.splitIndex=false \\
    -c core.ignoreStat=false -c core.sparseCheckout=false -c core.sparseCheckoutCone=false -c advice.addEmbeddedRepo=false "$@"
}

plain_git() { quiet_git -c include.path="$b/filters" "$@"; }

# In lines, a newline in a name is another character.
real_name() { printf %s "$1" | tr '\\001' '\\n'; }

# Files that are there although the index says not to look: a sparse checkout, or what a person told git to leave alone.
show_hidden() {
  quiet_git ls-files -v -z | tr '\\n\\000' '\\001\\n' | sed -n 's/^[a-zS] //p' | while IFS= read -r name; do
    real=$(real_name "$name")
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
  refresh quiet_git
  return 0
}

# Untracked files of more than 64 MB, each after what its last change was: they are not read, which would take their space once more.
heavy() {
  find . -name .git -prune -o -type f -size +131072 -print0 2>/dev/null | tr '\\n\\000' '\\001\\n' | while IFS= read -r name; do
    real=$(real_name "$name")
    untracked=$(git --literal-pathspecs ls-files -z --others --exclude-standard -- "$real" 2>/dev/null | tr -d '\\000')
    if [ "./$untracked" = "$real" ]; then
      echo "$({ TZ=UTC0 stat -c '%s %y %z' -- "$real" 2>/dev/null || $sum < "$real"; } | tr -d ' ') $name"
    fi
  done | sort
}

heavy_names() { cut -d ' ' -f 2- | sed 's/^\\.\\///' | tr '\\001' ' ' | sort -u; }

# Puts all files into the index that the environment names, but those that a list of heavy ones has.
add_files() {
  list=$1
  set -- .
  while read -r _ name; do
    real=$(real_name "$name")
    set -- "$@" ":(exclude,literal)\${real#./}"
  done < "$list"
  plain_git add -A --ignore-errors -- "$@" 2> "$b/added" >/dev/null
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
  heavy > "$b/heavy.now"
  add_files "$b/heavy.now"
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
  left
}

# Where HEAD was on no branch, and went elsewhere. What was amended or reset is in its log too, but was given up on purpose.
left() {
  git log -g --format=%gs --max-count=1000 HEAD -- 2>/dev/null | sed -n 's/^checkout: moving from \\([0-9a-f]\\{40,64\\}\\) to .*/\\1/p' | sort -u
}

# Whether a remote is a folder that ends together with the environment.
ends_here() {
  case "$1" in
    file://*) folder=\${1#file://} ;;
    *://*) return 1 ;;
    *) folder=$1 ;;
  esac
  # As git tells HOST:PATH from a path.
  case "$1" in *:*) case "\${1%%:*}" in file | */*) ;; *) return 1 ;; esac ;; esac
  if [ "$isolated" = true ]; then return 0; fi
  folder=$(cd -- "$folder" 2>/dev/null && pwd -P) || return 0
  case "$folder/" in "$(cd "$w" && pwd -P)"/* | "$(cd "$s" && pwd -P)"/*) return 0 ;; esac
  return 1
}

remotes_here() {
  git config -z --get-regexp '^remote\\..*\\.(push)?url$' | tr '\\n\\000' '\\001\\n' | while IFS= read -r line; do
    name=\${line%%"$one"*} name=\${name#remote.}
    if ends_here "\${line#*"$one"}"; then printf '%s\\n' "\${name%.*}"; fi
  done
}

# Commits that other machines have too, each after a ^.
elsewhere() {
  git for-each-ref --format='^%(objectname) %(refname)' refs/remotes > "$b/remotes"
  remotes_here | while IFS= read -r name; do git for-each-ref --format='^%(objectname) %(refname)' "refs/remotes/$name"; done | sort -u > "$b/remotes.here"
  added "$b/remotes.here" "$b/remotes" | cut -d ' ' -f 1
  # A clone of one tag has no other trace of where it came from.
  sed -n '1s/^[0-9a-f]* \\([0-9a-f]*\\) .*clone: from \\(.*\\)$/\\1 \\2/p' "$(git rev-parse --git-path logs/HEAD)" 2>/dev/null | while read -r commit url; do
    if ! ends_here "$url"; then echo "^$commit"; fi
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
