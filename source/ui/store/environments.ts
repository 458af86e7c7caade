import type {Core} from '../../runs/core.js';
import type {Orphan} from '../../runs/model/reconciled.js';
import {isOver, type RunState} from '../../runs/model/state.js';
import {orphanAdvice, orphanWords} from '../../runs/words/status-words.js';
import type {App} from './app.js';
import type {AppState, EnvironmentsState} from './state.js';
import {closeTab, isCurrent, openHandles} from './tabs.js';

/** A line of the list: a run, or an instance that no journal here tells of. */
export type EnvironmentRow = {readonly kind: 'run'; readonly run: RunState} | {readonly kind: 'orphan'; readonly orphan: Orphan};

type Listed = Pick<EnvironmentsState, 'environments' | 'orphans'>;

export const environmentRows = ({environments, orphans}: Listed): readonly EnvironmentRow[] => [
	...environments.map((run): EnvironmentRow => ({kind: 'run', run})),
	...orphans.map((orphan): EnvironmentRow => ({kind: 'orphan', orphan})),
];

/** The line under the cursor. */
export const chosenEnvironment = (state: AppState): EnvironmentRow | undefined =>
	environmentRows(state)[state.cursor.environments];

const keyOf = (row: EnvironmentRow | undefined): string | undefined =>
	row && (row.kind === 'run' ? `run ${row.run.name}` : `orphan ${row.orphan.backend} ${row.orphan.instance.id}`);

/** Shows what was found; the cursor stays with the line that it was on. */
export function takeEnvironments(app: App, change: Partial<Listed>): void {
	const before = app.state();
	const rows = environmentRows({...before, ...change});
	const key = keyOf(chosenEnvironment(before));
	const index = rows.findIndex(row => keyOf(row) === key);
	const environments = index < 0 ? Math.max(0, Math.min(rows.length - 1, before.cursor.environments)) : index;
	app.set({...change, cursor: {...before.cursor, environments}});
}

/** What a comparison with the clouds found: an open run whose end is confirmed by now is left. */
export function takeReconciled(app: App, {runs, orphans, notes}: Awaited<ReturnType<Core['reconcile']>>): void {
	takeEnvironments(app, {environments: runs.filter(({phase}) => phase !== 'gone'), orphans});
	app.set({reconciled: {at: app.options.clock.now(), notes}});
	if (app.state().busy !== undefined) {
		return;
	}

	for (const handle of openHandles(app)) {
		const found = runs.find(({name}) => name === handle.name);
		if (handle.state().phase === 'stopping' && found && isOver(found)) {
			const wasShown = isCurrent(app, handle) && app.state().screen === 'run';
			closeTab(app, handle);
			app.set(wasShown ? {screen: 'environments', back: ['configurations'], trouble: undefined} : {});
			app.say(`${found.name} is gone: its end is confirmed`);
		}
	}
}

/** Ends the orphan under the cursor after a question: there is nothing else that can be done with one. */
export function endListedOrphan(app: App, orphan: Orphan): void {
	const {id} = orphan.instance;
	app.ask(
		{
			title: `End ${id}?`,
			lines: [orphanWords(orphan), orphanAdvice(orphan), 'What is on it goes with it.'],
			options: [
				{label: 'No, leave it as it is', value: 'no'},
				{label: 'Yes, end it', value: 'yes'},
			],
		},
		value => {
			if (value === 'yes') {
				void app.work(`ending ${id}`, async () => {
					await app.core.endOrphan(orphan);
					takeEnvironments(app, {orphans: app.state().orphans.filter(({instance}) => instance.id !== id)});
					app.say(`${id} is gone: its end is confirmed`);
				});
			}
		},
	);
}
