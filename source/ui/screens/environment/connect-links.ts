import type {AccessHealth} from '../../../runs/model/run-handle.js';
import {healthLine} from '../../../tunnel/health.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {linkSign} from '../../drawing/run-sign.js';
import {stillHealthLine} from '../../drawing/static-times.js';
import type {AppState, RunView} from '../../store/state.js';
import {cutMiddle, fit, width, wrap} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';
import {rightRoom} from '../../drawing/lines.js';

const labelCells = 18;
/** Cells of `checking…`, the longest word on whether the shell works. */
const markCells = 12;

/** The link as a terminal's hyperlink; terminals that know none show its text. */
const hyperlink = (text: string, url: string): string => `\u001B]8;;${url}\u0007${text}\u001B]8;;\u0007`;

const ideNames: Readonly<Record<string, string>> = {
	vscode: 'VS Code',
	'vscode-insiders': 'VS Code Ins.',
	cursor: 'Cursor',
	windsurf: 'Windsurf',
	zed: 'Zed',
};

const line = (label: string, text: string): string => ` ${paint.muted(fit(label, labelCells))} ${text}`;

/** How one gets in: the link, the shell and whether it works, and where the code is. On a low screen only what is acted on. */
export function wayRows(
	{columns}: AppState,
	{state: current, health: {access}, ide: link, ssh}: RunView,
	isLow: boolean,
): string[] {
	const cells = columns - labelCells - 3;
	const none = 'none is named in the configuration; `ide: vscode` gives a link';
	const room = cells - markCells;
	const shell = isLow ? [cutMiddle(ssh, room)] : wrap(ssh, room);
	return [
		...(link
			? [line(`Open in ${ideNames[link.ide] ?? link.ide}`, hyperlink(paint.accent(cutMiddle(link.url, cells)), link.url))]
			: isLow
				? []
				: wrap(none, cells).map((text, index) => line(index === 0 ? 'IDE' : '', text))),
		...shell.map((text, index) =>
			line(index === 0 ? 'Shell' : '', `${paint.strong(text)}${index === shell.length - 1 ? accessMark(access) : ''}`),
		),
		...accessRows(access, cells, isLow),
		...(isLow || !current.workspace ? [] : [line('Code there', cutMiddle(neutraliseLine(current.workspace), cells))]),
	];
}

function accessMark({status}: AccessHealth): string {
	switch (status) {
		case 'works': {
			return `  ${paint.ok(glyphs.done)}`;
		}

		case 'fails': {
			return `  ${paint.error(glyphs.failed)}`;
		}

		case 'checking': {
			return `  ${paint.muted('checking…')}`;
		}

		case 'unknown': {
			return '';
		}
	}
}

/** Why the person's own `ssh` does not work, and what to do about it. */
function accessRows({status, why, next}: AccessHealth, cells: number, isLow: boolean): string[] {
	if (status !== 'fails') {
		return [];
	}

	const rows = [
		...wrap(neutraliseLine(why ?? 'it does not work'), cells).map(text => paint.error(text)),
		...wrap(neutraliseLine([next, 'c checks again'].filter(Boolean).join(' · ')), cells).map(text => paint.warning(text)),
	];
	return (isLow && rows.length > 2 ? rows.slice(0, 2) : rows).map(text => line('', text));
}

/** How the link is, in one line with its sign: right of the title. */
export function linkWords({now, focused}: AppState, {health}: RunView): string {
	return neutraliseLine(`${linkSign(health)} ${focused ? healthLine(health, now) : stillHealthLine(health, now)}`);
}

/** The same, whole, where the title has no room for it and it is no good news. */
export function linkRows(state: AppState, run: RunView): string[] {
	const words = linkWords(state, run);
	const {status} = run.health;
	const style = status === 'down' ? paint.error : paint.warning;
	return status === 'up' || width(words) <= rightRoom(state.columns)
		? []
		: wrap(words, state.columns - 4).map((text, index) => style(index === 0 ? ` ${text}` : `   ${text}`));
}
