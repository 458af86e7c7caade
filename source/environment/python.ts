import {quote} from '../system/shell.js';

// `find_python` leaves in `python` the first that fits, and in `found` the versions that it has seen.
const functions = `version_of() {
  "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null
}

fits() {
  version=$(version_of "$1") || return 1
  case " $found " in *" $version "*) ;; *) found="$found $version" ;; esac
  case "$version" in "$want" | "$want".*) return 0 ;; esac
  return 1
}

try() {
  if [ -z "$python" ] && [ -n "$1" ] && [ -x "$1" ] && fits "$1"; then python=$1; fi
}

# Where pyenv keeps its versions; without PYENV_ROOT, where its program or one of its shims lies tells it.
pyenv_roots() {
  printf '%s\\n' "$PYENV_ROOT" "$HOME/.pyenv"
  for name in pyenv python3 python; do
    place=$(command -v "$name") || continue
    place=$(readlink -f "$place" 2>/dev/null || echo "$place")
    place=\${place%/*}
    echo "\${place%/*}"
  done
}

find_python() {
  python= found=
  try "$(command -v "python$minor")"
  for name in python3 python; do try "$(command -v "$name")"; done
  while IFS= read -r root; do
    [ -n "$root" ] && [ -d "$root/versions" ] || continue
    for folder in "$root"/versions/*; do try "$folder/bin/python"; done
  done <<ROOTS
$(pyenv_roots)
ROOTS
  if [ -z "$python" ] && command -v uv >/dev/null; then try "$(uv python find "$want" 2>/dev/null)"; fi
}

no_python() {
  for name in 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.13 3.14 3.15; do
    path=$(command -v "python$name") && fits "$path"
  done
  list=
  for version in $(printf '%s\\n' $found | sort -t . -k 1,1n -k 2,2n -k 3,3n); do list="\${list:+$list, }$version"; done
  way="install Python $want"
  if command -v pyenv >/dev/null; then way="\\\`pyenv install $want\\\`"; fi
  if command -v uv >/dev/null; then way="\\\`uv python install $want\\\`"; fi
  echo "no Python $want here; found: \${list:-none}. Get it ($way), or ask for another in \\\`python:\\\`"
}
`;

const wanted = (version: string): string => `want=${quote(version)}
minor=$(printf '%s' "$want" | cut -d. -f1,2)
${functions}`;

/** The exit code of `pythonCheckScript` where there is no way to the version. */
export const noPythonCode = 9;

/**
A script that reports whether the asked Python can be had where it runs: found, or made by uv or conda. Ends with 0 or `noPythonCode`, and
then its last line names the versions that were found.
*/
export const pythonCheckScript = (version: string): string => `${wanted(version)}
for maker in uv mamba conda; do command -v "$maker" >/dev/null && exit 0; done
find_python
[ -n "$python" ] && exit 0
no_python
exit ${noPythonCode}
`;

/**
A script that makes a virtual environment with the asked Python at `folder`: found on the PATH, through pyenv, uv or conda. Where there
is none, its last line names the versions that were found.
*/
export const pythonScript = (version: string, folder: string): string => `${wanted(version)}
venv=${quote(folder)}
found=
if [ -x "$venv/bin/python" ] && fits "$venv/bin/python"; then
  echo "Python $version is there"
  exit 0
fi
rm -rf "$venv"
mkdir -p "\${venv%/*}" || exit 1

find_python
if [ -n "$python" ]; then
  echo "Python $(version_of "$python"): $python"
  "$python" -m venv "$venv" && "$venv/bin/python" -m pip --version && exit 0
  rm -rf "$venv"
  if command -v uv >/dev/null; then uv venv --seed --python "$python" "$venv" && exit 0; fi
  echo "Python $(version_of "$python") is there, but cannot make a virtual environment: on Debian, install python$minor-venv"
  exit 1
fi

if command -v uv >/dev/null; then
  uv venv --seed --python "$want" "$venv" && exit 0
fi
for conda in mamba conda; do
  if command -v "$conda" >/dev/null; then
    "$conda" create --yes --quiet --prefix "$venv" "python=$want" pip && exit 0
  fi
done

no_python
exit 1
`;
