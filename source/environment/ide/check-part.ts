/**
Functions of a script: what the editor's server needs of the environment. Each thing that is missing is a reason, gathered in `reasons`;
`check_environment` leaves `platform`, and fails where the server could not run. The numbers are those of the server's own check:
microsoft/vscode, cli/src/util/prereqs.rs and resources/server/bin/helpers/check-requirements-linux.sh.
*/
export const checkPart = `reasons= lacking= advice=
tell() { reasons="\${reasons:+$reasons; }$1"; }

# A package that is missing: as Debian calls it, Alpine, and Red Hat.
lack() { lacking="$lacking $1:$2:$3"; }

at_least() {
  [ "$(printf '%s\\n%s\\n' "$1" "$2" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)" = "$2" ]
}

write_next() {
  [ -n "$STEP_FOLDER" ] || return 0
  rm -f "$STEP_FOLDER/next"
  if [ -n "$advice" ]; then echo "$advice" > "$STEP_FOLDER/next"; return 0; fi
  [ -n "$lacking" ] || return 0
  names=
  if command -v apt-get >/dev/null 2>&1; then manager='apt-get update && apt-get install -y' field=1
  elif command -v apk >/dev/null 2>&1; then manager='apk add' field=2
  elif command -v dnf >/dev/null 2>&1; then manager='dnf install -y' field=3
  elif command -v microdnf >/dev/null 2>&1; then manager='microdnf install -y' field=3
  elif command -v yum >/dev/null 2>&1; then manager='yum install -y' field=3
  else return 0; fi
  for each in $lacking; do names="$names $(echo "$each" | cut -d : -f "$field")"; done
  echo "Add \\\`$manager$names\\\` to \\\`build\\\`." > "$STEP_FOLDER/next"
}

find_libstdcxx() {
  for each in /usr/lib64/libstdc++.so.6 "/usr/lib/$machine-linux-gnu/libstdc++.so.6" /usr/lib/libstdc++.so.6 /lib64/libstdc++.so.6 \\
    "$(/sbin/ldconfig -p 2>/dev/null | sed -n 's/.*libstdc++\\.so\\.6 .*=> //p' | head -n 1)"; do
    if [ -n "$each" ] && [ -e "$each" ]; then echo "$each"; return 0; fi
  done
  return 1
}

check_libstdcxx() {
  if ! library=$(find_libstdcxx); then
    tell 'libstdc++ is missing'
    lack libstdc++6 libstdc++ libstdc++
    return 1
  fi
  # GLIBCXX_3.4.N comes with libstdc++.so.6.0.N.
  number=$(readlink -f "$library" 2>/dev/null | sed -n 's/.*\\.so\\.6\\.0\\.\\([0-9][0-9]*\\)$/\\1/p')
  if [ -n "$number" ] && [ "$number" -lt 25 ]; then
    tell "libstdc++ is too old (GLIBCXX_3.4.$number, the server needs 3.4.25)"
    return 1
  fi
}

check_libc() {
  loader="/lib/ld-musl-$machine.so.1"
  found=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc \\([0-9.]*\\).*/\\1/p')
  [ -n "$found" ] || found=$(ldd --version 2>/dev/null | sed -n '1s/^ldd (.*) \\([0-9][0-9.]*\\).*/\\1/p')
  if [ -n "$found" ] && [ ! -f /etc/alpine-release ]; then
    libc=gnu
    at_least "$found" 2.28 && return 0
    tell "glibc $found is too old (the server needs 2.28)"
    return 1
  fi
  libc=musl
  if [ ! -e "$loader" ]; then
    tell "there is neither glibc nor musl"
    return 1
  fi
  # It tells its version when it is asked for nothing, and fails.
  found=$("$loader" 2>&1 | sed -n 's/^Version \\([0-9.]*\\).*/\\1/p')
  if [ -n "$found" ] && ! at_least "$found" 1.2.3; then
    tell "musl $found is too old (the server needs 1.2.3)"
    return 1
  fi
}

check_tools() {
  bad=
  if ! command -v tar >/dev/null 2>&1; then
    tell 'tar is missing'
    lack tar tar tar
    bad=1
  elif ! command -v gzip >/dev/null 2>&1; then
    tell 'gzip is missing'
    lack gzip gzip gzip
    bad=1
  fi
  # Remote-SSH runs its own scripts in it; the server would do without.
  if ! command -v bash >/dev/null 2>&1; then
    tell 'bash is missing, which the editor connects through'
    lack bash bash bash
  fi
  [ -z "$bad" ]
}

check_room() {
  free=$(df -Pk "$HOME" 2>/dev/null | tail -n 1 | { read -r _ _ _ free _; echo "$free"; })
  case "$free" in '' | *[!0-9]*) return 0 ;; esac
  [ "$free" -ge 512000 ] && return 0
  tell "there is no room in $HOME: $((free / 1024)) MB free, the server and its extensions need 500 MB"
  return 1
}

check_environment() {
  machine=$(uname -m) platform=
  case "$machine" in
    x86_64 | amd64) machine=x86_64 arch=x64 ;;
    aarch64 | arm64) machine=aarch64 arch=arm64 ;;
    *) tell "there is no server for $machine"; return 1 ;;
  esac
  fine=1
  check_libc || fine=
  check_libstdcxx || fine=
  check_tools || fine=
  platform="$libc-$arch"
  [ -n "$fine" ]
}
`;
