import {formatDuration, formatPrice} from '../../offers/format.js';
import {spentUntil} from '../../runs/money.js';
import {isOver, type RunState} from '../../runs/state.js';
import {overWords} from '../../runs/words.js';
import type {AppState} from '../store/state.js';
import {wrap} from '../text.js';
import {paint} from '../theme.js';

const mostRows = 4;

/** The last lines of a run's screen while it is not ready: time, cost and what went wrong, whole where that fits into some lines. */
export const summaryRows = (state: Pick<AppState, 'now' | 'columns'>, run: RunState): string[] =>
	wrap(summary(state.now, run), state.columns - 2)
		.slice(0, mostRows)
		.map(line => paint.muted(` ${line}`));

function summary(now: number, run: RunState): string {
	const {phase, intendedAt, endedAt, attempts, reason} = run;
	if (isOver(run)) {
		return [overWords(run), attempts.at(-1)?.next, 'esc lists what else there is'].filter(Boolean).join(' · ');
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
