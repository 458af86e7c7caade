import {loadOffers, makePlan} from './loading.js';
import type {BuildPolicy, ConfigurationFile, Profile} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import {reasonsAgainst} from '../../offers/reasons.js';
import type {Choice} from '../../runs/model/choice.js';
import {endlessWords, missingBuild} from '../../runs/words/plan-words.js';
import {startQuestion, unagreedProblem} from '../../runs/words/start-words.js';
import {withLogins} from '../../runs/plan/registry-logins.js';
import {firstToTry} from '../../runs/plan/list-offers.js';
import type {App} from './app.js';
import {changeGrid, chosenOffer, rememberFilter} from './offers.js';
import {nothingShown} from './grid-state.js';
import {beginRun} from './running.js';
import type {AppState} from './state.js';

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

/** Turns whether the person vouches for the code, and plans anew. */
export async function turnTrust(app: App): Promise<void> {
	const {plan} = app.state();
	app.set({trusted: !plan?.code.trusted});
	await makePlan(app, plan?.agreed);
}

/** Starts what is planned; where that is more than a plan says on its face, after a question, unless that was answered before. */
export async function launch(app: App, isAgreed = false): Promise<void> {
	const {plan} = app.state();
	if (plan?.image.decision === 'missing') {
		app.say(`${missingBuild}: b makes it`, 'error');
		return;
	}

	const {question, lines} = plan && !isAgreed ? startQuestion(plan) : {question: '', lines: []};
	if (plan && lines.length > 0) {
		app.ask(
			{
				title: question,
				lines,
				options: [
					{label: 'No, start nothing', value: 'no'},
					{label: `Yes, start it${endlessWords(plan) === undefined ? '' : ': I end it myself'}`, value: 'yes'},
				],
			},
			value => {
				if (value === 'yes' && app.state().plan === plan) {
					app.set({plan: withLogins(plan)});
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
export async function openPlan(app: App, choice: Choice, yes: boolean, trusted?: boolean): Promise<void> {
	app.set({configuration: choice.configuration, profile: choice.profile, flags: choice.flags, name: choice.name, trusted});
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
	const {plan} = app.state();
	const problem = yes && plan ? unagreedProblem(plan) : undefined;
	if (problem) {
		app.say(`${problem.message}; enter asks`, 'error');
	} else if (yes) {
		await launch(app, true);
	}
}
