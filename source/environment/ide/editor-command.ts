import {existsSync} from 'node:fs';
import {expand} from './install-locations.js';
import {firstEditor, isOfWindows, onPath, productFilesOf, editorSearch, type EditorSearch} from './local-editor.js';
import {products, type ServerIde} from './products.js';

/** Zed's command has another name where `zed` was somebody's already. */
const otherNames: Readonly<Record<string, readonly string[]>> = {zed: ['zeditor', 'zedit']};

/**
The file of an editor's command on the person's PATH, which takes `--remote`; undefined where there is none. `code` may as well be a
relative's, so that one is skipped. Those of Windows are never taken: under WSL they would open a window of WSL, and as batch files they need
a shell.
*/
export async function findEditorCommand(command: string, around: EditorSearch = editorSearch()): Promise<string | undefined> {
	const names = [command, ...(otherNames[command] ?? [])];
	const programs = (await Promise.all(names.map(async name => onPath(name, around)))).flat();
	const ide = (Object.keys(products) as ServerIde[]).find(each => products[each].command === command);
	for (const program of programs) {
		if (!isOfWindows(program, around) && (ide === undefined || (await isOf(ide, program, around)))) {
			return program;
		}
	}

	return undefined;
}

/** Whether it belongs to that editor, or to no known one: a wrapper of the user. */
async function isOf(ide: ServerIde, program: string, around: EditorSearch): Promise<boolean> {
	const files = productFilesOf(program, around);
	if (await firstEditor(ide, files)) {
		return true;
	}

	return !(await Promise.all(files.map(expand))).flat().some(file => existsSync(file));
}
