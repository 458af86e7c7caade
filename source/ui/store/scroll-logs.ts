import {lastTop, logLines, type Tab} from '../logs/log-lines.js';
import type {App} from './app.js';
import {changeRun} from './tabs.js';

/** Moves through the log; at its end the newest lines are followed again. */
export function scrollLog(app: App, by: number): void {
	const {run} = app.state();
	if (run) {
		const highest = lastTop(logLines(run), run, app.options.logArea(app.state()));
		const top = Math.max(0, Math.min(highest, (run.top ?? highest) + by));
		changeRun(app, {top: top >= highest && by > 0 ? undefined : top, found: undefined});
	}
}

export const showTab = (app: App, tab: Tab): void => changeRun(app, {tab, top: undefined, found: undefined, showLogs: true});

/** To the next line that holds the search, up or down from the last one, else from the top of what is shown. */
export function findNext(app: App, direction: 1 | -1): void {
	const {run} = app.state();
	if (!run || run.search === '') {
		app.say('Nothing to search for; / begins a search', 'error');
		return;
	}

	const lines = logLines(run);
	const highest = lastTop(lines, run, app.options.logArea(app.state()));
	const from = run.found ?? (run.top ?? highest) - direction;
	const wanted = run.search.toLowerCase();
	for (let step = 1; step <= lines.length; step++) {
		const index = (from + direction * step + lines.length * 2) % lines.length;
		if (lines[index]?.text.toLowerCase().includes(wanted)) {
			changeRun(app, {top: Math.min(index, highest), found: index});
			app.say(`line ${index + 1} of ${lines.length}`);
			return;
		}
	}

	app.say(`'${run.search}' is not in this log`, 'error');
}
