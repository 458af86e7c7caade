import type {StepReport} from '../../environment/step.js';
import {formatBytes} from '../../system/format.js';
import {homeLines, homeSummary} from '../../runs/words/bring-home-words.js';
import {messageOf, Problem} from '../../system/problem.js';
import {homeThenEnd} from '../../runs/end/home-then-end.js';
import type {BroughtHome} from '../../environment/bring-home/bring-home.js';
import type {App} from './app.js';
import type {Ending} from './ending.js';

/** Milliseconds between two pictures of the progress. */
const showInterval = 200;

type Source = {
	readonly name: string;
	/** The folder that its code came from. */
	readonly source: string;
};

/** Brings home what exists only in an environment; it goes on. */
export async function bringHomeNow(app: App, source: Source): Promise<void> {
	await work(app, source, 'The work could not be brought home', async bring => void (await bring([])));
}

/** The same, and ends it after that: only when everything is home. Escape leaves it as it is. */
export async function bringHomeThen(app: App, {name, source, ask, end}: Ending): Promise<void> {
	await work(app, {name, source}, 'It was not ended, since its work could not be brought home', async (bring, giveUp) =>
		homeThenEnd({
			name,
			ask,
			bring,
			async end(consent) {
				giveUp.throwIfAborted();
				app.takeBack = undefined;
				if (!app.hasEnded) {
					await end(consent);
				}
			},
			isEnding: async () => app.core.isEnding(name),
		}),
	);
}

type Bring = (listed: readonly string[]) => Promise<BroughtHome>;

async function work(
	app: App,
	{name, source}: Source,
	failure: string,
	act: (bring: Bring, giveUp: AbortSignal) => Promise<void>,
): Promise<void> {
	const giveUp = new AbortController();
	const what = `bringing home what exists only in ${name}`;
	app.takeBack = () => giveUp.abort(new Error('left as it is'));
	let summary: string | undefined;
	const bring: Bring = async listed => {
		try {
			const onReport = reporter(app, what, giveUp.signal);
			const brought = await app.core.bringHome(name, {listed, onReport, signal: giveUp.signal});
			// A screen shows it for a moment only: it is said again when the program ends.
			app.partings.set(`${name} is home`, homeLines(name, brought, source).join('\n'));
			summary = homeSummary(name, brought);
			return brought;
		} catch (error) {
			const {details, next} = error instanceof Problem ? error : {details: [], next: undefined};
			throw new Problem('failed', `${failure}: ${messageOf(error)}`, {details, next, cause: error});
		}
	};

	await app.work(`${what}; esc leaves it as it is`, async () => {
		try {
			await act(bring, giveUp.signal);
		} catch (error) {
			if (!giveUp.signal.aborted) {
				throw error;
			}
		} finally {
			app.takeBack = undefined;
		}
	});
	if (summary !== undefined && app.state().trouble === undefined) {
		app.say(summary);
	}
}

function reporter(app: App, what: string, signal: AbortSignal): (report: StepReport) => void {
	let shownAt = 0;
	return ({done, total}) => {
		const now = app.options.clock.now();
		if (done !== undefined && now - shownAt >= showInterval && !signal.aborted) {
			shownAt = now;
			const of = total === undefined || total === 0 ? '' : ` of ${formatBytes(total)}`;
			app.set({busy: `${what}: ${formatBytes(done)}${of}; esc leaves it as it is`});
		}
	};
}
