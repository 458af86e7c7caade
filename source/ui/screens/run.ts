import type {Engine} from '../../runs/engine.js';
import type {LinkHealth} from '../../runs/handle.js';
import {spentUntil} from '../../runs/money.js';
import type {RunState} from '../../runs/state.js';
import {dateTime} from '../../runs/words.js';
import {formatDuration, formatPrice} from '../../offers/format.js';
import {type AppState, bodyRows, type RunView} from '../store/state.js';
import {isNarrow, logArea, runLayout} from '../layout.js';
import {cut, fit, wrap} from '../text.js';
import {glyphs, paint, sparkline} from '../theme.js';
import {beside, blanks, rule, type View} from '../view.js';
import {clockTime, lastEvents, logRowsOf} from './logs.js';
import {stepRows} from './steps.js';

type Access = Pick<Engine, 'ideLink' | 'sshCommand'>;

/** One environment: its steps beside the logs while it starts, its links, ports and health once it is ready. */
export function runView(state: AppState, engine: Access): View {
	const {run} = state;
	if (!run) {
		return {path: ['environment'], right: '', body: []};
	}

	const current = run.handle.state();
	const health = run.handle.health();
	const word = current.phase === 'ready' ? (health.status === 'up' ? 'connected' : 'link lost') : current.phase;
	const body =
		current.phase === 'ready'
			? run.showLogs
				? logRowsOf(run, logArea(state))
				: connected(state, run, engine)
			: starting(state, run, current);
	return {
		path: [current.name, word],
		right: current.phase === 'ready' ? healthWords(state, health) : instanceWords(current),
		body,
	};
}

const instanceWords = ({offer}: Pick<RunState, 'offer'>): string =>
	`${offer.backend} ${offer.instanceType}${offer.spot ? ' spot' : ''}`;

function healthWords({now}: AppState, {status, latency, upSince, reconnects, reason}: LinkHealth): string {
	if (status !== 'up') {
		return `${glyphs.down} ${status}${reason === undefined ? '' : `: ${reason}`}`;
	}

	return [
		`${glyphs.up} ${latency === undefined ? 'up' : `${latency < 10 ? latency.toFixed(1) : Math.round(latency)} ms`}`,
		upSince === undefined ? '' : `up ${formatDuration((now - upSince) / 1000)}`,
		reconnects > 0 ? `${reconnects} reconnect${reconnects === 1 ? '' : 's'}` : '',
	]
		.filter(Boolean)
		.join(' · ');
}

function starting(state: AppState, run: RunView, current: RunState): string[] {
	const {columns} = state;
	const {rows, below, stepCells} = runLayout(state);
	const steps = stepRows(state, current, stepCells || columns);
	const shownSteps = steps.length > rows ? steps.slice(-rows) : steps;
	if (isNarrow(state)) {
		const body = run.showLogs ? logRowsOf(run, logArea(state)) : shownSteps;
		return [...body, ...blanks(rows - body.length), rule(columns), ...below];
	}

	return [...beside(shownSteps, logRowsOf(run, logArea(state)), stepCells, rows), rule(columns), ...below];
}

/** The link as a terminal's hyperlink; terminals that know none show its text. */
const hyperlink = (text: string, url: string): string => `\u001B]8;;${url}\u0007${text}\u001B]8;;\u0007`;

function connected(state: AppState, run: RunView, engine: Access): string[] {
	const {columns} = state;
	const current = run.handle.state();
	const health = run.handle.health();
	const line = (label: string, text: string, style = (piece: string) => piece): string[] =>
		wrap(text, columns - 20).map((piece, index) => ` ${paint.muted(fit(index === 0 ? label : '', 18))} ${style(piece)}`);
	const link = engine.ideLink(current);
	const top = [
		'',
		...(link
			? line(`Open in ${ideName(link.ide)}`, link.url, piece => hyperlink(paint.accent(piece), link.url))
			: line('IDE', 'none is named in the configuration; `ide: vscode` gives a link')),
		...line('Shell', engine.sshCommand(current.name), paint.strong),
		...line('Code there', current.workspace ?? ''),
		'',
	];
	const bottom = [rule(columns), cut(` ${lifeWords(state, current)}`, columns)];
	const height = Math.max(1, bodyRows(state) - top.length - bottom.length);
	const leftCells = Math.floor(columns * 0.45);
	const rightCells = columns - leftCells - 3;
	const ports = portRows(health, leftCells);
	const right = [
		`${paint.muted('latency')}  ${sparkline(health.latencies, Math.max(0, Math.min(60, rightCells - 9)))}`,
		...lastEvents(run, rightCells, height - 1),
	];
	return [...top, ...beside(ports, right, leftCells, height), ...bottom];
}

const ideNames: Readonly<Record<string, string>> = {
	vscode: 'VS Code',
	'vscode-insiders': 'VS Code Ins.',
	cursor: 'Cursor',
	windsurf: 'Windsurf',
	zed: 'Zed',
};
const ideName = (ide: string): string => ideNames[ide] ?? ide;

function portRows({ports}: LinkHealth, cells: number): string[] {
	const title = paint.muted(' PORTS');
	if (ports.length === 0) {
		const hint = wrap('none; `ports:` in the configuration forwards some', cells - 3);
		return [title, ...hint.map(piece => paint.muted(`   ${piece}`))];
	}

	return [
		title,
		...ports.map(({local, remote, open, direct, wanted}) => {
			const to = direct ? 'on this machine itself' : `${glyphs.into} ${remote}   ${open} open`;
			return cut(`   ${local} ${to}${wanted === undefined ? '' : `  (${wanted} was taken)`}`, cells);
		}),
	];
}

function lifeWords({now}: AppState, {offer, billing, deadline}: RunState): string {
	const end =
		deadline === undefined
			? 'runs until you stop it'
			: `ends itself ${deadline - now > 86_400_000 ? dateTime(deadline) : `at ${clockTime(deadline)}`} (${formatDuration((deadline - now) / 1000)} left)`;
	return [`${formatPrice(spentUntil(now, {billing}))} so far`, `${formatPrice(offer.price)}/h`, end, instanceWords({offer})].join(
		' · ',
	);
}
