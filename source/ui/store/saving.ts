import path from 'node:path';
import type {SaveTarget} from '../../configuration/files/save.js';
import type {RequirementFlags, RequirementSettings} from '../../configuration/model.js';
import type {App} from './app.js';
import {loadFolder} from './load-folder.js';
import {changeFlags, formRows} from './form.js';

/** What was changed for this run, as it is asked for now. */
function changedWishes(app: App): RequirementSettings {
	const {flags, request} = app.state();
	const changed = formRows.filter(row => row.flag(flags) !== undefined).map(({key}) => key);
	return Object.fromEntries(changed.map(key => [key, request?.requirements[key]]).filter(([, value]) => value !== undefined));
}

/** Asks where the changes are to be written down. */
export function offerSave(app: App): void {
	const {configuration, profile, request} = app.state();
	if (!configuration || !request) {
		return;
	}

	const asked = request.requirements.asked.filter(({key}) => key in changedWishes(app));
	app.ask(
		{
			title: 'Write the changes down?',
			lines: asked.map(({words}) => words),
			options: [
				...(profile ? [{label: `In the profile ${profile.name} (${profile.file})`, value: 'profile'}] : []),
				{label: `In the configuration (${configuration.file})`, value: 'configuration'},
				{label: 'As a new profile', value: 'new'},
				{label: 'No, only for this run', value: 'no'},
			],
		},
		value => {
			if (value === 'profile' && profile) {
				void save(app, {path: profile.path, place: ['profiles', profile.index]}, profile.name);
			} else if (value === 'configuration') {
				void save(app, {path: configuration.path, place: []}, profile?.name);
			} else if (value === 'new') {
				app.edit('profile-name', 'name of the profile: ', '');
			}
		},
	);
}

/** Writes the changes down as a profile of their own, and uses that. */
export async function saveProfile(app: App, name: string): Promise<void> {
	if (!/^[\w.-]{1,60}$/.test(name)) {
		app.say('A name of letters, digits, dots and dashes is expected', 'error');
		return;
	}

	if (app.state().profiles?.profiles.some(profile => profile.name === name)) {
		app.say(`There is a profile called ${name} already`, 'error');
		return;
	}

	const file = app.state().profiles?.paths.find(each => each.startsWith(app.core.folder + path.sep));
	await save(app, {path: file ?? path.join(app.core.folder, '.dstack', 'profiles.yml'), newProfile: name}, name);
}

/** Writes the changes, reads the files again, and goes on with what they say now. */
async function save(app: App, target: SaveTarget, profileName: string | undefined): Promise<void> {
	await app.work('writing', async () => {
		await app.core.saveRequirements(target, changedWishes(app));
		const {configuration: before} = app.state();
		await loadFolder(app);
		const {configurations, profiles, flags} = app.state();
		const configuration = configurations?.find(({path: file}) => file === before?.path);
		if (configuration?.environment) {
			app.set({configuration, profile: profiles?.profiles.find(({name}) => name === profileName)});
			changeFlags(app, withoutWishes(flags));
			app.say(`Written to ${target.path}`);
		}
	});
}

/** What the form changes is in the file now; everything else on the command line stays. */
const withoutWishes = (flags: RequirementFlags): RequirementFlags =>
	formRows.reduce((left, row) => row.change(left, undefined), flags);
