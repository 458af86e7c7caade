import {loginFunctions} from './login.js';
import {loginsFile, optionalFolder, sshPort, stateFolder, workspace} from './paths.js';

/** Only the run's key, only this port; what a session needs of the image's own variables is read from ~/.ssh/environment. */
export const sshdConfig = ({listen}: {readonly listen: 'all' | 'loopback'}): string => `Port ${sshPort}
${listen === 'loopback' ? 'ListenAddress 127.0.0.1\n' : ''}HostKey ${stateFolder}/host_key
AuthorizedKeysFile ${stateFolder}/authorized_keys
StrictModes no
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
PermitUserEnvironment yes
AllowTcpForwarding yes
AllowAgentForwarding yes
X11Forwarding no
UseDNS no
PrintMotd no
PidFile none
ClientAliveInterval 30
ClientAliveCountMax 4
Subsystem sftp internal-sftp
`;

// At the deadline, which it reads anew every other second, it asks for unsaved work and ends the container. On a machine the machine's own
// guard does that, and there is no deadline here. Git trusts no folder of another user's unless it is configured to.
const guard = `
check_work() {
  [ -f "$d/work-check" ] || return 0
  (
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
    export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
    if command -v timeout >/dev/null 2>&1; then timeout 60 sh "$d/work-check"; else sh "$d/work-check"; fi >/dev/null 2>&1
  )
}

guard() {
  while :; do
    deadline=$(cat "$d/deadline" 2>/dev/null)
    case "$deadline" in
      '' | *[!0-9]*) ;;
      *)
        if [ "$(date +%s)" -ge "$deadline" ]; then
          check_work
          echo 'ended at its deadline' > "$d/ended"
          kill -TERM 1
          exit 0
        fi
        ;;
    esac
    sleep 2
  done
}
guard &
`;

const functions = `
# In the background: a signal that comes meanwhile is heard at once.
nap() { { sleep "$1" 2>/dev/null || sleep 1; } & wait $!; }

manager() {
  for name in apt-get apk dnf microdnf yum zypper pacman; do
    if command -v "$name" >/dev/null 2>&1; then echo "$name"; return; fi
  done
  echo none
}

# The reason in words, and what is missing, for whom it is read by. Where nobody has been inside yet, there is no work either.
give_up() {
  echo "$1"
  { echo "$1"; if [ -n "$2" ]; then echo "$2 $(manager)"; fi; } > "$d/ended"
  if [ -f "$d/prepared" ]; then check_work; else echo clean > "$d/work"; fi
  exit 1
}

find_sshd() {
  for sshd in "$(command -v sshd 2>/dev/null)" /usr/sbin/sshd /usr/local/sbin/sshd /usr/bin/sshd; do
    [ -n "$sshd" ] && [ -x "$sshd" ] && return 0
  done
  return 1
}
${loginFunctions}
# What the user works with is the user's own. Copies of what did not change would double it, so that is left alone.
give_away() { find "$1" ! -user "$uid" -exec chown -h "$uid:$gid" {} +; }

share_state() {
  for entry in "$d"/*; do
    case "$entry" in "$d/caches" | "$d/bootstrap" | "$d/sshd_config" | "$d/host_key") ;; *) chown -R "$uid:$gid" "$entry" ;; esac
  done
  chown 0:0 "$d/bootstrap" "$d/sshd_config" "$d/host_key"
  chown "$uid:$gid" "$d"
  chmod 700 "$d" && chmod 600 "$d/host_key" "$d/authorized_keys"
  [ "$(cat "$d/owner" 2>/dev/null || echo 0)" = "$uid" ] && return 0
  mkdir -p ${workspace} ${optionalFolder}
  give_away ${workspace}
  give_away ${optionalFolder}
  echo "$uid" > "$d/owner"
}

# The engine makes the folders of a mount as root.
share_caches() {
  for place in "$d/caches" "$d"/caches/*; do
    [ ! -d "$place" ] || chown "$uid:$gid" "$place"
  done
  while IFS= read -r place; do
    chown "$uid:$gid" "$place"
    place=\${place%/*}
    while case "$place" in "$home"/*) true ;; *) false ;; esac; do
      chown "$uid:$gid" "$place"
      place=\${place%/*}
    done
  done < "$d/cache-paths"
}

make_folder() {
  folder=$(cat "$d/working-folder" 2>/dev/null)
  case "$folder" in '' | ${workspace} | ${workspace}/*) return 0 ;; esac
  [ -d "$folder" ] || { mkdir -p "$folder" && chown "$uid:$gid" "$folder"; } || echo "The folder $folder cannot be made"
}

# What the image sets for its commands, an SSH session would not have. What the steps wrote since stays.
share_variables() {
  env | grep -E '^[A-Za-z_][A-Za-z0-9_]*=' | grep -vE '^(HOME|PWD|OLDPWD|SHLVL|HOSTNAME|TERM|_)=' > "$d/image-environment"
  chown "$uid:$gid" "$d/image-environment"
  if [ "$(cat "$d/prepared" 2>/dev/null)" != "$login" ] || [ ! -f "$home/.ssh/environment" ]; then
    mkdir -p "$home/.ssh" && cat "$d/image-environment" > "$home/.ssh/environment"
    chown "$uid:$gid" "$home/.ssh" "$home/.ssh/environment"
    chmod 700 "$home/.ssh" && chmod 600 "$home/.ssh/environment"
  fi
  if [ -d /etc/profile.d ]; then echo '[ -r ${stateFolder}/environment.sh ] && . ${stateFolder}/environment.sh' > /etc/profile.d/zz-dstack-tui.sh; fi
}
`;

// Its own data lie on a volume, where an overlay can be made; what was left of a run before keeps it from starting.
const engine = `
start_engine() {
  [ -f "$d/docker" ] || return 0
  starter=$(command -v start-dockerd || command -v dockerd) || { trouble 'The image has no Docker engine' docker; return; }
  rm -f /var/run/docker.pid /run/docker.pid /run/docker/containerd/containerd.pid /var/run/docker.sock "$d/dockerd.failed"
  keep_engine &
  turns=0
  until [ -S /var/run/docker.sock ] && { ! command -v docker >/dev/null 2>&1 || docker version >/dev/null 2>&1; }; do
    turns=$((turns + 1))
    if [ "$turns" -gt 60 ] || [ -f "$d/dockerd.failed" ]; then trouble "The Docker engine inside does not start: $(tail -n 1 "$d/dockerd.log")"; return; fi
    nap 1
  done
  chown "0:$gid" /var/run/docker.sock
  echo 'The Docker engine inside answers'
}

keep_engine() {
  failures=0
  while :; do
    "$starter" > "$d/dockerd.log" 2>&1
    case "$?:$starter" in 0:*/start-dockerd) return ;; esac
    failures=$((failures + 1))
    [ "$failures" -lt 3 ] || : > "$d/dockerd.failed"
    nap 2
  done
}

# At first nothing is lost by giving up; later somebody's work would be.
trouble() { if [ -f "$d/prepared" ]; then echo "$1"; else give_up "$1" "$2"; fi; }
`;

// Where a person restarts sshd, upgrades it, or ends it by mistake, it comes again. Sessions are processes of their own and go on.
const serve = `
find_sshd || give_up 'The image has no SSH server (sshd)' sshd
prepare_login
share_state
[ ! -f "$d/cache-paths" ] || share_caches
make_folder
share_variables
start_engine
rm -f /run/nologin /etc/nologin /var/run/nologin

quick=0 gone=
while :; do
  if ! find_sshd; then
    [ -n "$gone" ] || echo 'The SSH server (sshd) was removed: nobody can connect until it is installed again'
    gone=yes
    nap 2
    continue
  fi
  gone=
  mkdir -p /run/sshd /var/run/sshd ${workspace} 2>/dev/null
  chmod 755 /run/sshd 2>/dev/null
  end_lines /etc/passwd
  find_entry name sshd || echo 'sshd:x:22:22:sshd:/run/sshd:/bin/false' >> /etc/passwd
  reason=$("$sshd" -t -f "$d/sshd_config" 2>&1) || [ -f "$d/prepared" ] || give_up "The SSH server cannot start: $(echo "$reason" | tail -n 1)"
  if [ ! -f "$d/prepared" ]; then rm -f "$d/ended" "$d/work"; echo "$login" > "$d/prepared"; fi
  begun=$(date +%s)
  # It tells of each login: what was changed while nobody but us was in is nobody's work.
  [ "$(wc -c < "$d/${loginsFile}" 2>/dev/null || echo 0)" -lt 1000000 ] || : > "$d/${loginsFile}"
  touch "$d/${loginsFile}"
  chown "$uid:$gid" "$d/${loginsFile}"
  "$sshd" -D -E "$d/${loginsFile}" -f "$d/sshd_config" &
  wait $!
  code=$?
  [ $(($(date +%s) - begun)) -lt 5 ] || quick=0
  quick=$((quick + 1))
  [ "$quick" -lt 20 ] || give_up "The SSH server ends as soon as it starts (exit code $code) $(echo "$reason" | tail -n 1)"
  echo "The SSH server ended with exit code $code; it is started again"
  tail -n 2 "$d/${loginsFile}"
  if [ "$quick" -gt 5 ]; then nap 5; else nap "$quick"; fi
done
`;

/**
The container's first process, as root; it may be started again at any time. A guard for the deadline; then nothing more as long as the file
\`hold\` is there, since an image may be made of the container until then; then the user, the engine inside where one is asked for, and the
SSH server, which is kept alive. Where it cannot go on, the file \`ended\` holds the reason: see \`readEnd\`.
*/
export const bootstrapScript = `d=${stateFolder}
HOME=\${HOME:-/root}
trap 'exit 0' TERM INT
${guard}${functions}${engine}
while [ -f "$d/hold" ]; do nap 0.5; done
${serve}`;

/** To be run in a held container before an image is made of it: what the user will own there is given away once, not in every environment. */
export const beforeCommitScript = `d=${stateFolder}
give_up() { exit 0; }
${loginFunctions}
find_login || exit 0
[ "$uid" = 0 ] || [ ! -d ${optionalFolder} ] || find ${optionalFolder} ! -user "$uid" -exec chown -h "$uid:$gid" {} +
`;
