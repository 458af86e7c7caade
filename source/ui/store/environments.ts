import {messageOf} from '../../system/problem.js';
import type {App} from './app.js';

/** Looks anew at what runs. */
export async function loadEnvironments(app: App): Promise<void> {
	try {
		app.set({environments: await app.engine.runs()});
	} catch (error) {
		app.say(`Environments cannot be listed: ${messageOf(error)}`, 'error');
	}
}
