import {lastLinesOf} from '../../runs/model/log-snapshot.js';
import {findUrls, type FoundUrl, portMapOf} from '../logs/log-urls.js';
import type {App} from './app.js';
import {openUrl, addPort} from './ports.js';
import type {RunView} from './state.js';

/** Lines from the end in which the last URL is looked for. */
const mostLines = 2000;

/** The last URL of the logs that points into the environment, else the last one of all. */
export function lastUrl({health, state, logs}: RunView): FoundUrl | undefined {
	const map = portMapOf(health, state.sharesNetwork);
	let other: FoundUrl | undefined;
	for (const {text} of lastLinesOf(logs, 'all', mostLines).toReversed()) {
		const found = findUrls(text, map).toReversed();
		const inside = found.find(({remote}) => remote !== undefined);
		if (inside) {
			return inside;
		}

		other ??= found[0];
	}

	return other;
}

/** The port of the last URL, where it is not forwarded yet. */
export function unforwardedPort(run: RunView | undefined): string {
	const url = run && lastUrl(run);
	return url?.remote !== undefined && url.local === undefined ? String(url.remote) : '';
}

/** Opens the last URL of the logs in the browser. One whose port is not forwarded is first asked about. */
export async function openLastUrl(app: App): Promise<void> {
	const port = unforwardedPort(app.state().run);
	if (port !== '') {
		await addPort(app, port);
		app.lookAtRuns();
	}

	const {run} = app.state();
	if (!run) {
		return;
	}

	const url = lastUrl(run);
	if (!url) {
		app.say('There is no URL in the logs', 'error');
	} else if (url.remote === undefined || url.local !== undefined) {
		await openUrl(app, url.target);
	}
}
