import process from 'node:process';
import {enterPointing, leavePointing, mouseMode, PointingInput} from './terminal/mouse-input.js';
import type {App} from './store/app.js';
import {onPointed} from './pointing.js';

/** The input that Ink is given, and what goes with each entry into the full screen and each way out of it. */
export type PointingTerminal = {
	readonly stdin: NodeJS.ReadStream;
	readonly enter: () => string;
	readonly leave: () => string;
};

/**
Lets the app hear the mouse and the focus of this terminal; `DSTACK_TUI_NO_MOUSE=1` leaves the terminal alone. While the terminal is lent,
which `isLent` tells, nothing is switched in it.
*/
export function pointingOf(app: App, isLent: () => boolean): PointingTerminal {
	const {stdin, stdout} = process;
	const no = process.env['DSTACK_TUI_NO_MOUSE'] ?? '';
	if (!stdin.isTTY || (no !== '' && no !== '0')) {
		return {stdin, enter: () => '', leave: () => ''};
	}

	app.set({mouse: app.core.preferences.mouse()});
	let isInside = false;
	let told = false;
	// Also after the terminal was lent: a key may have switched it before that was quite over.
	app.subscribe(() => {
		const mouse = app.state().mouse === true;
		if (mouse !== told && isInside && !isLent()) {
			told = mouse;
			stdout.write(mouseMode(mouse));
		}
	});
	return {
		// Ink reads no more of its input than this has.
		stdin: new PointingInput(stdin, event => {
			onPointed(app, event);
			if (!app.state().focused) {
				// The wheel turns over windows that have no focus too.
				app.draw();
			}
		}) as unknown as NodeJS.ReadStream,
		enter() {
			isInside = true;
			told = app.state().mouse === true;
			return enterPointing(told);
		},
		leave() {
			isInside = false;
			return leavePointing;
		},
	};
}
