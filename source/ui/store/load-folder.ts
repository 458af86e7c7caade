import type {App} from './app.js';
import {loadEnvironments} from './listing.js';
import {inTreeOrder} from './tree.js';
import {offerStarter} from './wizard.js';

/** Reads what there is in the folder; the cursor goes to what was chosen here last. */
export async function loadFolder(app: App): Promise<void> {
	const read = async () => {
		const [found, profiles] = await Promise.all([app.core.configurations(), app.core.profiles()]);
		const configurations = inTreeOrder(found);
		const last = app.core.preferences.last();
		const index = Math.max(
			0,
			configurations.findIndex(({file}) => file === last.configuration),
		);
		app.set({configurations, profiles, cursor: {...app.state().cursor, configurations: index}});
		if (configurations.length === 0) {
			await offerStarter(app, loadFolder);
		}
	};

	await app.work('looking for configurations', read, {isAside: true});
	void loadEnvironments(app);
}
