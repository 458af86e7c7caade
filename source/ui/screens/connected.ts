import type {Engine} from '../../runs/engine.js';
import type {LinkHealth} from '../../runs/handle.js';
import {runLayout} from '../layout.js';
import type {AppState, RunView} from '../store/state.js';
import {cut, fit, wrap} from '../text.js';
import {glyphs, paint, sparkline} from '../theme.js';
import {beside, rule} from '../view.js';
import {costLines, lifeWords} from './life.js';
import {lastEvents} from './logs.js';
import {stepWarningRows} from './situation.js';

type Access = Pick<Engine, 'ideLink' | 'sshCommand'>;

/** The link as a terminal's hyperlink; terminals that know none show its text. */
const hyperlink = (text: string, url: string): string => `\u001B]8;;${url}\u0007${text}\u001B]8;;\u0007`;

/** One that is ready: how one gets in, its ports and its link, what it costs, who keeps it alive and what ends it. */
export function connectedRows(state: AppState, run: RunView, engine: Access): string[] {
	const {columns} = state;
	const current = run.handle.state();
	const health = run.handle.health();
	const line = (label: string, text: string, style = (piece: string) => piece): string[] =>
		wrap(text, columns - 20).map((piece, index) => ` ${paint.muted(fit(index === 0 ? label : '', 18))} ${style(piece)}`);
	const link = engine.ideLink(current);
	const warnings = stepWarningRows(current, columns);
	const top = [
		'',
		...(warnings.length > 0 ? [...warnings, ''] : []),
		...(link
			? line(`Open in ${ideName(link.ide)}`, link.url, piece => hyperlink(paint.accent(piece), link.url))
			: line('IDE', 'none is named in the configuration; `ide: vscode` gives a link')),
		...line('Shell', engine.sshCommand(current.name), paint.strong),
		...line('Code there', current.workspace ?? ''),
		'',
	];
	const bottom = bottomRows(state, run);
	const height = Math.max(1, runLayout(state).rows - top.length - bottom.length);
	const leftCells = Math.floor(columns * 0.45);
	const rightCells = columns - leftCells - 3;
	const ports = portRows(health, leftCells);
	const right = [
		`${paint.muted('latency')}  ${sparkline(health.latencies, Math.max(0, Math.min(60, rightCells - 9)))}`,
		...lastEvents(run, rightCells, height - 1),
	];
	return [...top, ...beside(ports, right, leftCells, height), ...bottom];
}

/** On a low screen what is billed beside the instance shares a line. */
const leastRows = 20;

function bottomRows(state: AppState, {handle}: RunView): string[] {
	const {columns, now, rows} = state;
	const run = handle.state();
	const {cost, besides} = costLines(now, run);
	const costs = rows < leastRows && besides.length > 0 ? [besides.join(' · ')] : besides;
	return [
		rule(columns),
		...[lifeWords(now, run, handle.guest()), cost, ...costs].flatMap(text => wrap(text, columns - 2).map(line => ` ${line}`)),
	];
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
