import {starterConfiguration} from '../../configuration/starter/starter.js';
import type {BuildPolicy, ConfigurationFile, Profile} from '../../configuration/model.js';
import {breathe} from '../../offers/catalogue/breathe.js';
import type {Offer} from '../../offers/offer.js';
import {reasonsAgainst} from '../../offers/reasons.js';
import type {Choice} from '../../runs/model/choice.js';
import {endlessWords, missingBuild} from '../../runs/words/plan-words.js';
import {firstToTry, othersAfter} from '../../runs/plan/list-offers.js';
import type {App} from './app.js';
import {loadEnvironments} from './environments.js';
import {changeGrid, chosenOffer, nothingShown, pinnedOffers, rememberFilter, takeListing} from './offers.js';
import {beginRun} from './running.js';
import type {AppState} from './state.js';
import {inTreeOrder} from './tree.js';
import {startWizard} from './wizard.js';

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
			await offerStarter(app);
		}
	};

	await app.work('looking for configurations', read, {isAside: true});
	void loadEnvironments(app);
}

export async function offerStarter(app: App): Promise<void> {
	const text = await starterConfiguration(app.core.folder);
	app.ask(
		{
			title: 'Write this .dstack.yml?',
			lines: text.trimEnd().split('\n'),
			options: [
				{label: 'Write it', value: 'write'},
				{label: 'Choose what is in it', value: 'choose'},
				{label: 'Not now', value: 'no'},
			],
		},
		value => {
			if (value === 'write') {
				void app.work('writing', async () => {
					await app.core.writeStarter();
					await loadFolder(app);
				});
			} else if (value === 'choose') {
				void startWizard(app);
			}
		},
	);
}

export function chooseConfiguration(app: App, configuration: ConfigurationFile): void {
	if (!configuration.environment) {
		app.say(`${configuration.file} has problems; e edits it`, 'error');
		return;
	}

	const {profiles} = app.state();
	app.set({configuration, offer: undefined, plan: undefined, listing: undefined, shown: nothingShown});
	if (profiles && (profiles.profiles.length > 0 || profiles.diagnostics.length > 0)) {
		const last = app.core.preferences.last();
		const wanted = profiles.profiles.findIndex(({name, default: isDefault}) =>
			last.profile ? name === last.profile : isDefault,
		);
		app.set({cursor: {...app.state().cursor, profiles: wanted < 0 ? profiles.profiles.length : wanted}});
		app.go('profiles');
	} else {
		chooseProfile(app, undefined);
	}
}

export function chooseProfile(app: App, profile: Profile | undefined): void {
	app.set({profile, cursor: {...app.state().cursor, offers: 0}});
	app.go('offers');
	void loadOffers(app);
}

const choiceOf = (app: App): Choice => {
	const {configuration, profile, flags, name} = app.state();
	if (!configuration) {
		throw new Error('no configuration was chosen');
	}

	return {folder: app.core.folder, configuration, profile, flags, name};
};

/** Asks all backends anew; what an earlier question still brings is not heard any more. */
export async function loadOffers(app: App): Promise<void> {
	const asking = new AbortController();
	const {signal} = asking;
	app.keep('offers', () => asking.abort());
	try {
		const request = app.core.request(choiceOf(app));
		app.set({request});
		for await (const listing of app.core.offers(request, signal)) {
			// A key that came while all that was matched goes before all that is drawn for it.
			await breathe();
			signal.throwIfAborted();
			takeListing(app, listing);
		}
	} catch (error) {
		if (!signal.aborted) {
			await app.work('', async () => Promise.reject(error));
		}
	}
}

/** Checks everything for the offer under the cursor, and shows what would be done. With `agreed` dearer offers need no question. */
export async function makePlan(app: App, agreed = false): Promise<void> {
	const {request, offer} = app.state();
	if (!request || !offer) {
		return;
	}

	app.set({plan: undefined});
	await app.work('checking code, ports and disk', async () => {
		const {listing, grid} = app.state();
		const picks = {pinned: pinnedOffers(app.state()), excluded: grid.excluded};
		const others = listing ? othersAfter(listing, offer, picks) : [];
		app.set({plan: await app.core.plan({...request, choice: choiceOf(app)}, offer, {others, agreed})});
	});
}

/** Plans with the offer under the cursor, or another; on a group, opens it. */
export function chooseOffer(app: App, given?: Offer): void {
	const {shown, cursor, grid} = app.state();
	const group = given ? undefined : shown.groups?.[cursor.offers];
	if (group) {
		changeGrid(app, {opened: group.key}, group.cheapest);
		return;
	}

	const offer = given ?? chosenOffer(app.state());
	if (!offer) {
		return;
	}

	if (offer.availability !== 'available' && offer.availability !== 'unknown') {
		const {listing, request} = app.state();
		const next = listing?.backends.find(({backend}) => backend === offer.backend)?.next;
		const against = request ? reasonsAgainst(offer, request.requirements) : [];
		app.say(`Not to be had: ${against.join('; ')}${next === undefined ? '' : `. ${next}`}`, 'error');
		return;
	}

	rememberFilter(app, grid.filter);
	app.set({offer});
	app.go('plan');
	void makePlan(app);
}

/** What comes after each, from the key that turns them. */
const nextPolicy = {use: 'build', build: 'force-build', 'force-build': 'use'} as const;

/** What the key would ask of the build commands' image. */
export const nextBuild = ({flags}: Pick<AppState, 'flags'>): BuildPolicy => nextPolicy[flags.build ?? 'use'];

/** Turns whether the image of the build commands is made, and plans anew. */
export async function turnBuild(app: App): Promise<void> {
	const {flags, plan} = app.state();
	app.set({flags: {...flags, build: nextBuild(app.state())}});
	await makePlan(app, plan?.agreed);
}

/** Starts what is planned; where something in it ends only by a person, after a question, unless that was answered before. */
export async function launch(app: App, isAgreed = false): Promise<void> {
	const {plan} = app.state();
	if (plan?.image.decision === 'missing') {
		app.say(`${missingBuild}: b makes it`, 'error');
		return;
	}

	const endless = plan && !isAgreed ? endlessWords(plan) : undefined;
	if (plan && endless !== undefined) {
		app.ask(
			{
				title: `Start ${plan.name}, which costs money until somebody ends it?`,
				lines: [endless],
				options: [
					{label: 'No, start nothing', value: 'no'},
					{label: 'Yes, start it: I end it myself', value: 'yes'},
				],
			},
			value => {
				if (value === 'yes' && app.state().plan === plan) {
					void launch(app, true);
				}
			},
		);
		return;
	}

	if (plan && !app.hasEnded) {
		await app.work('starting', async () => {
			app.core.preferences.remember(plan.request.choice);
			await beginRun(app, app.core.launch(plan));
		});
	}
}

/** Straight to the plan, as `run` asks: with the flags, and the first offer that can be had. */
export async function openPlan(app: App, choice: Choice, yes: boolean): Promise<void> {
	app.set({configuration: choice.configuration, profile: choice.profile, flags: choice.flags, name: choice.name});
	const interrupted = await app.core.interrupted(choice);
	if (interrupted) {
		if (await beginRun(app, app.core.attach(interrupted.name))) {
			app.say(`${interrupted.name} was interrupted; going on with it as it was planned then`);
		}

		return;
	}

	app.go('offers');
	await loadOffers(app);
	const {shown, listing} = app.state();
	const offer = listing && firstToTry(listing);
	if (!offer) {
		app.say('No offer matches what is asked for', 'error');
		return;
	}

	const row = listing.table.rowOf(offer.id);
	app.set({cursor: {...app.state().cursor, offers: row === undefined ? 0 : Math.max(0, shown.rows.indexOf(row))}, offer});
	app.go('plan');
	await makePlan(app, yes);
	if (yes) {
		await launch(app, true);
	}
}
