import {completeFilter} from '../../offers/query/complete.js';
import type {App} from './app.js';
import {onTyped} from './editing.js';
import type {AppState, Field} from './state.js';

/** What may follow the text of the filter that is being typed. */
export const candidatesOf = ({listing, field}: AppState) =>
	listing && field?.id === 'filter' ? completeFilter(field.text, field.text.length, listing.table) : undefined;

/** Takes the first thing that the text can go on with, other than what stands there. */
export function complete(app: App, field: Field): void {
	const completion = candidatesOf(app.state());
	const standing = completion && field.text.slice(completion.from, completion.to);
	const next = completion?.candidates.find(({text}) => text !== standing);
	if (completion && next) {
		put(app, field, field.text.slice(0, completion.from) + next.text + field.text.slice(completion.to), 0);
	}
}

/** A filter that was used before: further back, or nearer to now; nearest of all is what was there before. */
export function recall(app: App, field: Field, by: number): void {
	const {history} = app.state().grid;
	const index = Math.max(0, Math.min(history.length, field.index + by));
	put(app, field, index === 0 ? field.before : (history.at(-index) ?? ''), index);
}

function put(app: App, before: Field, text: string, index: number): void {
	const field = {...before, text, index};
	app.set({field});
	onTyped(app, field);
}
