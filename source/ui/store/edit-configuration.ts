import process from 'node:process';
import {messageOf} from '../../system/problem.js';
import type {App} from './app.js';

/** Reads what there is in the folder, again. */
export type Reload = (app: App) => Promise<void>;

/** Opens the configuration under the cursor in the person's editor, and reads the folder again after, by `reload`. */
export async function editConfiguration(app: App, reload: Reload): Promise<void> {
	const {configurations, cursor} = app.state();
	const chosen = configurations?.[cursor.configurations];
	if (!chosen) {
		return;
	}

	// The variable may hold arguments (`code --wait`), so a shell splits it; the path is an argument and never interpreted.
	const editor = process.env['VISUAL'] || process.env['EDITOR'] || 'vi';
	try {
		const code = await app.options.hand(['sh', '-c', `${editor} "$1"`, 'sh', chosen.path]);
		await reload(app);
		if (code !== 0) {
			app.say(`${editor} ended with exit code ${code}; EDITOR names another editor`, 'error');
		}
	} catch (error) {
		app.say(`${editor} could not be started: ${messageOf(error)}`, 'error');
	}
}
