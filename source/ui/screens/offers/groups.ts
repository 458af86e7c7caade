import {formatPrice} from '../../../offers/format.js';
import type {Group} from '../../../offers/group.js';
import type {OfferTable} from '../../../offers/table.js';
import {cut, fit} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';

const widths = [24, 8, 9, 9] as const;

const line = (title: string, count: string, price: string, gpuPrice: string, cheapest: string): string =>
	`${fit(title, widths[0])}  ${fit(count, widths[1], 'right')}  ${fit(price, widths[2], 'right')}  ${fit(gpuPrice, widths[3], 'right')}  ${cheapest}`;

export const groupHeader = (columns: number): string =>
	paint.strong(cut(`   ${line('GROUP', 'OFFERS', 'FROM $/H', '$/GPU', 'CHEAPEST')}`, columns));

/** A group with the cheapest that it has. */
export function groupRow(
	{title, rows, cheapest, gpuPrice}: Group,
	table: OfferTable | undefined,
	columns: number,
	isChosen: boolean,
): string {
	const offer = table?.offer(cheapest);
	const where = offer ? `${offer.backend} ${offer.region} ${offer.instanceType}${offer.spot ? ' spot' : ''}` : '';
	const text = `${isChosen ? glyphs.cursor : ' '}  ${line(
		title,
		rows.length.toLocaleString('en-US'),
		offer ? formatPrice(offer.price) : '',
		gpuPrice === undefined ? '-' : formatPrice(gpuPrice),
		where,
	)}`;
	return isChosen ? paint.selected(fit(text, columns)) : cut(text, columns);
}
