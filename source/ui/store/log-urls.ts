import {findUrls, type FoundUrl, portMapOf} from '../logs/log-urls.js';
import type {App} from './app.js';
import {openUrl, addPort} from './ports.js';
import type {RunView} from './state.js';

/** Lines from the end in which the last URL is looked for. */
const mostLines = 2000;

/** The last URL of the logs that points into the environment, else the last one of all. */
export function lastUrl({handle}: RunView): FoundUrl | undefined {
	const map = portMapOf(handle.health(), handle.state().sharesNetwork);
	let other: FoundUrl | undefined;
	for (const {text} of handle.logs().lines('all').slice(-mostLines).toReversed()) {
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
	const {run} = app.state();
	if (!run) {
		return;
	}

	if (unforwardedPort(run) !== '') {
		await addPort(app, unforwardedPort(run));
	}

	const url = lastUrl(run);
	if (!url) {
		app.say('There is no URL in the logs', 'error');
	} else if (url.remote === undefined || url.local !== undefined) {
		await openUrl(app, url.target);
	}
}
