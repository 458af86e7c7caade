# What holds now: deadline, lease, whose connections there are, since when there are none, and what ends the machine first.

# What counts where a moment cannot be read: never "never".
fallback() {
  moment "$run/begun" || value=0
  value=$((now - up + value + lease_time))
}

# An image of this machine that another one boots from carries this one's files: until cloud-init begins anew there, they hold nothing.
is_foreign() {
  here= there=
  { read -r here <"$DSTACK_TUI_TOP/sys/class/dmi/id/product_uuid"; } 2>/dev/null
  { read -r there <"$kept/machine"; } 2>/dev/null && [ "$there" != "$here" ]
}

resolve() {
  lease=
  if is_foreign; then
    fallback
    deadline=$value
    return
  fi
  if stated "$state/deadline"; then
    deadline=$value
    stated "$kept/deadline" && [ "$value" = "$deadline" ] || put "$kept/deadline" "$deadline"
  else
    stated "$kept/deadline" || fallback
    deadline=$value
  fi
  if [ -e "$state/lease" ]; then
    # One that lies further ahead was counted from a clock that was wrong at the boot.
    moment "$state/lease" && [ "$value" -le $((now + lease_time)) ] || fallback
    lease=$value
  fi
}

# Established connections to port 22 from the kernel's own table, the addresses written as sshd writes them in SSH_CONNECTION.
# run/seen remembers by uptime since when each is there. A table that cannot be read counts as somebody being there.
connections() {
  listed= busy=0
  live=$({
    sed 's/^/seen /' "$run/seen"
    cd "$state/ours" && for each in *; do [ -f "$each" ] && echo "ours $each"; done
    cat "$proc/net/tcp" "$proc/net/tcp6"
  } 2>/dev/null | awk -v up="$up" -v now="$now" -v file="$run/seen.$$" '
    function hex(s, i, n) {
      n = 0
      for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789ABCDEF", toupper(substr(s, i, 1))) - 1
      return n
    }
    function four(s) { return hex(substr(s, 7, 2)) "." hex(substr(s, 5, 2)) "." hex(substr(s, 3, 2)) "." hex(substr(s, 1, 2)) }
    function six(s, i, w, n, start, best, most, out) {
      if (toupper(substr(s, 1, 24)) == "0000000000000000FFFF0000") return four(substr(s, 25, 8))
      for (i = 0; i < 8; i++) {
        w = substr(s, int(i / 2) * 8 + (i % 2 ? 1 : 5), 4)
        g[i] = tolower(substr(w, 3, 2) substr(w, 1, 2))
        sub(/^0+/, "", g[i])
      }
      best = -1; most = 1; n = 0
      for (i = 0; i < 8; i++) {
        if (g[i] != "") { n = 0; continue }
        if (n++ == 0) start = i
        if (n > most) { most = n; best = start }
      }
      out = ""
      for (i = 0; i < 8; i++) {
        if (i == best) { out = out "::"; i += most - 1; continue }
        out = out (i && out !~ /:$/ ? ":" : "") (g[i] == "" ? "0" : g[i])
      }
      return out
    }
    $1 == "seen" { since[$2] = $3; next }
    $1 == "ours" { ours[$2] = 1; next }
    $2 == "local_address" { known = 1; next }
    $4 == "01" && toupper(substr($2, length($2) - 4)) == ":0016" {
      split($3, r, ":")
      from = length(r[1]) == 8 ? four(r[1]) : six(r[1])
      key = from "_" hex(r[2])
      there[key] = 1
      if (!(key in since) || since[key] > up) since[key] = up
      print key, since[key] >file
      if (key in ours || up - since[key] <= 5) next
      busy++
      if (busy <= 32) list = list (list == "" ? "" : ",") "{\"from\":\"" from "\",\"since\":" (now - up + since[key]) "}"
    }
    END {
      printf "" >file
      for (key in ours) if (!(key in there)) print "gone", key
      print "busy", busy + 0
      if (known) print "list", "[" list "]"
    }')
  while read -r what that; do
    case $what in
      gone) rm -f "$state/ours/$that" ;;
      busy) busy=$that ;;
      list) listed=$that ;;
    esac
  done <<END
$live
END
  mv -f "$run/seen.$$" "$run/seen" 2>/dev/null
  [ -n "$listed" ] || listed='[]' busy=1
}

activate() {
  active=$now
  put "$run/active" "$now"
  [ -z "$thorough" ] || put "$kept/active" "$now"
}

sooner() { [ -n "$ends" ] && [ "$ends" -le "$2" ] || ends=$2 why=$1; }

# $1 as JSON: a number, or null.
number() { if whole "$1"; then json=$1; else json=null; fi; }

observe() {
  lock
  look
  resolve
  connections
  moment "$state/keep" && [ "$value" -gt "$now" ] && busy=1
  idle=
  if [ "$busy" -gt 0 ]; then
    activate
  elif [ -z "$lease" ]; then
    if { moment "$run/active" || moment "$kept/active"; } && [ "$value" -le "$now" ]; then
      active=$value
    else
      thorough=1
      activate
    fi
    idle=$active
  fi
  ends= why=
  [ "$deadline" = off ] || sooner deadline "$deadline"
  [ -z "$lease" ] || sooner lease "$lease"
  [ -z "$idle" ] || [ "$inactivity" = off ] || sooner inactivity $((idle + inactivity))
  notice=null
  { read -r action time <"$run/notice"; } 2>/dev/null && number "$time" && notice="{\"action\":\"$action\",\"time\":$json}"
  number "$deadline"
  facts="\"deadline\":$json"
  number "$lease"
  facts="$facts,\"lease\":$json,\"connections\":$listed"
  number "$idle"
  facts="$facts,\"idleSince\":$json,\"ends\":"
  if [ -n "$ends" ]; then facts="$facts{\"at\":$ends,\"why\":\"$why\"}"; else facts="$facts"null; fi
  facts="$facts,\"notice\":$notice}"
  status="{\"at\":$now,$facts"
  unlock
}
