# What the guard can be told; `../commands.ts` says what a client may expect of each.

# Anew only on a machine that has not begun yet; $1 is what cloud-init calls it.
begin() {
  lock
  { read -r first instance <"$state/first-boot"; } 2>/dev/null || first=
  thorough=1
  if [ -z "$first" ] || [ "$instance" != "$1" ]; then
    rm -rf "$state/ours"
    rm -f "$state/deadline" "$state/lease" "$state/keep" "$state/ended" "$state/status" "$kept/deadline" "$kept/active" "$kept/clock" "$run/active"
    look
    if [ "$duration" = off ]; then deadline=off; else deadline=$((now + duration)); fi
    put "$kept/deadline" "$deadline"
    put "$state/deadline" "$deadline"
    put "$state/lease" $((now + lease_time))
    put "$state/first-boot" "$now $1"
  else
    look
  fi
  is_foreign
  put "$kept/machine" "$here"
  unlock
  flush
}

# "halt" would stop the machine and leave it on the bill. Each is tried for half a minute, in case the one before it hangs.
finish() {
  case $why in
    deadline) words='ended at its deadline' ;;
    lease) words='ended at the end of its boot lease: nobody had reached it' ;;
    *) words="ended after $inactivity seconds without a connection" ;;
  esac
  put "$state/ended" "$words"
  echo "$words"
  flush
  systemctl poweroff &
  sleep 30
  systemctl poweroff --force &
  sleep 30
  systemctl poweroff --force --force &
  sleep 30
}

publish() {
  [ "$facts" != "$published" ] || [ "$((up - wrote))" -ge 10 ] || return
  put "$state/status" "$status" && published=$facts wrote=$up
}

is_over() { [ -n "$ends" ] && [ "$now" -ge "$ends" ]; }

watch() {
  turn=0 asked=0
  while :; do
    thorough=
    [ "$turn" -ne 0 ] || thorough=1
    turn=$(((turn + 1) % 10))
    observe
    publish
    is_over && finish
    if [ -n "$metadata" ] && [ "$((up - asked))" -ge 4 ]; then
      asked=$up
      notice
    fi
    sleep 2
  done
}

extend() {
  for each in "$1" "$2"; do
    [ "$each" = off ] || whole "$each" || exit 2
  done
  lock
  look
  resolve
  if [ "$deadline" != "$2" ]; then
    if [ "$deadline" != "$1" ]; then
      echo "$deadline"
      exit 3
    fi
    if ! put "$state/deadline" "$2"; then
      echo "$deadline"
      echo "cannot write $state/deadline" >&2
      exit 1
    fi
    put "$kept/deadline" "$2"
    unlock
    flush
  fi
  echo "$2"
}

lift() {
  lock
  look
  [ -e "$state/lease" ] || return 0
  rm -f "$state/lease" || return 1
  activate
  unlock
  flush
}

ours() {
  set -f
  # shellcheck disable=SC2086
  set -- $SSH_CONNECTION
  case $1 in '' | *[!0-9a-zA-Z.:%_-]*) set -- ;; esac
  if ! whole "$2"; then
    echo 'not in an SSH connection' >&2
    return 2
  fi
  # A link-local address with its interface, which the kernel's table does not tell.
  from=$(printf '%s' "$1" | sed 's/%.*//')
  mkdir -p "$state/ours" && put "$state/ours/$(printf '%s_%s' "$from" "$2")" "$(date +%s)"
}

follow() {
  exec 3<&0
  (cat <&3 >/dev/null; kill "$$") 2>/dev/null &
  trap 'exit 0' TERM
  said= told=0
  while :; do
    observe
    if [ "$facts" != "$said" ] || [ "$((up - told))" -ge 12 ]; then
      printf '%s\n' "$status" || exit 0
      said=$facts told=$up
    fi
    sleep 2 >/dev/null 2>&1 3<&- &
    wait "$!"
  done
}

thorough=
wrote=0
case $1 in
  begin) begin "$2" ;;
  watch) watch ;;
  check) thorough=1; observe; publish; if is_over; then finish; fi ;;
  status) observe; printf '%s\n' "$status" ;;
  follow) follow ;;
  extend) thorough=1; extend "$2" "$3" ;;
  lift) thorough=1; lift ;;
  ours) ours ;;
  host-key) host_key ;;
  *) echo 'usage: guard status | follow | extend EXPECTED NEW | lift | ours | host-key' >&2; exit 2 ;;
esac
