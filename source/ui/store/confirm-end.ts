import {programName} from '../../system/program-name.js';
import {type Consent, consentTo} from '../../runs/model/consent.js';
import {messageOf} from '../../system/problem.js';
import type {App} from './app.js';
import {bringHomeThen} from './bring-home.js';
import type {Ending} from './ending.js';
import {currentHandle} from './tabs.js';

const heading = 'It holds work that exists nowhere else:';

/** What is said of the work in an environment: none, some that can be brought home, or that it cannot be asked. */
type Loss = {readonly kind: 'none' | 'work' | 'unknown'; readonly lines: readonly string[]; readonly consent: Consent};

/**
Asks what would be lost with an environment, shows that with the question, and ends it only on a yes. Taken back with escape, or left for
another screen meanwhile, the question does not come any more.
*/
export async function confirmEnd(app: App, ending: Ending): Promise<void> {
	const {screen} = app.state();
	const handle = currentHandle(app);
	if (app.takeBack) {
		return;
	}

	const taken = Promise.withResolvers<undefined>();
	app.takeBack = () => taken.resolve(undefined);
	let loss: Loss | undefined;
	await app.work('asking for work that exists nowhere else; esc leaves it as it is', async () => {
		loss = await Promise.race([lossOf(ending), taken.promise]);
	});
	app.takeBack = undefined;
	if (loss === undefined || app.hasEnded || app.state().screen !== screen || currentHandle(app) !== handle) {
		return;
	}

	askHow(app, ending, loss);
}

function askHow(app: App, ending: Ending, {kind, lines, consent}: Loss): void {
	const {name, title, end, isAgreed = false} = ending;
	const endNow = (lost: Consent = consent) => void app.work(`ending ${name}`, async () => end(lost));
	if (isAgreed && kind === 'none') {
		endNow();
		return;
	}

	const keep = {label: 'No, leave it as it is', value: 'no'};
	const yes = {label: 'Yes, end it', value: 'yes'};
	const home = {label: 'b: bring that home, then end it', value: 'home', key: 'b'};
	const lose = {label: 'Yes, end it and lose that', value: 'lose'};
	const blind = {label: 'Yes, end it, whatever is in it', value: 'lose'};
	const options = {none: [keep, yes], work: [home, keep, lose], unknown: [keep, blind]}[kind];
	app.ask({title, lines, options}, value => {
		if (value === 'yes') {
			endNow();
		} else if (value === 'home') {
			void bringHomeThen(app, ending);
		} else if (value === 'lose') {
			askTwice(app, name, () => endNow({lose: 'all'}));
		}
	});
}

/** What is lost for good is not lost by one key. */
function askTwice(app: App, name: string, end: () => void): void {
	const options = [
		{label: 'No, leave it as it is', value: 'no'},
		{label: 'y: lose what is in it', value: 'yes', key: 'y'},
	];
	app.ask({title: `Lose the work in ${name} for good?`, lines: [], options}, value => {
		if (value === 'yes') {
			end();
		}
	});
}

async function lossOf({ask, isHalted = false, name}: Ending): Promise<Loss> {
	const unknown = 'It cannot be asked for work that exists nowhere else';
	try {
		const work = await ask();
		if (!work && isHalted) {
			return {
				kind: 'unknown',
				lines: [
					'Its machine is stopped, so that it cannot be asked for work that exists nowhere else.',
					`S, or \`${programName} start ${name}\`, starts it again, and it can; ended, its disk goes with all that is on it.`,
				],
				consent: {lose: 'nothing'},
			};
		}

		if (!work) {
			return {kind: 'unknown', lines: [`${unknown}.`], consent: {lose: 'nothing'}};
		}

		const consent = consentTo(work);
		return work.changed ? {kind: 'work', lines: [heading, ...work.lines], consent} : {kind: 'none', lines: [], consent};
	} catch (error) {
		return {kind: 'unknown', lines: [`${unknown}: ${messageOf(error)}`], consent: {lose: 'nothing'}};
	}
}
