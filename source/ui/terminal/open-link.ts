import {spawn} from 'node:child_process';
import path from 'node:path';
import {findEditorCommand} from '../../environment/ide/editor-command.js';
import {onPath, editorSearch, type EditorSearch} from '../../environment/ide/local-editor.js';

/** How long an opener is waited for, milliseconds: one that still runs then has opened something. */
const patience = 3000;

/**
Opens a link on the person's desktop: with `command`, their own editor's, where that is found here, else with the desktop's own program for
links. No shell sees it. Rejects with the reason where there is no desktop, no program, or it refuses.
*/
export async function openLink(url: string, command: readonly string[] = [], around = editorSearch()): Promise<void> {
	refuseWithoutDesktop(around);
	const [name, ...args] = command;
	const editor = name === undefined ? undefined : await findEditorCommand(name, around);
	await start(editor === undefined ? await openerOf(url, around) : [editor, ...args], around);
}

function refuseWithoutDesktop({platform, env, wsl}: EditorSearch): void {
	const hasScreen = Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
	const isFar = Boolean(env['SSH_CONNECTION'] || env['SSH_TTY']);
	if (isFar && !hasScreen) {
		throw new Error('this is a session over SSH; open it on the machine that you sit at');
	}

	if (platform !== 'darwin' && platform !== 'win32' && !wsl && !hasScreen) {
		throw new Error('there is no desktop here');
	}
}

/** Windows' own way to open a link that needs no shell, which would take `&` and `^` for its own. */
const ofWindows = ['url.dll,FileProtocolHandler'];

async function openerOf(url: string, around: EditorSearch): Promise<readonly string[]> {
	const {platform, wsl} = around;
	if (platform === 'darwin') {
		return ['open', url];
	}

	if (platform === 'win32') {
		return ['rundll32.exe', ...ofWindows, url];
	}

	const [viewer] = wsl ? await onPath('wslview', around) : [];
	return viewer !== undefined ? [viewer, url] : wsl ? ['rundll32.exe', ...ofWindows, url] : ['xdg-open', url];
}

/** Starts it apart from this program, whose end it survives, and waits until it is through or has been at it for a while. */
async function start([program = '', ...args]: readonly string[], {env, home}: EditorSearch): Promise<void> {
	const name = path.basename(program);
	await new Promise<void>((resolve, reject) => {
		const child = spawn(program, args, {cwd: home, env: {...env}, stdio: 'ignore', detached: true});
		const timer = setTimeout(resolve, patience);
		child.once('error', (error: NodeJS.ErrnoException) => {
			clearTimeout(timer);
			reject(new Error(error.code === 'ENOENT' ? `there is no ${name}` : `${name} could not be started (${error.message})`));
		});
		child.once('exit', (code, signal) => {
			clearTimeout(timer);
			if (code === 0) {
				resolve();
			} else {
				reject(new Error(`${name} ended ${signal === null ? `with exit code ${code ?? 'unknown'}` : `by ${signal}`}`));
			}
		});
		child.unref();
	});
}
