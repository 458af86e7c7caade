# Replaces the host key by the pair that standard input brings: a private key in OpenSSH's format, then its public line. Sessions that run
# go on; it returns when new connections see the new key. The private key is in no command line.

host_key() {
  key=$DSTACK_TUI_TOP/etc/ssh/ssh_host_ed25519_key
  input=$(head -c 16384 | tr -d '\r')
  public=$(printf '%s\n' "$input" | sed -n 's/^\(ssh-ed25519 [A-Za-z0-9+/=]\{1,\}\).*/\1/p' | head -n 1)
  { printf '%s\n' "$input" | sed -n '/^-----BEGIN OPENSSH PRIVATE KEY-----$/,/^-----END OPENSSH PRIVATE KEY-----$/p' >"$key.new"; } || return 1
  chmod 600 "$key.new"
  # With its comment taken away: only type and key are compared.
  derived=$(ssh-keygen -y -P '' -f "$key.new" 2>/dev/null | cut -d ' ' -f 1,2)
  if [ -z "$public" ] || [ "$derived" != "$public" ]; then
    rm -f "$key.new"
    echo 'not an ed25519 key pair in the format of OpenSSH' >&2
    return 2
  fi
  printf '%s\n' "$public" >"$key.pub.new" && chmod 644 "$key.pub.new" &&
    mv -f "$key.new" "$key" && mv -f "$key.pub.new" "$key.pub" || return 1
  flush
  systemctl reload ssh 2>/dev/null || systemctl reload sshd || return 1
  command -v ssh-keyscan >/dev/null 2>&1 || return 0
  for each in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(ssh-keyscan -T 1 -t ed25519 127.0.0.1 2>/dev/null | cut -d ' ' -f 2,3)" = "$public" ] && return 0
    sleep 1
  done
  echo 'sshd does not show the new key' >&2
  return 1
}
