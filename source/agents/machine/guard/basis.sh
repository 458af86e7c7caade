# The guard's ground: where its files are, reading and writing them. `DSTACK_TUI_TOP` puts all of them below another folder, for tests.
# `/dstack-tui` is for people and for this program's client, `/var/lib/dstack-tui` holds second copies, `/run/dstack-tui` what one boot knows.
# A file that cannot be read is never an error here: each reader says what holds then.

umask 077
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
state=$DSTACK_TUI_TOP/dstack-tui
kept=$DSTACK_TUI_TOP/var/lib/dstack-tui
run=$DSTACK_TUI_TOP/run/dstack-tui
proc=$DSTACK_TUI_TOP/proc

# A count of seconds since the epoch; a leading zero would be octal.
whole() { case $1 in '' | 0* | *[!0-9]* | ????????????*) return 1 ;; esac; }
content() { { value=$(head -c 64 "$1"); } 2>/dev/null; }
moment() { content "$1" && whole "$value"; }
stated() { content "$1" && { [ "$value" = off ] || whole "$value"; }; }

put() {
  { printf '%s\n' "$2" >"$1.$$" && mv -f "$1.$$" "$1"; } 2>/dev/null && return 0
  rm -f "$1.$$"
  return 1
}

# Released by the kernel when its holder dies; who waits too long goes on without it, since ending must not depend on another process.
lock() {
  [ -d "$state" ] && [ -d "$kept" ] && [ -d "$run" ] || mkdir -p "$state" "$kept" "$run" 2>/dev/null
  if { true >>"$run/lock"; } 2>/dev/null && command -v flock >/dev/null 2>&1; then
    exec 9>>"$run/lock"
    flock -w 5 9
  fi
}
unlock() { exec 9>&-; }

# To disk, for at most ten seconds: a network file system that is gone would hold it for ever.
flush() { timeout 10 sync; }
