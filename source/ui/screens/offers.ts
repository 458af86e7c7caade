import {type Column, columns as allColumns} from '../../offers/columns.js';
import type {Offer} from '../../offers/offer.js';
import {mismatch} from '../../offers/matching.js';
import {type AppState, bodyRows} from '../store/state.js';
import {cut, fit, width, windowTop} from '../text.js';
import {glyphs, paint} from '../theme.js';
import {ends, rule, type View} from '../view.js';
import {alive} from './alive.js';
import {sign} from './signs.js';

type Sized = {readonly column: Column; readonly cells: number};

/** Cells that each column takes, measured once for each arrangement of the grid. */
const measured = new WeakMap<readonly Offer[], readonly Sized[]>();
const sampled = 2000;

function sizes(shown: readonly Offer[]): readonly Sized[] {
	let sized = measured.get(shown);
	if (!sized) {
		const sample = shown.slice(0, sampled);
		sized = allColumns.map(column => ({
			column,
			cells: Math.min(column.limit, Math.max(width(column.title) + 2, ...sample.map(offer => width(column.format(offer))))),
		}));
		measured.set(shown, sized);
	}

	return sized;
}

const total = (sized: readonly Sized[]): number => sized.reduce((sum, {cells}) => sum + cells + 2, 0);

/** The columns that there is room for; those that matter least go first. */
export function columnsFor(shown: readonly Offer[], cells: number): readonly Sized[] {
	let fitting = [...sizes(shown)];
	while (total(fitting) > cells - 2) {
		const drop = Math.max(...fitting.map(({column}) => column.drop));
		if (drop === 0) {
			break;
		}

		const last = fitting.findLastIndex(({column}) => column.drop === drop);
		fitting = fitting.filter((_, index) => index !== last);
	}

	return fitting;
}

/** The live grid of offers over all backends. */
export function offersView(state: AppState): View {
	const {request, listing, shown, cursor, columns, configuration, profile, filter} = state;
	const height = Math.max(1, bodyRows(state) - 7);
	const chosen = cursor.offers;
	const top = windowTop(chosen, shown.length, height, 0);
	const grid = columnsFor(shown, columns);
	const counts = listing ? `${shown.length} of ${listing.offers.length} offers` : '';
	const current = shown[chosen];
	const rows = shown.slice(top, top + height).map((offer, index) => row(offer, top + index === chosen));
	return {
		path: [configuration?.label ?? '', ...(profile ? [profile.name] : []), 'offers'],
		right: alive(state),
		body: [
			ends(` ${request?.requirements.words.join(' · ') || 'anything'}`, counts, columns),
			ends(` ${backendWords(state)}`, filter === '' ? '' : `filter: ${filter}`, columns, paint.muted),
			header(),
			...rows,
			...Array.from({length: height - rows.length}, (_, index) => (index === 0 && rows.length === 0 ? nothing() : '')),
			rule(columns),
			...details(current),
		],
	};

	function header(): string {
		const {sort} = state;
		const titles = grid.map(({column, cells}) => {
			const mark = sort?.column === column.id ? ` ${sort.descending ? glyphs.descending : glyphs.ascending}` : '';
			return fit(`${column.title}${mark}`, cells, column.align);
		});
		return paint.strong(cut(`  ${titles.join('  ')}`, columns));
	}

	function row(offer: Offer, isChosen: boolean): string {
		const usable = listing?.usable.has(offer.id) ?? false;
		const text = `${isChosen ? glyphs.cursor : usable ? ' ' : glyphs.failed} ${grid.map(({column, cells}) => fit(column.format(offer), cells, column.align)).join('  ')}`;
		const line = isChosen ? fit(text, columns) : cut(text, columns);
		return isChosen ? paint.selected(line) : usable ? line : paint.muted(line);
	}

	function nothing(): string {
		if (!listing?.complete) {
			return paint.muted(`  ${sign(state, 'running')} asking the backends`);
		}

		return filter === ''
			? paint.warning('  No backend has an offer for this')
			: paint.warning('  No offer matches the filter; esc clears it');
	}

	function details(offer: Offer | undefined): string[] {
		if (!offer || !request) {
			return [];
		}

		const reason = mismatch(offer, request.requirements);
		const usable = listing?.usable.has(offer.id) ?? false;
		const first = `${offer.backend} ${offer.instanceType} · ${offer.availability}${reason === undefined ? '' : ` · does not fit: ${reason}`} · price: ${offer.priceSource}`;
		return [
			usable ? cut(` ${first}`, columns) : paint.warning(cut(` ${first}`, columns)),
			...offer.notes.map(note => paint.muted(cut(` ${note}`, columns))),
		].slice(0, 3);
	}
}

const backendWords = (state: AppState): string =>
	(state.listing?.backends ?? [])
		.map(({backend, settled, ready, count, notes, noCredentials}) =>
			settled
				? ready
					? `${backend} ${glyphs.done} ${count}`
					: `${backend} ${glyphs.failed} ${noCredentials ? 'no credentials' : (notes[0] ?? '')}`
				: `${backend} ${sign(state, 'running')} ${count}…`,
		)
		.join('   ');
