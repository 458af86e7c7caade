import {quote} from '../system/shell.js';

/**
A script that makes a virtual environment with the asked Python at `STATE/venv`: found on the PATH, through pyenv, uv or conda. Where there
is none, its last line names the versions that were found.
*/
export const pythonScript = (version: string, stateFolder: string): string => `want=${quote(version)}
venv=${quote(`${stateFolder}/venv`)}
minor=$(printf '%s' "$want" | cut -d. -f1,2)
found=

version_of() {
  "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null
}

fits() {
  version=$(version_of "$1") || return 1
  case " $found " in *" $version "*) ;; *) found="$found $version" ;; esac
  case "$version" in "$want" | "$want".*) return 0 ;; esac
  return 1
}

if [ -x "$venv/bin/python" ] && fits "$venv/bin/python"; then
  echo "Python $version is there"
  exit 0
fi
rm -rf "$venv"

python=
try() {
  if [ -z "$python" ] && [ -n "$1" ] && [ -x "$1" ] && fits "$1"; then python=$1; fi
}

try "$(command -v "python$minor")"
for name in python3 python; do try "$(command -v "$name")"; done
for root in "$PYENV_ROOT" "$HOME/.pyenv"; do
  [ -n "$root" ] || continue
  for folder in "$root"/versions/*; do try "$folder/bin/python"; done
done
if [ -z "$python" ] && command -v uv >/dev/null; then try "$(uv python find "$want" 2>/dev/null)"; fi

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

for name in 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.13 3.14 3.15; do
  path=$(command -v "python$name") && fits "$path"
done
echo "no Python $want here; found:\${found:- none}. Install it (pyenv install $want, uv python install $want), or ask for another in python:"
exit 1
`;
