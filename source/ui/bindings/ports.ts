import {chosenPort} from '../store/port-items.js';
import {currentHandle} from '../store/tabs.js';
import {inLogs} from '../layout.js';
import type {Binding} from '../keymap.js';
import type {AppState, ScreenName} from '../store/state.js';
import {addPort, addReverse, copyPort, forwardOffered, movePort, openPort, takePortAway, toggleAlways} from '../store/ports.js';
import {openLastUrl, unforwardedPort} from '../store/log-urls.js';

const screens: readonly ScreenName[] = ['run'];
const ready = ({run}: AppState): boolean => run?.state.phase === 'ready';
const seen = (state: AppState): boolean => ready(state) && !inLogs(state);
const isChosen = (state: AppState): boolean => seen(state) && chosenPort(state.run) !== undefined;
const offers = (state: AppState): boolean => seen(state) && (state.run?.health.offered.length ?? 0) > 0;
const canGo = (state: AppState): boolean => {
	const chosen = chosenPort(state.run);
	return isChosen(state) && (chosen?.kind !== 'forward' || chosen.port.added);
};

/** Ports of a run that is ready. Those of the port under the cursor come before the keys of the whole screen. */
export const ports: readonly Binding[] = [
	{
		id: 'open-port',
		keys: ['enter', 'o'],
		screens,
		title: 'Port: open it in the browser; one that is offered is forwarded',
		footer: ({run}) => (chosenPort(run)?.kind === 'offered' ? 'forward' : 'open port'),
		when: isChosen,
		run: app => void openPort(app),
	},
	{
		id: 'copy-port',
		keys: ['y'],
		screens,
		title: 'Port: copy its URL',
		footer: 'copy URL',
		when: isChosen,
		run: copyPort,
	},
	{
		id: 'take-port-away',
		keys: ['-', 'delete', 'backspace'],
		screens,
		title: 'Port: take away one that was added, or that is offered',
		footer: 'take away',
		when: canGo,
		run: takePortAway,
	},
	{
		id: 'forward-offered',
		keys: ['f'],
		screens,
		title: 'Port: forward what is offered',
		footer: 'forward',
		when: offers,
		run: app => void forwardOffered(app),
	},
];

/** The keys of ports that stand after those of the screen. */
export const portsToo: readonly Binding[] = [
	{id: 'next-port', keys: ['p', 'j', 'down'], screens, title: 'Port: the next one', when: seen, run: app => movePort(app, 1)},
	{
		id: 'previous-port',
		keys: ['P', 'k', 'up'],
		screens,
		title: 'Port: the one before',
		when: seen,
		run: app => movePort(app, -1),
	},
	{
		id: 'add-port',
		keys: ['+'],
		screens,
		title: 'Port: forward another one, such as 8080 or 9000:8080',
		footer: state => (inLogs(state) ? undefined : 'port'),
		when: ready,
		run: app => void addPort(app, inLogs(app.state()) ? unforwardedPort(app.state().run) : ''),
	},
	{
		id: 'add-reverse',
		keys: ['R'],
		screens,
		title: 'Port: lead one of the environment to this machine, such as 3000 or 3000:4000',
		when: ready,
		run: app => void addReverse(app),
	},
	{
		id: 'always-forward',
		keys: ['F'],
		screens,
		title: 'Port: always forward what starts to listen, or ask again',
		when: seen,
		run: app => void toggleAlways(app),
	},
	{
		id: 'last-url',
		keys: ['u'],
		screens,
		title: 'Log: open its last URL in the browser, at the local port',
		footer: state => (inLogs(state) ? 'open URL' : undefined),
		when: ready,
		run: app => void openLastUrl(app),
	},
	{
		id: 'check-access',
		keys: ['c'],
		screens,
		title: 'Look again whether `ssh` works',
		footer: ({run}) => (run?.health.access.status === 'fails' ? 'check ssh' : undefined),
		when: seen,
		run: app => currentHandle(app)?.checkAccess(),
	},
];
