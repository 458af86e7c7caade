import {stateFolder, workspace} from './paths.js';

/**
Shell functions that make the user ready that commands and sessions run as. `prepare_login` leaves in `login`, `uid`, `gid` and `home` who
that is, and gives up with words where there is no such user. It needs no more than a POSIX shell, `cat`, `chown` and `mkdir`: it changes
files of the image, so it runs after a build.
*/
export const loginFunctions = `
# The line of /etc/passwd with a name or a number.
find_entry() {
  while IFS=: read -r e_name e_word e_uid e_gid e_text e_home e_shell || [ -n "$e_name" ]; do
    case "$1 $2" in "name $e_name" | "uid $e_uid") return 0 ;; esac
  done < /etc/passwd
  return 1
}

# A file whose last line has an end, so that more can be added.
end_lines() {
  [ -f "$1" ] || : > "$1"
  if [ -s "$1" ] && [ -n "$(tail -c 1 "$1" 2>/dev/null)" ]; then echo >> "$1"; fi
}

find_group() {
  case "$1" in *[!0-9]*) ;; *) gid=$1; return 0 ;; esac
  while IFS=: read -r g_name g_word g_gid g_rest; do
    if [ "$g_name" = "$1" ]; then gid=$g_gid; return 0; fi
  done < /etc/group
  return 1
}

# The shell that the user has, or a usual one where that is none to work in.
find_shell() {
  shell=$1
  case "$shell" in "$d"/*) shell=\${shell##*/}; for place in /bin /usr/bin /usr/local/bin; do
    if [ -x "$place/$shell" ]; then shell="$place/$shell"; break; fi; done ;; esac
  case "$shell" in */nologin | */false) shell= ;; esac
  for shell in "$shell" /bin/bash /usr/bin/bash /bin/sh; do
    [ -n "$shell" ] && [ -x "$shell" ] && return 0
  done
}

read_wish() {
  wanted=$(cat "$d/user" 2>/dev/null)
  [ -n "$wanted" ] || wanted=root
  group=
  case "$wanted" in *:*) group=\${wanted#*:} wanted=\${wanted%%:*} ;; esac
  login=$wanted
  case "$wanted" in *[!0-9]*) ;; *[1-9]*) while [ "$wanted" != "\${wanted#0}" ]; do wanted=\${wanted#0}; done; login=u$wanted ;; *) login=root ;; esac
}

# Who that is, without changing anything; 1 where there is nobody.
find_login() {
  read_wish
  if find_entry name "$login"; then uid=$e_uid gid=$e_gid home=$e_home
  elif [ "$login" = root ]; then uid=0 gid=0 home=/root e_text= e_shell=
  elif [ "$login" = "u$wanted" ]; then
    if find_entry uid "$wanted"; then gid=$e_gid home=$e_home; else gid=0 home= e_text= e_shell=; fi
    uid=$wanted
  else return 1; fi
  [ -z "$group" ] || find_group "$group" || return 2
}

prepare_login() {
  end_lines /etc/passwd
  find_login
  case $? in
    1) give_up "There is no user $login in the image" "user $login" ;;
    2) give_up "There is no group $group in the image" "group $group" ;;
  esac
  case "$home" in '' | / | /nonexistent | /dev/null | /bin | /sbin | /usr/sbin) if [ "$uid" = 0 ]; then home=/root; else home=/home/$login; fi ;; esac
  if [ ! -d "$home" ]; then
    mkdir -p "$home" && chown "$uid:$gid" "$home" && chmod 700 "$home" || give_up "The home folder $home of $login cannot be made"
  fi
  find_shell "$e_shell"
  wrap_shell
  found=
  while IFS= read -r line || [ -n "$line" ]; do
    case "$line" in
      "$login":*) found=yes; rest=\${line#*:}; printf '%s\\n' "$login:\${rest%%:*}:$uid:$gid:$e_text:$home:$wrapper" ;;
      *) printf '%s\\n' "$line" ;;
    esac
  done < /etc/passwd > "$d/passwd"
  [ -n "$found" ] || grep -q "^$login:" "$d/passwd" 2>/dev/null || echo "$login:x:$uid:$gid::$home:$wrapper" >> "$d/passwd"
  # In place: another file would lose its owner and mode.
  cat "$d/passwd" > /etc/passwd
  rm -f "$d/passwd"
  # A locked account is refused even to its key.
  if [ -w /etc/shadow ]; then
    sed "s/^$login:!*:/$login:*:/; s/^$login:!!*/$login:*/" /etc/shadow > "$d/shadow" && cat "$d/shadow" > /etc/shadow
    rm -f "$d/shadow"
  fi
}

# sshd starts everything in the home folder. The shell goes to the code first and keeps its name, by which editors know it.
wrap_shell() {
  wrapper="$d/bin/\${shell##*/}"
  mkdir -p "$d/bin"
  {
    echo '#!/bin/sh'
    echo "SHELL=$shell"
    echo 'export SHELL'
    echo 'if [ "$PWD" = "$HOME" ] && [ -n "$SSH_CONNECTION" ]; then cd "$(cat ${stateFolder}/folder 2>/dev/null || echo ${workspace})" 2>/dev/null || cd ${workspace}; fi'
    echo '[ $# -gt 0 ] || set -- -l'
    echo 'exec "$SHELL" "$@"'
  } > "$wrapper"
  chmod 755 "$wrapper"
}
`;
