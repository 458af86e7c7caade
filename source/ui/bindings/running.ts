import {isOver, type RunPhase} from '../../runs/model/state.js';
import {bringHomeNow} from '../store/bring-home.js';
import {openShell} from '../store/editing.js';
import {askAgreement, isAsked} from '../store/agreeing.js';
import {detach, showList, stop} from '../store/leaving.js';
import {findNext, scrollLog, showTab} from '../store/scroll-logs.js';
import {canStartAgain, startAgain} from '../store/starting-again.js';
import {copyLink, openIde, retry} from '../store/running.js';
import {changeRun, currentHandle, turnRun} from '../store/tabs.js';
import {inLogs, isNarrow, logArea} from '../layout.js';
import {chosenPort} from '../store/port-items.js';
import type {App} from '../store/app.js';
import type {Binding} from '../keymap.js';
import {type AppState, type ScreenName} from '../store/state.js';
import {tabs} from '../logs/log-lines.js';

const screens: readonly ScreenName[] = ['run'];
const phaseOf = ({run}: AppState): RunPhase | undefined => run?.state.phase;
const over = (state: AppState): boolean =>
	state.run === undefined || isOver(state.run.state) || (phaseOf(state) === 'stopping' && state.busy !== undefined);
const ready = (state: AppState): boolean => phaseOf(state) === 'ready';
const logsShown = (state: AppState): boolean => !ready(state) || (state.run?.showLogs ?? false);
const unlessLogs = (word: string) => (state: AppState) => (inLogs(state) ? undefined : word);
const hasIde = ({run}: AppState): boolean => run?.state.specification.configuration['ide'] !== undefined;
/** Whether there is another tab, or one behind the list. */
const hasOthers = ({runs, screen}: AppState): boolean => runs.length > (screen === 'run' ? 1 : 0);
/** Whether these keys are those of the port under the cursor now. */
const hasPort = (state: AppState): boolean => !inLogs(state) && chosenPort(state.run) !== undefined;
const page = (app: App): number => logArea(app.state()).height - 1;

const turnTab = (app: App, by: number): void => {
	const {run} = app.state();
	if (run) {
		const tab = tabs[(tabs.indexOf(run.tab) + by + tabs.length) % tabs.length];
		if (tab) {
			showTab(app, tab);
		}
	}
};

const logs: readonly Binding[] = [
	{id: 'log-down', keys: ['j', 'down'], screens, title: 'Log: a line down', when: logsShown, run: app => scrollLog(app, 1)},
	{id: 'log-up', keys: ['k', 'up'], screens, title: 'Log: a line up', when: logsShown, run: app => scrollLog(app, -1)},
	{
		id: 'log-page-down',
		keys: ['pagedown', 'space', 'ctrl-f'],
		screens,
		title: 'Log: a page down',
		when: logsShown,
		run: app => scrollLog(app, page(app)),
	},
	{
		id: 'log-page-up',
		keys: ['pageup', 'ctrl-b'],
		screens,
		title: 'Log: a page up',
		when: logsShown,
		run: app => scrollLog(app, -page(app)),
	},
	{
		id: 'log-half-down',
		keys: ['ctrl-d'],
		screens,
		title: 'Log: half a page down',
		when: logsShown,
		run: app => scrollLog(app, Math.ceil(page(app) / 2)),
	},
	{
		id: 'log-half-up',
		keys: ['ctrl-u'],
		screens,
		title: 'Log: half a page up',
		when: logsShown,
		run: app => scrollLog(app, -Math.ceil(page(app) / 2)),
	},
	{
		id: 'log-first',
		keys: ['g', 'home'],
		screens,
		title: 'Log: the first line',
		when: logsShown,
		run: app => changeRun(app, {top: 0, found: undefined}),
	},
	{
		id: 'log-last',
		keys: ['G', 'end', 'f'],
		screens,
		title: 'Log: follow the newest lines',
		when: logsShown,
		run: app => changeRun(app, {top: undefined, found: undefined}),
	},
	{
		id: 'search',
		keys: ['/'],
		screens,
		title: 'Log: search',
		footer: 'search',
		when: logsShown,
		run: app => app.edit('search', '/ ', ''),
	},
	{id: 'next-match', keys: ['n'], screens, title: 'Log: next match', when: logsShown, run: app => findNext(app, 1)},
	{id: 'previous-match', keys: ['N'], screens, title: 'Log: previous match', when: logsShown, run: app => findNext(app, -1)},
	{
		id: 'next-tab',
		keys: ['tab', 'right'],
		screens,
		title: 'Log: next pane',
		when: logsShown,
		footer: 'pane',
		run: app => turnTab(app, 1),
	},
	{
		id: 'wrap',
		keys: ['w'],
		screens,
		title: 'Log: wrap long lines, or cut them',
		footer: 'wrap',
		when: logsShown,
		run: app => changeRun(app, {isWrapped: !app.state().run?.isWrapped}),
	},
	{
		id: 'previous-tab',
		keys: ['shift-tab', 'left'],
		screens,
		title: 'Log: previous pane',
		when: logsShown,
		run: app => turnTab(app, -1),
	},
	...tabs.map((tab, index): Binding => ({
		id: `tab-${tab}`,
		keys: [String(index + 1)],
		screens,
		title: `Log: the pane ‘${tab}’`,
		run: app => showTab(app, tab),
	})),
];

const bringRunHome = async (app: App): Promise<void> => {
	const {run} = app.state();
	if (run) {
		const {name, specification} = run.state;
		await bringHomeNow(app, {name, source: specification.folder});
	}
};

function stopShown(app: App): void {
	const handle = currentHandle(app);
	if (handle) {
		void stop(app, handle, 'list');
	}
}

/** Nothing tries to reach it any more, though it is to be used. */
const isGivenUp = (state: AppState): boolean => ready(state) && state.run?.health.status === 'down';

const noReach = ({run}: AppState): string | undefined => (run?.state.reachable ? undefined : 'It cannot be reached over SSH yet');

export const running: readonly Binding[] = [
	{
		id: 'open',
		keys: ['enter', 'o'],
		screens,
		title: 'Open the IDE with its link',
		footer: unlessLogs('open'),
		when: state => ready(state) && hasIde(state) && !hasPort(state),
		run: app => void openIde(app),
	},
	{
		id: 'copy',
		keys: ['y'],
		screens,
		title: 'Copy the link; without an IDE, the ssh command',
		footer: state => (inLogs(state) ? undefined : hasIde(state) ? 'copy' : 'copy ssh'),
		when: state => ready(state) && !hasPort(state),
		run: copyLink,
	},
	{
		id: 'answer',
		keys: ['a'],
		screens,
		title: 'Answer whether a dearer offer may be taken',
		footer: 'answer',
		vital: true,
		when: ({run}) => isAsked(run),
		run: askAgreement,
	},
	{
		id: 'retry',
		keys: ['t'],
		screens,
		title: 'Try the failed step again, or a link that was given up',
		footer: 'try again',
		vital: true,
		when: state => phaseOf(state) === 'failed' || isGivenUp(state),
		run: retry,
	},
	{
		id: 'start-again',
		keys: ['S'],
		screens,
		title: 'Start it again where its machine is stopped in its cloud, after a question',
		footer: 'start',
		vital: true,
		when: state => canStartAgain(state.run?.state),
		run(app) {
			const {run} = app.state();
			if (run) {
				startAgain(app, run.state);
			}
		},
	},
	{
		id: 'extend',
		keys: ['e'],
		screens,
		title: 'Move the deadline',
		footer: unlessLogs('extend'),
		when: state => ready(state) && state.run?.state.deadline !== undefined,
		run: app => app.edit('extend', 'longer by (such as 2h): ', ''),
	},
	{
		id: 'stop',
		keys: ['x'],
		screens,
		title: 'End it and delete what is in it, after a question',
		footer: state => (phaseOf(state) === 'ended' ? 'delete what it kept' : 'stop'),
		when: state => !over(state) || (phaseOf(state) === 'ended' && state.busy === undefined),
		run: stopShown,
	},
	{
		id: 'bring-home',
		keys: ['b'],
		screens,
		title: 'Bring home what exists only there, as branches and a patch; it goes on',
		when: state => !over(state) && state.busy === undefined,
		disabled: noReach,
		run: app => void bringRunHome(app),
	},
	{
		id: 'detach',
		keys: ['d'],
		screens,
		title: 'Let go of it at once; it goes on',
		footer: 'detach',
		vital: true,
		when: state => !over(state),
		run: detach,
	},
	{
		id: 'shell',
		keys: ['!'],
		screens,
		title: 'A shell inside; leaving it comes back here',
		footer: unlessLogs('shell'),
		when: state => !over(state),
		disabled: noReach,
		run: app => void openShell(app),
	},
	{
		id: 'logs',
		keys: ['l'],
		screens,
		title: 'Show or hide the logs',
		footer: unlessLogs('logs'),
		when: state => ready(state) || isNarrow(state),
		run: app => changeRun(app, {showLogs: !app.state().run?.showLogs}),
	},
	{id: 'list', keys: ['E'], screens, title: 'The list of environments; this one stays open in its tab', run: showList},
	{
		id: 'next-run',
		keys: [']'],
		screens: [...screens, 'environments'],
		title: 'The next open environment',
		when: hasOthers,
		run: app => turnRun(app, 1),
	},
	{
		id: 'previous-run',
		keys: ['['],
		screens: [...screens, 'environments'],
		title: 'The open environment before',
		// It stands for both keys.
		footer: ({runs}) => (runs.length > 1 ? '] tabs' : undefined),
		vital: true,
		when: hasOthers,
		run: app => turnRun(app, -1),
	},
	...logs,
];
