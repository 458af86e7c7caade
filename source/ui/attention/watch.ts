import type {RunHandle} from '../../runs/model/run-handle.js';
import type {App} from '../store/app.js';
import {attend, type Memory} from './notices.js';
import {openHandles} from '../store/tabs.js';
import {titleOf} from './title.js';

/** Milliseconds between two looks at what changes by time alone. */
const lookEvery = 5000;

export type AttentionOutput = {
	/** Calls the person. */
	readonly call: (text: string) => void;
	/** Called when the title is another. */
	readonly title: (title: string) => void;
};

type Watched = {memory: Memory | undefined; readonly stop: () => void};

/**
Follows all runs that the app holds, also while nobody looks: calls the person for what they would want to know, and keeps the title. Ends
with the app.
*/
export function watchAttention(app: App, {call, title}: AttentionOutput): void {
	const watched = new Map<RunHandle, Watched>();
	let shown = '';

	const look = () => {
		const runs = openHandles(app);
		for (const [handle, {stop}] of watched) {
			if (!runs.includes(handle)) {
				stop();
				watched.delete(handle);
			}
		}

		const {focused} = app.state();
		const now = app.options.clock.now();
		const sights = runs.map(handle => ({handle, state: handle.state(), health: handle.health()}));
		for (const {handle, state, health} of sights) {
			const run = watched.get(handle) ?? {memory: undefined, stop: handle.subscribe(look)};
			watched.set(handle, run);
			const {memory, notices} = attend(run.memory, {state, health, now, focused});
			run.memory = memory;
			for (const {text} of notices) {
				call(text);
			}
		}

		const next = titleOf(sights);
		if (next !== shown) {
			shown = next;
			title(next);
		}
	};

	let known: readonly RunHandle[] = [];
	let wasFocused = app.state().focused;
	const stopListening = app.subscribe(() => {
		const runs = openHandles(app);
		const {focused} = app.state();
		if (focused !== wasFocused || runs.length !== known.length || runs.some((handle, index) => handle !== known[index])) {
			known = runs;
			wasFocused = focused;
			look();
		}
	});
	const stopLooking = app.options.clock.every(lookEvery, look);
	app.keep('attention', () => {
		stopListening();
		stopLooking();
		for (const {stop} of watched.values()) {
			stop();
		}

		watched.clear();
	});
	look();
}
