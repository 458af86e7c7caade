/** Absolute path of the state folder in the container. */
export const stateFolder = '/dstack-tui';
export const workspace = '/workflow';
export const sshPort = 10_022;

/** Only the run's key, only this port; what a session needs of the image's own variables is read from ~/.ssh/environment. */
export const sshdConfig = `Port ${sshPort}
HostKey ${stateFolder}/host_key
AuthorizedKeysFile ${stateFolder}/authorized_keys
StrictModes no
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
PermitUserEnvironment yes
AllowTcpForwarding yes
AllowAgentForwarding no
X11Forwarding no
UseDNS no
PrintMotd no
PidFile none
ClientAliveInterval 30
ClientAliveCountMax 4
Subsystem sftp internal-sftp
`;

/** What to write where an image has no SSH server and cannot get one by itself. */
export const withoutSshd =
	'The image has no sshd and no package manager to get one. Add to its Dockerfile: RUN apt-get update && apt-get install -y openssh-server';

/**
The container's first process. The guard comes before everything else: at the deadline, which it reads anew every other second, it asks
for unsaved work and ends the container. Then the SSH server, installed first where the image lacks it.
*/
export const bootstrapScript = `d=${stateFolder}
trap 'exit 0' TERM INT

guard() {
  while :; do
    deadline=$(cat "$d/deadline" 2>/dev/null)
    case "$deadline" in
      '' | *[!0-9]*) ;;
      *)
        if [ "$(date +%s)" -ge "$deadline" ]; then
          if [ -f "$d/work-check" ]; then
            if command -v timeout >/dev/null 2>&1; then timeout 60 sh "$d/work-check"; else sh "$d/work-check"; fi >/dev/null 2>&1
          fi
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

give_up() {
  echo "$1"
  echo "$1" > "$d/ended"
  echo clean > "$d/work"
  exit 1
}

find_sshd() {
  for sshd in "$(command -v sshd 2>/dev/null)" /usr/sbin/sshd /usr/local/sbin/sshd /usr/bin/sshd; do
    [ -n "$sshd" ] && [ -x "$sshd" ] && return 0
  done
  return 1
}

install_sshd() {
  echo 'The image has no sshd; installing it'
  if command -v apt-get >/dev/null 2>&1; then apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends openssh-server
  elif command -v apk >/dev/null 2>&1; then apk add --no-cache openssh-server
  elif command -v dnf >/dev/null 2>&1; then dnf install -y openssh-server
  elif command -v yum >/dev/null 2>&1; then yum install -y openssh-server
  elif command -v zypper >/dev/null 2>&1; then zypper --non-interactive install openssh-server
  else return 1
  fi
}

find_sshd || { install_sshd & wait $!; find_sshd; } || give_up '${withoutSshd}'

chown 0:0 "$d" "$d"/* && chmod 700 "$d" && chmod 600 "$d/host_key" "$d/authorized_keys"
mkdir -p /run/sshd /var/run/sshd ${workspace} 2>/dev/null
chmod 755 /run/sshd 2>/dev/null
rm -f /run/nologin /etc/nologin /var/run/nologin
grep -q '^sshd:' /etc/passwd || echo 'sshd:x:22:22:sshd:/run/sshd:/bin/false' >> /etc/passwd
if [ -w /etc/shadow ]; then sed 's/^root:!*:/root:*:/' /etc/shadow > "$d/shadow" && cat "$d/shadow" > /etc/shadow; rm -f "$d/shadow"; fi

# sshd starts everything in the home folder. The root user's shell goes to the code first and keeps its name, by which editors know it.
shell=$(sed -n 's/^root:.*://p' /etc/passwd)
case "$shell" in
  "$d"/*) ;;
  *)
    [ -x "$shell" ] || shell=/bin/sh
    wrapper="$d/bin/\${shell##*/}"
    mkdir -p "$d/bin"
    {
      echo '#!/bin/sh'
      echo "SHELL=$shell"
      echo 'export SHELL'
      echo 'if [ "$PWD" = "$HOME" ] && [ -n "$SSH_CONNECTION" ]; then cd "$(cat ${stateFolder}/folder 2>/dev/null || echo ${workspace})"; fi'
      echo '[ $# -gt 0 ] || set -- -l'
      echo 'exec "$SHELL" "$@"'
    } > "$wrapper"
    chmod 755 "$wrapper"
    sed 's#^\\(root:.*:\\)[^:]*$#\\1'"$wrapper"'#' /etc/passwd > "$d/passwd" && cat "$d/passwd" > /etc/passwd
    rm -f "$d/passwd"
    ;;
esac

# What the image sets for its commands, an SSH session would not have.
env | grep -E '^[A-Za-z_][A-Za-z0-9_]*=' | grep -vE '^(HOME|PWD|OLDPWD|SHLVL|HOSTNAME|TERM|_)=' > "$d/image-environment"
mkdir -p "$HOME/.ssh" && chmod 700 "$HOME/.ssh" && cat "$d/image-environment" > "$HOME/.ssh/environment" && chmod 600 "$HOME/.ssh/environment"

"$sshd" -D -e -f "$d/sshd_config" &
server=$!
wait "$server"
give_up "the SSH server ended with exit code $?"
`;
