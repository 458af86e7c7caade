import type {Engine} from '../../runs/engine.js';
import type {LinkHealth} from '../../runs/handle.js';
import {isOver, type RunState} from '../../runs/state.js';
import {formatDuration, formatPrice} from '../../offers/format.js';
import {type AppState, bodyRows, type RunView} from '../store/state.js';
import {runLayout} from '../layout.js';
import {cut, fit, wrap} from '../text.js';
import {glyphs, paint, sparkline} from '../theme.js';
import {beside, blanks, rule, type View} from '../view.js';
import {clockTime, lastEvents, logRowsOf} from './logs.js';
import {stepRows} from './steps.js';

type Access = Pick<Engine, 'ideLink' | 'sshCommand'>;

/** One environment: its steps beside the logs while it starts, its links, ports and health once it is ready. */
export function runView(state: AppState, engine: Access): View {
	const {run, columns} = state;
	if (!run) {
		return {path: ['environment'], right: '', body: []};
	}

	const current = run.handle.state();
	const health = run.handle.health();
	const word = current.phase === 'ready' ? (health.status === 'up' ? 'connected' : 'link lost') : current.phase;
	const height = bodyRows(state);
	const body =
		current.phase === 'ready'
			? run.showLogs
				? logRowsOf(run, columns, height)
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
	const {rows, failure} = runLayout(state);
	const bottom = [...failure, paint.muted(cut(` ${summary(state, current)}`, columns))];
	const narrow = columns < 70;
	const stepCells = narrow ? columns : Math.min(56, Math.floor(columns * 0.42));
	const steps = stepRows(state, current, stepCells);
	const shownSteps = steps.length > rows ? steps.slice(-rows) : steps;
	if (narrow) {
		const body = run.showLogs ? logRowsOf(run, columns, rows) : shownSteps;
		return [...body, ...blanks(rows - body.length), rule(columns), ...bottom];
	}

	return [...beside(shownSteps, logRowsOf(run, columns - stepCells - 3, rows), stepCells, rows), rule(columns), ...bottom];
}

/** US dollars from the launch until `now`. */
const spentUntil = (now: number, {offer, launchedAt}: Pick<RunState, 'offer' | 'launchedAt'>): number =>
	launchedAt === undefined ? 0 : (offer.price * (now - launchedAt)) / 3_600_000;

function summary({now}: AppState, run: RunState): string {
	const {phase, intendedAt, endedAt, attempts, reason} = run;
	if (isOver(run)) {
		return `${phase}: ${reason ?? ''} · esc lists what else there is`;
	}

	const tried = attempts.map(({errorClass, message}) => `${errorClass}: ${message}`).join('; ');
	return [
		formatDuration(((endedAt ?? now) - intendedAt) / 1000),
		`${formatPrice(spentUntil(now, run))} so far`,
		phase === 'stopping' ? `stopping: ${reason ?? ''}` : '',
		tried === '' ? '' : `tried: ${tried}`,
	]
		.filter(Boolean)
		.join(' · ');
}

/** The link as a terminal's hyperlink; terminals that know none show its text. */
const hyperlink = (text: string, url: string): string => `\u001B]8;;${url}\u0007${text}\u001B]8;;\u0007`;

function connected(state: AppState, run: RunView, engine: Access): string[] {
	const {columns} = state;
	const current = run.handle.state();
	const health = run.handle.health();
	const label = (text: string) => ` ${paint.muted(fit(text, 18))}`;
	const link = engine.ideLink(current);
	const pieces = link ? wrap(link.url, columns - 20) : [];
	const links = pieces.map(
		(piece, index) =>
			`${label(index === 0 ? `Open in ${ideName(link?.ide ?? '')}` : '')} ${hyperlink(paint.accent(piece), link?.url ?? '')}`,
	);
	const top = [
		'',
		...(link ? links : [`${label('IDE')} none is named in the configuration; \`ide: vscode\` gives a link`]),
		`${label('Shell')} ${paint.strong(cut(engine.sshCommand(current.name), columns - 20))}`,
		`${label('Code there')} ${cut(current.workspace ?? '', columns - 20)}`,
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
		return [title, paint.muted(cut('   none; `ports:` in the configuration forwards some', cells))];
	}

	return [
		title,
		...ports.map(({local, remote, open, direct, wanted}) => {
			const to = direct ? 'on this machine itself' : `${glyphs.into} ${remote}   ${open} open`;
			return cut(`   ${local} ${to}${wanted === undefined ? '' : `  (${wanted} was taken)`}`, cells);
		}),
	];
}

function lifeWords({now}: AppState, {offer, launchedAt, deadline}: RunState): string {
	const end =
		deadline === undefined
			? 'runs until you stop it'
			: `ends itself ${deadline - now > 86_400_000 ? new Date(deadline).toLocaleDateString() : 'at'} ${clockTime(deadline)} (${formatDuration((deadline - now) / 1000)} left)`;
	return [
		`${formatPrice(spentUntil(now, {offer, launchedAt}))} so far`,
		`${formatPrice(offer.price)}/h`,
		end,
		instanceWords({offer}),
	].join(' · ');
}
