import {quote} from '../../system/shell.js';
import {daemonSettings} from './daemon-settings.js';
import {toolkitFunctions} from './toolkit.js';

export type EngineOptions = {
	/** Whether containers are to get the machine's GPUs. */
	readonly gpus: boolean;
	/** `HOST` or `HOST:PORT` of registries without TLS that is trusted. */
	readonly insecureRegistries: readonly string[];
};

/** `fail REASON NEXT` ends a step; `installs` waits for other installations, as a fresh machine's own. */
export const stepFunctions = `fail() {
  [ -z "$2" ] || [ -z "$STEP_FOLDER" ] || printf '%s\\n' "$2" > "$STEP_FOLDER/next"
  printf '%s\\n' "$1"
  exit 1
}
[ -z "$STEP_FOLDER" ] || rm -f "$STEP_FOLDER/next"

# Another one's lock: cloud-init's, unattended-upgrades', or that of this step's first try.
busy='Could not get lock|Unable to acquire the dpkg|Unable to lock|is another process using it|Waiting for process with pid|another copy is running|existing lock'

installs() {
  n=0
  while :; do
    output=$(DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C "$@" 2>&1)
    code=$?
    if [ "$code" -ne 0 ] && printf '%s' "$output" | grep -Eq "$busy" && [ "$n" -lt 120 ]; then
      [ "$n" -gt 0 ] || echo 'Another installation is under way on the machine; waiting for it'
      n=$((n + 1))
      sleep 5
    elif [ "$code" -ne 0 ] && printf '%s' "$output" | grep -q 'dpkg was interrupted' && [ "$n" -lt 120 ]; then
      n=$((n + 1))
      dpkg --configure -a || { sleep 5; }
    else
      [ -z "$output" ] || printf '%s\\n' "$output"
      return "$code"
    fi
  done
}

updated=
install() {
  if command -v apt-get >/dev/null 2>&1; then
    if [ -z "$updated" ]; then installs apt-get -qq update && updated=yes; fi
    installs apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@"
  elif command -v dnf >/dev/null 2>&1; then installs dnf -q install -y "$@"
  elif command -v yum >/dev/null 2>&1; then installs yum -q install -y "$@"
  else echo 'there is no apt-get, dnf or yum'; return 1; fi
}
`;

const engineFunctions = `answers() { docker version --format '{{.Server.Version}}' 2>/dev/null; }

has_package() { apt-cache show "$1" 2>/dev/null | grep -q '^Package:'; }

install_engine() {
  name=$(. /etc/os-release 2>/dev/null; echo "\${PRETTY_NAME:-this system}")
  echo "$name has no Docker engine; installing it"
  if command -v apt-get >/dev/null 2>&1; then
    installs apt-get -qq update && updated=yes
    # Newer Debians have the command in a package of its own.
    more=; has_package docker-cli && more=docker-cli
    install docker.io $more
  elif command -v dnf >/dev/null 2>&1; then install docker || install moby-engine
  elif command -v yum >/dev/null 2>&1; then
    if command -v amazon-linux-extras >/dev/null 2>&1; then amazon-linux-extras enable docker >/dev/null; fi
    install docker
  else
    fail "there is no Docker engine on the machine, and no known way to install one on $name" 'Choose a machine image with Docker, or with apt-get, dnf or yum.'
  fi || fail "the Docker engine could not be installed on $name" 'Look at the log of this step; a machine image with Docker needs no installation.'
}

control() {
  if [ -d /run/systemd/system ]; then systemctl "$1" docker
  elif command -v service >/dev/null 2>&1; then service docker "$1"
  else return 1; fi
}

awaits() {
  n=0
  until version=$(answers) && [ -n "$version" ]; do
    n=$((n + 1))
    if [ "$n" -gt 90 ] || { [ "$n" -gt 5 ] && [ -d /run/systemd/system ] && systemctl is-failed -q docker; }; then
      if command -v journalctl >/dev/null 2>&1; then journalctl -u docker -n 20 --no-pager -o cat 2>/dev/null; fi
      fail 'the Docker engine does not start' 'Look at \`journalctl -u docker\` on the machine; /etc/docker/daemon.json may be wrong.'
    fi
    sleep 1
  done
}
`;

const startPart = `if ! command -v docker >/dev/null 2>&1 || { ! command -v dockerd >/dev/null 2>&1 && [ -z "$(answers)" ]; }; then install_engine; fi
if [ -z "$(answers)" ]; then
  if [ -d /run/systemd/system ]; then systemctl unmask -q docker.service docker.socket 2>/dev/null; systemctl reset-failed -q docker 2>/dev/null; fi
  control start
fi
if [ -d /run/systemd/system ]; then systemctl enable -q docker 2>/dev/null; fi
awaits
echo "The Docker engine $version answers"
`;

/** A running Docker engine: installed only where it is missing, with the registries of the settings, and with NVIDIA's toolkit for GPUs. */
export function engineScript({gpus, insecureRegistries}: EngineOptions): string {
	return [
		stepFunctions,
		engineFunctions,
		...(gpus ? [toolkitFunctions, 'check_driver'] : []),
		startPart,
		...(insecureRegistries.length === 0 ? [] : [settingsPart(insecureRegistries)]),
		...(gpus ? ['toolkit'] : []),
		'',
	].join('\n');
}

/** The engine takes them over while it runs; only one that does not is started anew. */
const settingsPart = (insecureRegistries: readonly string[]): string => {
	const wanted = quote(JSON.stringify({'insecure-registries': insecureRegistries}));
	return `settings() { python3 -I -c ${quote(daemonSettings)} "$1" ${wanted}; }
settings write || fail "/etc/docker/daemon.json cannot be completed" 'Mend the file on the machine, then try again.'
if ! settings holds; then
  control reload
  n=0
  until settings holds || [ "$n" -ge 20 ]; do n=$((n + 1)); sleep 0.5 2>/dev/null || sleep 1; done
  if ! settings holds; then control restart; awaits; fi
  settings holds || fail 'the Docker engine does not take over the registries of the settings' 'Look at \`docker info\` and /etc/docker/daemon.json on the machine.'
  echo 'The Docker engine knows the registries of the settings'
fi`;
};
