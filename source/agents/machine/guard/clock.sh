# Time. Every moment that the guard holds is in the guest's clock, and moves with it: when the clock is stepped while the machine is up (seen
# against its uptime), deadline, lease and last activity are stepped as well, so that what is left stays what it was. A slow correction adds
# up until it is two seconds, and counts then.
#
# Across a reboot there is no uptime to compare with. The time that the machine was down is what the clock says it was, and never less than
# nothing: a clock that comes back earlier than it was last seen has gone back, and everything goes back with it. As the first clock after a
# boot may be the wrong one, a later step backwards in the same boot is taken from the time down first (`slack`), and only the rest moves
# the deadline: of two readings of the time down the shorter one holds. So the machine is never ended early by its clock, and outlives its
# duration by no more than the reboot took.
#
# Where it was down for longer than a reboot takes, somebody has started it again: that is activity, and never does the time down count as
# idle. After five minutes it has a whole boot lease again too, where that was not lifted yet. The deadline stays what it was.

# run/clock: the boot, clock minus uptime, the clock when last seen, seconds down before this boot.
look() {
  now=$(date +%s)
  IFS=' .' read -r up rest <"$proc/uptime"
  { read -r boot <"$proc/sys/kernel/random/boot_id"; } 2>/dev/null || boot=none
  [ -f "$run/begun" ] || put "$run/begun" "$up"
  offset= move=0 slack=0
  for each in "$run/clock" "$kept/clock"; do
    { read -r b o l s <"$each"; } 2>/dev/null && whole "$o" && whole "$l" && whole "1$s" || continue
    offset=$((now - up))
    if [ "$b" = "$boot" ]; then
      move=$((offset - o)) slack=$s
      if [ "$move" -ge -1 ] && [ "$move" -le 1 ]; then
        move=0 offset=$o
      elif [ "$move" -lt 0 ]; then
        slack=$((s + move))
        if [ "$slack" -ge 0 ]; then move=0; else move=$slack slack=0; fi
      fi
    else
      slack=$((offset - l))
      if [ "$slack" -lt 0 ]; then
        move=$slack slack=0
      elif [ "$slack" -gt 90 ]; then
        put "$kept/active" "$offset"
        [ "$slack" -lt 300 ] || [ ! -e "$state/lease" ] || put "$state/lease" $((offset + lease_time))
      fi
    fi
    break
  done
  [ -n "$offset" ] || offset=$((now - up))
  if [ "$move" -ne 0 ]; then
    thorough=1
    for each in "$state/deadline" "$kept/deadline" "$state/lease" "$run/active" "$kept/active"; do
      moment "$each" && put "$each" $((value + move))
    done
  fi
  put "$run/clock" "$boot $offset $now $slack"
  [ -z "$thorough" ] || put "$kept/clock" "$boot $offset $now $slack"
}
