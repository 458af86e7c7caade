import {formatDuration} from '../../../system/format.js';
import type {Attempt, RunState} from '../../../runs/model/state.js';
import {clockSeconds} from '../../../runs/words/status-words.js';
import {offerWords} from '../../../runs/words/event-words.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import type {AppState} from '../../store/state.js';
import {cut, wrap} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';
import {plural} from '../../drawing/lines.js';
import {sign} from './signs.js';

/** Where all of it can be read that has no room here. */
const elsewhere = 'pane 3 tells all';

/**
A row for each offer that was tried: where, when, the class of its refusal and the provider's own words; the one under way last. Where they
do not fit into `rows` lines the oldest go first.
*/
export function attemptRows(state: AppState, run: RunState, rows: number): string[] {
	const {columns} = state;
	const blocks = run.attempts.map(attempt => refusedRows(attempt, columns));
	const current = underWay(state, run);
	if (current) {
		blocks.push(current);
	}

	const shown: string[][] = [];
	let used = 0;
	for (const block of [...blocks].reverse()) {
		// One line tells of those that have gone.
		const isWhole = used + block.length + (shown.length + 1 < blocks.length ? 1 : 0) <= rows;
		if (!isWhole && shown.length > 0) {
			break;
		}

		shown.unshift(isWhole ? block : cutBlock(block, rows - (blocks.length > 1 ? 1 : 0), columns));
		used += block.length;
	}

	const hidden = blocks.length - shown.length;
	const above =
		hidden > 0 ? [paint.muted(cut(` ${glyphs.ascending} ${plural(hidden, 'attempt')} before; ${elsewhere}`, columns))] : [];
	return [...above, ...shown.flat()];
}

function cutBlock(block: readonly string[], rows: number, columns: number): string[] {
	const room = Math.max(1, rows);
	return block.length <= room
		? [...block]
		: [
				...block.slice(0, Math.max(1, room - 1)),
				paint.muted(cut(`   … and ${plural(block.length - room + 1, 'line')} more; ${elsewhere}`, columns)),
			];
}

function refusedRows({at, offer, errorClass, message, next}: Attempt, columns: number): string[] {
	const head = wrap(neutraliseLine(`${clockSeconds(at)} ${offerWords(offer)} · ${errorClass}`), columns - 4);
	const words = wrap(neutraliseLine([message, next].filter(Boolean).join(' ')), columns - 5);
	return [
		...head.map((line, index) => ` ${index === 0 ? paint.error(glyphs.failed) : ' '} ${line}`),
		...words.map(line => paint.muted(`     ${line}`)),
	];
}

/** The offer that is asked for now; undefined where that is no news beside the steps. */
function underWay(state: AppState, run: RunState): string[] | undefined {
	const {offer, steps, attempts, unanswered} = run;
	const step = steps.find(({id, status}) => id === 'instance' && status === 'running');
	if (!unanswered || !step || (attempts.length === 0 && (step.text === '' || offer.price === 0))) {
		return undefined;
	}

	const {columns, now} = state;
	const elapsed = formatDuration((now - step.startedAt) / 1000);
	const head = wrap(neutraliseLine(`${clockSeconds(step.startedAt)} ${offerWords(offer)} · asked for, ${elapsed}`), columns - 4);
	const words = step.text === '' ? [] : wrap(neutraliseLine(step.text), columns - 5);
	return [
		...head.map((line, index) => ` ${index === 0 ? sign(state, 'running') : ' '} ${line}`),
		...words.map(line => paint.muted(`     ${line}`)),
	];
}
