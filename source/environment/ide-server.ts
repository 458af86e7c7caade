import type {Ide} from '../configuration/model.js';
import {quote} from '../system/shell.js';

export type Editor = {readonly folder: string; readonly quality: 'stable' | 'insider'; readonly name: string};

/** Editors whose server can be there before the editor comes. Others fetch theirs when they connect. */
export const editorWithServer = (ide: Ide | undefined): Editor | undefined => {
	switch (ide) {
		case 'vscode': {
			return {folder: '.vscode-server', quality: 'stable', name: 'Stable'};
		}

		case 'vscode-insiders': {
			return {folder: '.vscode-server-insiders', quality: 'insider', name: 'Insiders'};
		}

		default: {
			return undefined;
		}
	}
};

const updates = 'https://update.code.visualstudio.com';
const extensions = ['ms-python.python', 'ms-toolsai.jupyter'];

/**
A function `editor_server` of a script: puts the server of the newest version where Remote-SSH looks for it, with the extensions for Python
and Jupyter. An editor of another version fetches its own and finds the extensions. Where nothing answers it gives up in seconds.
*/
export const editorServerFunction = ({folder, quality, name}: Editor, origin = updates): string => `
fetch() {
  if command -v curl >/dev/null 2>&1; then curl -fsSL --connect-timeout 4 --speed-limit 1000 --speed-time 15 "$1"
  elif command -v wget >/dev/null 2>&1; then wget -q -T 5 -t 1 -O - "$1"
  else echo 'the image has neither curl nor wget' >&2; return 1; fi
}

editor_server() {
  if [ -f /etc/alpine-release ]; then echo "the editor's server for Alpine is left to the editor"; return 0; fi
  case "$(uname -m)" in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) echo "the editor has no server for $(uname -m)"; return 0 ;;
  esac
  origin=${quote(origin)}
  commit=$(fetch "$origin/api/commits/${quality}/server-linux-$arch" | tr ',' '\\n' | sed -n 's/^\\[*"\\([0-9a-f]\\{40\\}\\)".*/\\1/p' | head -n 1)
  if [ -z "$commit" ]; then echo "$origin does not answer"; return 1; fi
  place="$HOME/${folder}/cli/servers/${name}-$commit/server"
  if [ ! -x "$place/bin/code-server" ]; then
    rm -rf "$place.new"
    mkdir -p "$place.new" || return 1
    fetch "$origin/commit:$commit/server-linux-$arch/${quality}" > "$place.tar" && tar -xzof "$place.tar" --strip-components 1 -C "$place.new"
    code=$?
    rm -f "$place.tar"
    if [ "$code" -ne 0 ]; then rm -rf "$place.new"; echo "the editor's server could not be fetched"; return 1; fi
    rm -rf "$place"
    mv "$place.new" "$place" || return 1
  fi
  "$place/bin/code-server" ${extensions.map(each => `--install-extension ${each}`).join(' ')} || { echo 'the extensions could not be installed'; return 1; }
}
`;
