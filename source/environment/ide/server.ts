import {quote} from '../../system/shell.js';
import {checkPart} from './check-part.js';
import {downloadsOf, platforms} from './downloads.js';
import {fetchPart, needsClientCode, refusedCode} from './fetch-part.js';
import type {RecordedSums} from './recorded-sums.js';
import {type Editor, products, type ServerIde} from './products.js';

const extensions = ['ms-python.python', 'ms-toolsai.jupyter'];

export type ServerOptions = {
	readonly editor: Editor;
	/** An address that replaces all those that editors are fetched from. */
	readonly origin: string | undefined;
	/** What the archives were when they first came, by their addresses. */
	readonly kept?: RecordedSums | undefined;
};

type Layout = {
	/** What is put there in one piece; `$inner` is the server's own folder in it. */
	readonly whole: string;
	readonly inner: string;
	/** Where older versions of the editor's extension for SSH look. */
	readonly older: readonly string[];
	readonly cli: {readonly place: string; readonly member: string} | undefined;
};

/** Where the editor looks for a server, in words of the script. */
function layoutOf(ide: ServerIde): Layout {
	switch (ide) {
		case 'vscode': {
			return codeLayout('Stable', 'code');
		}

		case 'vscode-insiders': {
			return codeLayout('Insiders', 'code-insiders');
		}

		case 'cursor': {
			return {
				whole: '$base/bin/linux-$arch/$commit',
				inner: '',
				older: ['$base/bin/$commit', '$base/cli/servers/Stable-$commit/server'],
				cli: undefined,
			};
		}

		case 'windsurf': {
			return {whole: '$base/bin/$commit', inner: '', older: [], cli: undefined};
		}
	}
}

/** Its `code` takes a folder of the whole's name for a finished download: microsoft/vscode, cli/src/download_cache.rs. */
const codeLayout = (name: string, command: string): Layout => ({
	whole: `$base/cli/servers/${name}-$commit`,
	inner: '/server',
	older: ['$base/bin/$commit'],
	cli: {place: `$base/${command}-$commit`, member: command},
});

/** Sets what the functions below work with, once `check_environment` has set the platform. */
function settings({editor, origin, kept}: ServerOptions): string {
	const {folder, program} = products[editor.ide];
	const {whole, inner, older, cli} = layoutOf(editor.ide);
	const cases = platforms.map(platform => {
		const downloads = downloadsOf(editor, platform, origin);
		const words = (['server', 'cli'] as const).flatMap(part => {
			const url = downloads?.[part] ?? '';
			const {sum = '', file = ''} = kept?.get(url) ?? {};
			return [`${part}_url=${quote(url)}`, `${part}_sum=${quote(sum)}`, `${part}_place=${quote(file)}`];
		});
		return `    ${platform}) ${words.join(' ')} ;;`;
	});
	return `name=${quote(products[editor.ide].name)} version=${quote(editor.version)} commit=${quote(editor.commit)} program=${program}
base="$HOME/${folder}"
server_file="$base/.dstack-tui-$commit-server.tar.gz" cli_file="$base/.dstack-tui-$commit-cli.tar.gz"

settle() {
  check_environment || { verdict="$name's server cannot run here: "; return 1; }
  case "$platform" in
${cases.join('\n')}
  esac
  whole="${whole}" inner=${inner} root="${whole}${inner}" cli="${cli?.place ?? ''}" member=${cli?.member ?? ''}
  if [ -z "$server_url" ]; then
    verdict="$name's server cannot run here: "
    tell "its maker has none for musl (Alpine)"
    return 1
  fi
}

link_older() {
  for each in ${older.map(place => `"${place}"`).join(' ')}; do
    [ -e "$each/bin/$program" ] && continue
    rm -rf "$each"
    mkdir -p "\${each%/*}" && ln -s "$root" "$each" || tell "$each cannot be written"
  done
}
`;
}

const installPart = `has_server() { [ -x "$root/bin/$program" ]; }
has_cli() { [ -z "$cli_url" ] || [ -x "$cli" ]; }

not_it() {
  verdict="$name gets its server itself: "
  detail=$(tail -n 1 "$work/complaint" | tr ';' ',')
  tell "what came is no $1 of $name\${detail:+ ($detail)}"
}

# Nobody, also no editor that connects meanwhile, ever sees a part of it.
unpack_server() {
  rm -rf "$whole.new"
  mkdir -p "$whole.new$inner" || { tell "$whole cannot be written"; return 1; }
  if tar -xzof "$server_file" --strip-components 1 -C "$whole.new$inner" 2> "$work/complaint" && [ -x "$whole.new$inner/bin/$program" ]; then
    if ! has_server; then rm -rf "$whole" && mv "$whole.new" "$whole"; fi
  fi
  rm -rf "$whole.new" "$server_file"
  has_server && return 0
  not_it server
  return 1
}

unpack_cli() {
  rm -rf "$cli.new"
  mkdir -p "$cli.new"
  if tar -xzof "$cli_file" -C "$cli.new" 2> "$work/complaint" && [ -f "$cli.new/$member" ]; then
    chmod +x "$cli.new/$member" && mv "$cli.new/$member" "$cli"
  fi
  rm -rf "$cli.new" "$cli_file"
  has_cli && return 0
  not_it command
  return 1
}

extension_is_there() {
  set -- "$base/extensions/$1-"[0-9]*
  [ -e "$1" ]
}

install_extensions() {
  wanted= names=
  for each in ${extensions.join(' ')}; do
    extension_is_there "$each" || { wanted="$wanted --install-extension $each" names="\${names:+$names, }$each"; }
  done
  [ -n "$wanted" ] || return 0
  limited 180 "$root/bin/$program" $wanted && return 0
  tell "$name could not get its extensions ($names) and will offer to"
  return 1
}

get() {
  fetch "$@"
  code=$?
  [ "$code" -eq 0 ] && return 0
  verdict="$name gets its server itself: "
  [ "$code" -ne ${refusedCode} ] || verdict="$name's server is not put there: "
  tell "$reason"
  return "$code"
}

editor_server() {
  settle || return 1
  if ! has_server; then
    check_room || return 1
    get "$server_url" "$server_file" "server of $name $version" "$server_sum" "$server_place" || return "$?"
    unpack_server || return 1
  fi
  rm -f "$server_file.part"
  link_older
  if ! has_cli; then
    get "$cli_url" "$cli_file" "command of $name $version" "$cli_sum" "$cli_place" || return "$?"
    unpack_cli || return 1
  fi
  echo "The server of $name $version is there ($commit)."
  install_extensions
}
`;

/** A folder of the script's own, and the end of the script: its last line is all reasons, one after the other. */
const begin = `umask 022
verdict=
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
[ -z "$STEP_FOLDER" ] || rm -f "$STEP_FOLDER/sums"
`;

const finish = `finish() {
  write_next
  [ -z "$reasons" ] || echo "$verdict$reasons"
  [ "$1" -ne ${needsClientCode} ] || exit ${needsClientCode}
  [ -z "$reasons" ] || exit 1
  exit 0
}
`;

const functions = (options: ServerOptions): string =>
	[begin, checkPart, fetchPart, settings(options), installPart, finish].join('\n');

/** In the background while the server comes: its output is printed after the server's. */
const kernelPart = (venv: string): string => `kernel() {
  python=${quote(`${venv}/bin/python`)}
  "$python" -c 'import ipykernel' 2>/dev/null && return 0
  if "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m pip install --disable-pip-version-check --progress-bar off --timeout 5 --retries 1 ipykernel
  elif command -v uv >/dev/null 2>&1; then
    UV_HTTP_TIMEOUT=10 uv pip install --no-progress --python "$python" ipykernel
  else
    echo 'the virtual environment has no pip'
    return 1
  fi
}
kernel > "$work/kernel.log" 2>&1 &
kernel=$!
`;

const kernelEnd = `wait "$kernel" || tell 'ipykernel could not be installed, the editor will offer to'
cat "$work/kernel.log"
`;

export type IdeScriptOptions = {
	/** Undefined where the editor's server is not to be put there. */
	readonly server: ServerOptions | undefined;
	/** The virtual environment that gets what Jupyter needs; undefined for none. Absolute. */
	readonly venv: string | undefined;
	/** A reason that is known before it runs. */
	readonly reason?: string;
};

/**
The script of the step `ide`: the editor's server where today's Remote-SSH looks for it and where older ones do, with its extensions, and
`ipykernel`. What is there already is left alone, so a second run is instant. Ends with 0; with 1 and all reasons in its last line; or with
`needsClientCode` where `sendServer` can help. Nothing waits long for a network.
*/
export function ideScript({server, venv, reason}: IdeScriptOptions): string {
	return [
		...(server === undefined ? [begin, checkPart, finish] : [functions(server)]),
		...(venv === undefined ? [] : [kernelPart(venv)]),
		...(reason === undefined ? [] : [`tell ${quote(reason)}`]),
		...(server === undefined ? ['code=0'] : ['editor_server', 'code=$?']),
		...(venv === undefined ? [] : [kernelEnd]),
		'finish "$code"',
		'',
	].join('\n');
}

/** A script that prints what is still to be sent: lines `platform NAME`, `server BYTES`, `cli BYTES`, with how much of each is there already. */
export const missingScript = (options: ServerOptions): string => `${functions(options)}
settle || { echo "$verdict$reasons" >&2; exit 1; }
# Where nothing can work out a checksum, who sends it does, and for that needs all of it.
begun() { if can_sum; then size_of "$1"; else echo 0; fi; }
echo "platform $platform"
if ! has_server; then
  check_room || { echo "$reasons" >&2; exit 1; }
  echo "server $(begun "$server_file.part")"
fi
has_cli || echo "cli $(begun "$cli_file.part")"
exit 0
`;

/** How a script that receives ends where not all came: it goes on from there the next time. */
export const cutCode = 76;

/** A script that takes an archive, or its rest from the byte `from` on, from standard input; `total` is the size of the whole, 0 for unknown. */
export const receiveScript = (options: ServerOptions, part: 'server' | 'cli', from: number, total: number): string =>
	`${functions(options)}
settle || { echo "$verdict$reasons" >&2; exit 1; }
file=$${part}_file
mkdir -p "$base" || exit 1
if [ ${from} -eq 0 ]; then cat > "$file.part" || exit 1
elif [ "$(size_of "$file.part")" -eq ${from} ]; then cat >> "$file.part" || exit 1
else exit ${cutCode}; fi
if [ ${total} -ne 0 ] && [ "$(size_of "$file.part")" -ne ${total} ]; then exit ${cutCode}; fi
`;

/** What is known of an archive that was sent: SHA-256 checksums, as its publisher states it and as it was sent; undefined for not known. */
export type ReportedSums = {readonly told: string | undefined; readonly sent: string | undefined};

/**
A script that unpacks an archive that came whole, where it is what it has to be; it prints its checksum last, as a line `sum HEX`. Ends with
`refusedCode` where it is not: then the reason is the last line of its errors, and what to do is a line `next WORDS`.
*/
export const acceptScript = (options: ServerOptions, part: 'server' | 'cli', {told = '', sent = ''}: ReportedSums): string =>
	`${functions(options)}
settle || { echo "$verdict$reasons" >&2; exit 1; }
file=$${part}_file what=${part === 'server' ? 'server' : 'command'}
accept "$file.part" "$what of $name $version" ${quote(told)} "$${part}_sum" "$${part}_place" ${quote(sent)} || {
  echo "next $advice"
  echo "$reason" >&2
  exit ${refusedCode}
}
mv "$file.part" "$file" || exit 1
unpack_${part} || { echo "$reasons" >&2; exit 1; }
echo "sum $sum"
`;
