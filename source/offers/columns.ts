import {formatGpus, formatMemory, formatPrice} from './format.js';
import type {Offer} from './offer.js';

export type ColumnId = 'backend' | 'region' | 'instance' | 'cpu' | 'memory' | 'gpu' | 'spot' | 'price' | 'gpu-price' | 'deadline';

/** A column of the offers grid as data. */
export type Column = {
	readonly id: ColumnId;
	readonly title: string;
	readonly align: 'left' | 'right';
	/** Columns with a higher number go first when there is no room. */
	readonly drop: number;
	/** Widest that it grows to, cells. */
	readonly limit: number;
	format(offer: Offer): string;
	compare(a: Offer, b: Offer): number;
};

const text = (value: (offer: Offer) => string) => (a: Offer, b: Offer) =>
	value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;
// Compared, not subtracted: the difference of two infinities is no number.
const number = (value: (offer: Offer) => number) => (a: Offer, b: Offer) =>
	value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;

const gpuCount = ({gpus}: Offer): number => gpus.reduce((sum, {count}) => sum + count, 0);
const gpuMemory = ({gpus}: Offer): number => gpus.reduce((sum, {count, memory}) => sum + count * memory, 0);
const gpuPrice = (offer: Offer): number => (gpuCount(offer) === 0 ? Number.POSITIVE_INFINITY : offer.price / gpuCount(offer));
const bare = (price: string): string => price.replace('$', '');

const ends = {provider: '● provider', guest: '● guest', none: '○ never'} as const;

export const columns: readonly Column[] = [
	{
		id: 'backend',
		title: 'BACKEND',
		align: 'left',
		drop: 0,
		limit: 12,
		format: ({backend}) => backend,
		compare: text(({backend}) => backend),
	},
	{
		id: 'region',
		title: 'REGION',
		align: 'left',
		drop: 4,
		limit: 16,
		format: ({region}) => region,
		compare: text(({region}) => region),
	},
	{
		id: 'instance',
		title: 'INSTANCE',
		align: 'left',
		drop: 0,
		limit: 24,
		format: ({instanceType}) => instanceType,
		compare: text(({instanceType}) => instanceType),
	},
	{id: 'cpu', title: 'CPU', align: 'right', drop: 1, limit: 5, format: ({cpu}) => String(cpu), compare: number(({cpu}) => cpu)},
	{
		id: 'memory',
		title: 'MEM',
		align: 'right',
		drop: 1,
		limit: 7,
		format: ({memory}) => formatMemory(memory),
		compare: number(({memory}) => memory),
	},
	{
		id: 'gpu',
		title: 'GPU',
		align: 'left',
		drop: 1,
		limit: 20,
		format: ({gpus}) => formatGpus(gpus) || '-',
		compare: number(gpuMemory),
	},
	{
		id: 'spot',
		title: 'SPOT',
		align: 'left',
		drop: 2,
		limit: 4,
		format: ({spot}) => (spot ? 'yes' : 'no'),
		compare: number(({spot}) => (spot ? 0 : 1)),
	},
	{
		id: 'price',
		title: '$/H',
		align: 'right',
		drop: 0,
		limit: 8,
		format: ({price}) => bare(formatPrice(price)),
		compare: number(({price}) => price),
	},
	{
		id: 'gpu-price',
		title: '$/GPU',
		align: 'right',
		drop: 5,
		limit: 8,
		format: offer => (gpuCount(offer) === 0 ? '-' : bare(formatPrice(gpuPrice(offer)))),
		compare: number(gpuPrice),
	},
	{
		id: 'deadline',
		title: 'ENDS ITSELF',
		align: 'left',
		drop: 3,
		limit: 11,
		format: ({deadline}) => ends[deadline],
		compare: text(({deadline}) => deadline),
	},
];

export const columnById = (id: ColumnId): Column => columns.find(column => column.id === id) as Column;
