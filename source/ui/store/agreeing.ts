import {formatPrice} from '../../offers/format.js';
import type {RunHandle} from '../../runs/model/run-handle.js';
import {worstCase} from '../../runs/model/cost.js';
import type {RunState} from '../../runs/model/state.js';
import {besideLines} from '../../runs/words/status-words.js';
import {offerWords} from '../../runs/words/event-words.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {App} from './app.js';
import type {RunSnapshot} from './run-snapshot.js';
import type {Dialog} from './state.js';
import {currentHandle, isCurrent} from './tabs.js';

/** Whether the run on the screen asks about a dearer offer. */
export const isAsked = (run: RunSnapshot | undefined): boolean => run?.state.asking !== undefined;

/**
Puts the question of a run about a dearer offer on the screen as soon as nothing else is there, once for each offer; taken away again when it
was answered elsewhere. Returns the way to stop.
*/
export function watchAsking(app: App, handle: RunHandle): () => void {
	let asked: string | undefined;
	let dialog: Dialog | undefined;
	const look = () => {
		const {asking} = handle.state();
		const {dialog: shown, field, help, busy, screen} = app.state();
		if (!asking) {
			asked = undefined;
			if (dialog && shown?.title === dialog.title) {
				app.set({dialog: undefined});
			}

			dialog = undefined;
			return;
		}

		const isFree = !shown && !field && help === undefined && busy === undefined && screen === 'run' && isCurrent(app, handle);
		if (asked !== asking.id && isFree) {
			asked = asking.id;
			askAgreement(app);
			({dialog} = app.state());
		}
	};

	const stop = app.subscribe(look);
	look();
	return stop;
}

/** Asks whether the dearer offer may be taken. No is the answer under the cursor, and ends the run; escape leaves the question open. */
export function askAgreement(app: App): void {
	const handle = currentHandle(app);
	const state = handle?.state();
	if (!handle || !state?.asking) {
		return;
	}

	app.ask(
		{
			title: `Take a much dearer offer for ${handle.name}?`,
			lines: questionLines(app.options.clock.now(), state, state.asking),
			options: [
				{label: 'No: end it; there is no instance', value: 'no'},
				{label: `Yes: take it at ${formatPrice(state.asking.price)}/h`, value: 'yes'},
			],
		},
		value => {
			if (value === 'yes') {
				void app.work('agreeing', async () => handle.agree());
			} else if (value === 'no') {
				void app.work(`ending ${handle.name}`, async () => handle.stop('a dearer offer was not wanted'));
			} else {
				app.say('Not decided: a asks again; nothing is tried before that');
			}
		},
	);
}

function questionLines(now: number, run: RunState, offer: NonNullable<RunState['asking']>): string[] {
	const {agreedPrice, billing, duration} = run;
	// One that goes on after an instance was lost keeps its deadline.
	const deadline = billing.length > 0 ? run.deadline : duration === null ? undefined : now + duration * 1000;
	const worst = worstCase(now, {billing, offer, deadline});
	return [
		`${offerWords(offer)}; agreed were ${formatPrice(agreedPrice)}/h.`,
		worst === undefined ? 'It has no deadline.' : `At most ${formatPrice(worst)} until its deadline.`,
		...besideLines(offer).map(line => `Beside it: ${line}.`),
		'Esc decides later: nothing is tried before that.',
	].map(neutraliseLine);
}
