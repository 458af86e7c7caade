import type {BackendsView} from './state.js';
import type {BackendEntry} from '../../backends/report.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {App} from './app.js';

const nothingYet: BackendsView = {entries: [], complete: false, problems: []};

export const openBackends = (app: App): void => {
	app.set({backends: undefined, cursor: {...app.state().cursor, backends: 0}});
	app.go('backends');
	void testBackends(app);
};

/** Asks all of them anew; what an earlier question still brings is not heard any more. */
export async function testBackends(app: App): Promise<void> {
	const asking = new AbortController();
	const {signal} = asking;
	app.keep('backends', () => asking.abort());
	change(app, {complete: false, problems: []});
	try {
		const {problems, warnings} = await app.core.backendReport(entry => {
			if (!signal.aborted) {
				take(app, safe(entry));
			}
		}, signal);
		if (!signal.aborted) {
			const said = new Set((app.state().backends?.entries ?? []).flatMap(({notes}) => notes));
			const rest = [...problems, ...warnings].map(neutraliseLine).filter(line => !said.has(line));
			change(app, {complete: true, problems: rest});
		}
	} catch (error) {
		if (!signal.aborted) {
			change(app, {complete: true});
			await app.work('', async () => Promise.reject(error));
		}
	}
}

/** Nobody waits for the answers any more. */
export const leaveBackends = (app: App): void => app.drop('backends');

const change = (app: App, part: Partial<BackendsView>): void =>
	app.set({backends: {...(app.state().backends ?? nothingYet), ...part}});

/** Takes an entry in at its place; the cursor stays with its backend once it was moved. */
function take(app: App, entry: BackendEntry): void {
	const {backends = nothingYet, cursor} = app.state();
	const chosen = cursor.backends === 0 ? undefined : backends.entries[cursor.backends]?.name;
	const entries = [...backends.entries.filter(({name}) => name !== entry.name), entry].sort(compare);
	const index = chosen === undefined ? 0 : entries.findIndex(({name}) => name === chosen);
	app.set({backends: {...backends, entries}, cursor: {...cursor, backends: Math.max(0, index)}});
}

const rank = ({name, state}: BackendEntry): number => (state === 'catalogue only' ? 2 : name === 'local' ? 0 : 1);

const compare = (a: BackendEntry, b: BackendEntry): number =>
	rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** What a cloud or a file put into it cannot draw. */
const safe = (entry: BackendEntry): BackendEntry => ({
	...entry,
	name: neutraliseLine(entry.name),
	origin: entry.origin === undefined ? undefined : neutraliseLine(entry.origin),
	notes: entry.notes.map(neutraliseLine),
	missing: entry.missing.map(neutraliseLine),
	next: entry.next === undefined ? undefined : neutraliseLine(entry.next),
});
