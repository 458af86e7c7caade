import {formatDuration, formatPrice} from '../../offers/format.js';
import type {RunState} from '../../runs/state.js';
import {type AppState, bodyRows} from '../store/state.js';
import {cut, fit, windowTop} from '../text.js';
import {paint} from '../theme.js';
import {listRow, type View} from '../view.js';
import {alive} from './alive.js';

const widths = [20, 9, 26, 18, 8, 10] as const;
const cellsOf = (values: readonly string[]): string => values.map((value, index) => fit(value, widths[index] ?? 10)).join('  ');

/** What is there now: running, failed, or ended with what it kept. */
export function environmentsView(state: AppState): View {
	const {environments, cursor, columns, now} = state;
	const height = Math.max(1, bodyRows(state) - 2);
	const top = windowTop(cursor.environments, environments.length, height, 0);
	return {
		path: ['environments'],
		right: alive(state),
		body:
			environments.length === 0
				? ['', '  Nothing is running.']
				: [
						paint.strong(cut(`  ${cellsOf(['NAME', 'STATE', 'CONFIGURATION', 'BACKEND', 'AGE', 'ENDS ITSELF'])}`, columns)),
						...environments
							.slice(top, top + height)
							.map((run, index) => listRow(row(run, now), top + index === cursor.environments, columns)),
					],
	};
}

function row({name, phase, specification, offer, intendedAt, deadline}: RunState, now: number): string {
	return cellsOf([
		name,
		phase,
		`${specification.configurationLabel}${specification.profile ? ` ${specification.profile}` : ''}`,
		`${offer.backend} ${offer.instanceType} ${formatPrice(offer.price)}/h`,
		formatDuration((now - intendedAt) / 1000),
		deadline === undefined ? 'never' : deadline > now ? `in ${formatDuration((deadline - now) / 1000)}` : 'now',
	]);
}
