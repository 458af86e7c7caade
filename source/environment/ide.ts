import type {Ide} from '../configuration/model.js';

const names: Readonly<Record<Ide, string>> = {
	vscode: 'VS Code',
	'vscode-insiders': 'VS Code Insiders',
	cursor: 'Cursor',
	windsurf: 'Windsurf',
	zed: 'Zed',
};

const encodePath = (folder: string): string => folder.split('/').map(encodeURIComponent).join('/');

/** The link that opens a folder of an environment in the person's editor, over the ssh alias. `folder` is absolute, there. */
export function ideLink(ide: Ide, alias: string, folder: string): {ide: string; url: string} {
	const place = encodePath(folder.startsWith('/') ? folder : `/${folder}`);
	const url = ide === 'zed' ? `zed://ssh/${alias}${place}` : `${ide}://vscode-remote/ssh-remote+${alias}${place}`;
	return {ide: names[ide], url};
}
