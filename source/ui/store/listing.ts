import type {RunState} from '../../runs/model/state.js';
import {messageOf} from '../../system/problem.js';
import type {App} from './app.js';
import {takeEnvironments} from './environments.js';
import type {RowCheck} from './state.js';

/** How long clouds may take before their rows are marked, milliseconds: those that answer at once change nothing on the screen. */
const unmarked = 500;

/** What is being asked for the list of an app, and whether it is to be asked again after that. */
type Asking = {again: boolean};

const asked = new WeakMap<App, Asking>();

/**
Looks anew at what runs. The journals have the word at once; then each row is as its backend says, as soon as that one has answered, and
marked until then. Backends that are being asked already are asked again after that, and not twice at once.
*/
export async function loadEnvironments(app: App): Promise<void> {
	try {
		takeEnvironments(app, {environments: await app.core.known()});
		await askInTurn(app);
	} catch (error) {
		if (!app.hasEnded) {
			app.say(`Environments cannot be listed: ${messageOf(error)}`, 'error');
		}
	}
}

async function askInTurn(app: App): Promise<void> {
	const before = asked.get(app);
	if (before) {
		before.again = true;
		return;
	}

	const asking: Asking = {again: true};
	asked.set(app, asking);
	try {
		while (asking.again && !app.hasEnded) {
			asking.again = false;
			await askBackends(app, asking);
		}
	} finally {
		asked.delete(app);
	}
}

async function askBackends(app: App, asking: Asking): Promise<void> {
	const checked = new Set<string>();
	const leaving = new AbortController();
	const mark = (change: ReadonlyMap<string, RowCheck | undefined>) => {
		if (change.size === 0) {
			return;
		}

		const checks = new Map(app.state().checks);
		for (const [name, check] of change) {
			if (check) {
				checks.set(name, check);
			} else {
				checks.delete(name);
			}
		}

		app.set({checks});
	};

	const stop = app.options.clock.every(unmarked, () => {
		stop();
		const {environments, checks} = app.state();
		const late = environments.filter(({name}) => !checked.has(name) && !checks.has(name));
		mark(new Map(late.map(({name}) => [name, {kind: 'asking'}])));
	});
	app.keep('asking backends', () => {
		stop();
		leaving.abort();
	});
	try {
		const environments = await app.core.runs({
			signal: leaving.signal,
			onChecked(name, state) {
				checked.add(name);
				mark(new Map([[name, undefined]]));
				if (!asking.again) {
					takeEnvironments(app, {environments: withRun(app.state().environments, name, state)});
					return;
				}

				// Where a journal has changed meanwhile, what it says is newer than the question, and what was found is in it.
				void app.core.known().then(
					known => takeEnvironments(app, {environments: known}),
					() => undefined,
				);
			},
			onUnchecked(name, why) {
				checked.add(name);
				mark(new Map([[name, {kind: 'unanswered', why}]]));
			},
		});
		if (!app.hasEnded) {
			takeEnvironments(app, asking.again ? {} : {environments});
			const names = new Set(app.state().environments.map(({name}) => name));
			const unanswered = [...app.state().checks].filter(([name, {kind}]) => kind === 'unanswered' && names.has(name));
			app.set({checks: new Map(unanswered)});
		}
	} finally {
		app.drop('asking backends');
	}
}

/** The list with one run as it is now; one that is gone, or of which nothing is left, is not in it. */
function withRun(runs: readonly RunState[], name: string, now: RunState | undefined): readonly RunState[] {
	const isListed = now !== undefined && now.phase !== 'gone';
	return runs.some(run => run.name === name)
		? runs.flatMap(run => (run.name === name ? (isListed ? [now] : []) : [run]))
		: isListed
			? [now, ...runs].sort((a, b) => b.intendedAt - a.intendedAt)
			: runs;
}
