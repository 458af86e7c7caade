import {signingKeyFunction} from './signing-key.js';

const repository = 'https://nvidia.github.io/libnvidia-container';

/**
The fingerprint of what signs it: NVIDIA CORPORATION (Open Source Projects), rsa4096 of 2017-09-28, worked out from that key as it is given out
at `gpgkey` there, and the same in github.com/NVIDIA/libnvidia-container/issues/280. Subkeys may come and go; another key is refused.
*/
export const nvidiaKey = 'C95B321B61E88C1809C4F759DDCAE044F796ECB0';

/**
`check_driver` reports the machine's driver and GPUs, or ends the step; `toolkit` makes the engine give GPUs to containers. The steps are
those of NVIDIA's guide (docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html), only where it is missing. An engine
that started before the toolkit came knows nothing of it; that it has to start anew is written down where a reboot forgets it.
*/
export const toolkitFunctions = `${signingKeyFunction}
check_driver() {
  command -v nvidia-smi >/dev/null 2>&1 || fail 'the machine has no NVIDIA driver (there is no nvidia-smi)' 'Choose a machine image with the driver in it, such as the deep learning image of the cloud.'
  if ! gpus=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1) || [ -z "$gpus" ]; then
    printf '%s\\n' "$gpus"
    fail "the machine's NVIDIA driver does not work: $(printf '%s' "$gpus" | tr '\\n' ' ' | cut -c 1-300)" 'Reboot the machine; where that is no help, its kernel and its driver do not fit: choose another machine image.'
  fi
  printf '%s\\n' "$gpus" | awk -F ', *' '{printf "GPU %d: %s, %s\\n", NR - 1, $1, $3; driver = $2} END {printf "%d GPU%s, NVIDIA driver %s\\n", NR, NR == 1 ? "" : "s", driver}'
}

marker=/run/dstack-tui-docker-restart

fetch() {
  if command -v curl >/dev/null 2>&1; then curl -fsSL --retry 3 --connect-timeout 10 "$1"
  elif command -v wget >/dev/null 2>&1; then wget -q -t 3 -T 10 -O - "$1"
  else python3 -I -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=30).read())' "$1"; fi
}

# Nothing that comes from there says what is believed: neither another key, nor a list that asks for no signature.
add_repository() {
  if command -v apt-get >/dev/null 2>&1; then
    key=/usr/share/keyrings/nvidia-container-toolkit-keyring.asc
    list=/etc/apt/sources.list.d/nvidia-container-toolkit.list
  else
    key=/etc/pki/rpm-gpg/RPM-GPG-KEY-nvidia-container-toolkit
    list=/etc/yum.repos.d/nvidia-container-toolkit.repo
  fi
  taken=$(mktemp -d) || return 1
  mkdir -p "\${key%/*}"
  fetch '${repository}/gpgkey' > "$taken/key" && [ -s "$taken/key" ] || { rm -rf "$taken"; return 1; }
  if ! pinned_key "$taken/key" ${nvidiaKey} > "$key.new"; then
    rm -rf "$taken" "$key.new"
    fail "the key that ${repository} gives out is not NVIDIA's: its fingerprint is $found, and was to be ${nvidiaKey}" 'Nothing was installed. Choose a machine image with the toolkit in it, or see at NVIDIA whether they have a new key.'
  fi
  rm -rf "$taken"
  chmod 644 "$key.new" && mv "$key.new" "$key" || return 1
  if command -v apt-get >/dev/null 2>&1; then
    echo "deb [signed-by=$key] ${repository}/stable/deb/\\$(ARCH) /" > "$list.new"
    updated=
  else
    printf '%s\\n' '[nvidia-container-toolkit]' name=nvidia-container-toolkit 'baseurl=${repository}/stable/rpm/$basearch' \\
      repo_gpgcheck=1 gpgcheck=0 enabled=1 "gpgkey=file://$key" sslverify=1 > "$list.new"
  fi
  mv "$list.new" "$list"
}

toolkit() {
  if ! command -v nvidia-ctk >/dev/null 2>&1 || ! command -v nvidia-container-runtime-hook >/dev/null 2>&1; then
    echo "The machine has no NVIDIA container toolkit; installing it"
    : > "$marker"
    { install nvidia-container-toolkit >/dev/null 2>&1 || { add_repository && install nvidia-container-toolkit; }; } ||
      fail 'the NVIDIA container toolkit could not be installed' 'See whether the machine reaches nvidia.github.io, or choose a machine image with the toolkit in it.'
  fi
  if ! docker info --format '{{json .Runtimes}}' 2>/dev/null | grep -q '"nvidia"'; then
    : > "$marker"
    nvidia-ctk runtime configure --runtime=docker || fail 'nvidia-ctk could not tell the Docker engine of the GPUs' 'Look at /etc/docker/daemon.json on the machine.'
  fi
  if [ -e "$marker" ]; then
    control restart
    awaits
    docker info --format '{{json .Runtimes}}' 2>/dev/null | grep -q '"nvidia"' || fail "the Docker engine does not know NVIDIA's runtime after a restart" 'Look at /etc/docker/daemon.json and \`docker info\` on the machine.'
    rm -f "$marker"
  fi
  echo 'Containers can have the GPUs'
}
`;
