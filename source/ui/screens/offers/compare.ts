import {formatGpus, formatMemory, formatPrice} from '../../../offers/format.js';
import {formatAge} from '../../../system/format.js';
import type {Offer} from '../../../offers/offer.js';
import {pinnedOffers} from '../../store/offers.js';
import type {AppState} from '../../store/state.js';
import {cut, fit} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';
import type {View} from '../../drawing/lines.js';
import {alive} from '../alive.js';

const labelCells = 14;

type Fact = readonly [label: string, tell: (offer: Offer) => string];

const gpus = ({gpus: all}: Offer): number => all.reduce((sum, {count}) => sum + count, 0);

const facts = (now: number): readonly Fact[] => [
	['backend', ({backend}) => backend],
	['region', ({region, zone}) => zone ?? region],
	['cores', ({cpu}) => String(cpu)],
	['processor', ({architecture}) => architecture],
	['memory', ({memory}) => formatMemory(memory)],
	['GPU', offer => formatGpus(offer.gpus) || 'none'],
	['disk', ({disk}) => (disk === undefined ? 'not said' : formatMemory(disk))],
	['market', ({spot}) => (spot ? 'spot' : 'on-demand')],
	['$/h', ({price, estimated}) => `${estimated ? '~' : ''}${formatPrice(price)}`],
	['$/h and GPU', offer => (gpus(offer) === 0 ? '-' : formatPrice(offer.price / gpus(offer)))],
	['$ a day', ({price}) => formatPrice(price * 24)],
	['interrupted', ({interruption}) => interruption ?? 'not known'],
	['availability', ({availability}) => availability],
	['quota', ({quota}) => (quota === undefined ? 'not known' : `${quota.used ?? '?'} of ${quota.limit} vCPU`)],
	['ends itself', ({deadline}) => (deadline === 'none' ? 'never' : deadline)],
	['price of', ({priceSource}) => priceSource],
	['price is old', ({priceDate}) => formatAge((now - priceDate) / 1000)],
];

/** The pinned offers side by side; where they differ is marked. */
export function compareView(state: AppState): View {
	const {columns, now, configuration} = state;
	const offers = pinnedOffers(state);
	const cells = Math.max(8, Math.floor((columns - labelCells - 4) / Math.max(1, offers.length)) - 2);
	const row = (label: string, texts: readonly string[]): string => {
		const differs = new Set(texts).size > 1;
		const mark = differs ? paint.warning(glyphs.changed) : ' ';
		const shown = texts.map(text => (differs ? paint.strong(fit(text, cells)) : fit(text, cells))).join('  ');
		return ` ${mark} ${paint.muted(fit(label, labelCells))}  ${shown}`;
	};
	return {
		path: [configuration?.label ?? '', 'offers', 'compare'],
		right: alive(state),
		body:
			offers.length === 0
				? ['', '  Nothing is pinned; space pins the offer under the cursor.']
				: [
						'',
						`   ${fit('', labelCells)}  ${offers.map(({instanceType}) => paint.strong(fit(instanceType, cells))).join('  ')}`,
						...facts(now).map(([label, tell]) => row(label, offers.map(tell))),
						'',
						paint.muted(
							cut(` ${glyphs.changed} marks what is not the same · enter plans with the first · esc goes back`, columns),
						),
					],
	};
}
