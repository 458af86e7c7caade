import type {Explanation} from '../../../offers/explain.js';
import type {AppState} from '../../store/state.js';
import {cut, fit} from '../../drawing/cells.js';
import {paint} from '../../drawing/theme.js';
import {plural} from '../../drawing/lines.js';

/** Why there is nothing to be had: what each constraint took away, and the change that a person minds least. */
export function nothingRows({steps, relaxations, nearest, listed}: Explanation, {columns}: AppState, height: number): string[] {
	const [first, ...others] = relaxations;
	const count = (value: number) => fit(value.toLocaleString('en-US'), 8, 'right');
	const lines = [
		paint.warning(cut('  No offer is left. What each thing that was asked for took away:', columns)),
		`  ${count(listed)}  offers are known`,
		...steps
			.filter(({removed}) => removed > 0)
			.map(({words, removed, left}) => `  ${count(-removed)}  ${words}: ${left.toLocaleString('en-US')} left`),
		'',
		...(first
			? [
					paint.strong(
						cut(
							`  ${first.words} would give ${plural(first.triable > 0 ? first.triable : first.offers, 'offer')}; a does that for this run`,
							columns,
						),
					),
					...others.slice(0, 4).map(({words, offers}) => paint.muted(`  or: ${words} (${plural(offers, 'offer')})`)),
				]
			: [
					paint.strong(
						cut(
							`  No single change gives any${nearest ? `; these together keep out ${plural(nearest.offers, 'offer')}: ${nearest.words.join(', ')}` : ''}.`,
							columns,
						),
					),
				]),
	].map(text => cut(text, columns * 2));
	return Array.from({length: height}, (_, index) => lines[index] ?? '');
}
