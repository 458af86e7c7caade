import {messageOf} from '../../system/problem.js';
import type {App} from './app.js';

/** Looks anew at what runs; the cursor stays with the environment that it was on. */
export async function loadEnvironments(app: App): Promise<void> {
	try {
		const environments = await app.engine.runs();
		const {environments: before, cursor} = app.state();
		const index = environments.findIndex(({name}) => name === before[cursor.environments]?.name);
		const place = index < 0 ? Math.max(0, Math.min(environments.length - 1, cursor.environments)) : index;
		app.set({environments, cursor: {...cursor, environments: place}});
	} catch (error) {
		app.say(`Environments cannot be listed: ${messageOf(error)}`, 'error');
	}
}
