import type {App} from './app.js';
import {loadOffers, makePlan} from './loading.js';
import {requestWith} from './form.js';
import {messageOf} from '../../system/problem.js';
import {inTreeOrder} from './tree.js';

/**
Reads the files anew after they changed on disk, and goes on with what they say now: the cursor stays on its configuration, and what was
chosen is what it has become. A choice that has problems now is told, and the plan of before cannot be started any more.
*/
export async function refreshFolder(app: App): Promise<void> {
	try {
		const [found, profiles] = await Promise.all([app.core.configurations(), app.core.profiles()]);
		const {configurations: before, cursor} = app.state();
		const configurations = inTreeOrder(found);
		const shown = before?.[cursor.configurations]?.path;
		const index = configurations.findIndex(({path}) => path === shown);
		app.set({configurations, profiles, cursor: {...app.state().cursor, configurations: Math.max(0, index)}});
		takeChoice(app);
	} catch (error) {
		app.say(`The folder cannot be read anew: ${messageOf(error)}`, 'error');
	}
}

function takeChoice(app: App): void {
	const {configuration: chosen, profile: chosenProfile, configurations, profiles, screen, flags} = app.state();
	if (!chosen || !['profiles', 'form', 'offers', 'plan'].includes(screen)) {
		return;
	}

	const configuration = configurations?.find(({path}) => path === chosen.path);
	if (!configuration?.environment) {
		app.set({plan: undefined});
		app.say(`${chosen.file} ${configuration ? 'has problems now' : 'is not there any more'}; esc leads back to it`, 'error');
		return;
	}

	const profile = profiles?.profiles.find(({name}) => name === chosenProfile?.name);
	if (JSON.stringify([configuration, profile]) === JSON.stringify([chosen, chosenProfile])) {
		return;
	}

	app.set({configuration, profile});
	if (screen !== 'profiles') {
		app.set({request: requestWith(app, flags)});
		void loadOffers(app).then(async () => (app.state().screen === 'plan' ? makePlan(app) : undefined));
	}

	app.say('The files changed; this is what they say now');
}
