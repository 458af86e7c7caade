import {formatPrice} from '../../../offers/format.js';
import {formatDuration} from '../../../system/format.js';
import {aboutMinutes, timeLeft} from '../../../runs/model/expected-times.js';
import {spentUntil} from '../../../runs/model/cost.js';
import {isOver, type RunState} from '../../../runs/model/state.js';
import {withoutLast, worstWords} from '../../../runs/words/status-words.js';
import {overWords} from '../../../runs/words/event-words.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {passed} from '../../drawing/static-times.js';
import type {AppState} from '../../store/state.js';
import {wrap} from '../../drawing/cells.js';
import {paint} from '../../drawing/theme.js';
import {plural} from '../../drawing/lines.js';
import {clockTime} from '../../drawing/clock-time.js';

type Shown = Pick<AppState, 'now' | 'focused' | 'columns' | 'run'>;

/** The last lines of a run's screen while it is not ready: time, cost and how it ended, whole where that fits into `rows` lines. */
export const summaryRows = (state: Shown, run: RunState, rows: number): string[] =>
	wrap(neutraliseLine(summary(state, run)), state.columns - 2)
		.slice(0, rows)
		.map(line => paint.muted(` ${line}`));

function summary({now, focused, run: view}: Shown, run: RunState): string {
	const {phase, intendedAt, endedAt, attempts, reason, instanceId, billing} = run;
	const until = isOver(run) ? 'in all' : focused || run.offer.price === 0 ? 'so far' : `by ${clockTime(now)}`;
	const cost = billing.length === 0 ? '' : `${formatPrice(spentUntil(now, run))} ${until}`;
	if (isOver(run)) {
		// With several attempts, the last one's words stand with it.
		const how = attempts.length > 1 && reason !== undefined ? {...run, reason: withoutLast(reason, attempts)} : run;
		const next = attempts.length > 1 ? undefined : attempts.at(-1)?.next;
		return [overWords(how), next, cost, 'esc lists what else there is'].filter(Boolean).join(' · ');
	}

	const left = focused ? timeLeft(view?.times ?? {}, run, now) : undefined;
	return [
		focused || endedAt !== undefined
			? formatDuration(((endedAt ?? now) - intendedAt) / 1000)
			: `since ${passed(now, intendedAt)}`,
		left === undefined ? undefined : `about ${aboutMinutes(left)} left`,
		cost === '' ? '$0 so far' : cost,
		instanceId === undefined ? undefined : worstWords(now, run),
		phase === 'stopping' ? `stopping: ${reason ?? ''}` : '',
		attempts.length > 0 && instanceId !== undefined ? `after ${plural(attempts.length, 'refusal')}` : '',
	]
		.filter(Boolean)
		.join(' · ');
}
