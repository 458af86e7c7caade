import {formatGpus, formatMemory, formatPrice} from './format.js';
import {formatAge} from '../system/format.js';
import type {Offer} from './offer.js';
import type {SortColumn} from './sort.js';

export type ColumnId = Extract<
	SortColumn,
	| 'backend'
	| 'region'
	| 'zone'
	| 'instance'
	| 'cpu'
	| 'memory'
	| 'disk'
	| 'gpu'
	| 'spot'
	| 'price'
	| 'gpu-price'
	| 'change'
	| 'interruption'
	| 'deadline'
	| 'availability'
	| 'date'
>;

/** What a cell needs beside the offer itself. */
export type CellContext = {
	/** Milliseconds since the epoch. */
	readonly now: number;
	/** US dollars per hour before the last refresh; undefined where it did not change. */
	readonly previousPrice?: number;
};

/** A column of the offers grid as data. */
export type Column = {
	readonly id: ColumnId;
	readonly title: string;
	/** What it shows, for those who choose columns. */
	readonly words: string;
	readonly align: 'left' | 'right';
	/** Columns with a higher number go first when there is no space. */
	readonly drop: number;
	/** Widest that it grows to while others want space, cells. */
	readonly limit: number;
	/** Narrowest that it is cut to before it goes, cells; without it, it is never cut. */
	readonly least?: number;
	/** What distinguishes it from similar ones is at both ends: it is cut in the middle. */
	readonly ends?: true;
	/** Shown unless the person says otherwise. */
	readonly usual: boolean;
	format(offer: Offer, context: CellContext): string;
};

const gpuCount = ({gpus}: Offer): number => gpus.reduce((sum, {count}) => sum + count, 0);
const bare = (price: number): string => formatPrice(price).replace('$', '');

const ends = {provider: '● provider', guest: '● guest', none: '○ never'} as const;

/** `+12 %`, `-3 %`, against the price before the last refresh. */
function changeOf({price}: Offer, {previousPrice}: CellContext): string {
	if (previousPrice === undefined || previousPrice === price) {
		return '';
	}

	const share = (price / previousPrice - 1) * 100;
	return `${share > 0 ? '+' : ''}${Math.abs(share) < 1 ? share.toFixed(1) : Math.round(share)}%`;
}

const left = (
	id: ColumnId,
	title: string,
	words: string,
	drop: number,
	limit: number,
	format: Column['format'],
	usual = true,
): Column => ({
	id,
	title,
	words,
	align: 'left',
	drop,
	limit,
	usual,
	format,
});

const right = (...given: Parameters<typeof left>): Column => ({...left(...given), align: 'right'});

export const columns: readonly Column[] = [
	left('backend', 'BACKEND', 'The cloud', 0, 12, ({backend}) => backend),
	{...left('region', 'REGION', 'The region', 1, 14, ({region}) => region), least: 10, ends: true},
	left('zone', 'ZONE', 'The one zone where it is to be had', 9, 14, ({zone}) => zone ?? '-', false),
	{...left('instance', 'INSTANCE', 'The instance type', 0, 18, ({instanceType}) => instanceType), least: 12, ends: true},
	right('cpu', 'CPU', 'Cores', 2, 5, ({cpu}) => String(cpu)),
	right('memory', 'MEM', 'Memory', 2, 7, ({memory}) => formatMemory(memory)),
	right('disk', 'DISK', 'Disk', 8, 7, ({disk}) => (disk === undefined ? '-' : formatMemory(disk)), false),
	{...left('gpu', 'GPU', 'GPUs, with the memory of each', 1, 16, ({gpus}) => formatGpus(gpus) || '-'), least: 12},
	left('spot', 'SPOT', 'Whether it is a spot instance', 2, 4, ({spot}) => (spot ? 'yes' : 'no')),
	right(
		'price',
		'$/H',
		'US dollars per hour; ~ where it was worked out, ▲ or ▼ where it moved',
		0,
		10,
		({price, estimated}) => `${estimated ? '~' : ''}${bare(price)}`,
	),
	right('gpu-price', '$/GPU', 'US dollars per hour and GPU', 5, 8, offer =>
		gpuCount(offer) === 0 ? '-' : bare(offer.price / gpuCount(offer)),
	),
	right('change', 'CHANGE', 'How the price moved with the last refresh', 7, 7, changeOf, false),
	left(
		'interruption',
		'INTERRUPTED',
		'How often spot instances of the type are interrupted',
		7,
		11,
		({interruption}) => interruption ?? '-',
		false,
	),
	left('availability', 'AVAILABLE', 'What the backend says', 6, 14, ({availability}) => availability),
	left('deadline', 'ENDS ITSELF', 'How it ends when nobody is there to end it', 3, 11, ({deadline}) => ends[deadline]),
	right('date', 'AGE', 'How old the price is', 8, 9, ({priceDate}, {now}) => formatAge((now - priceDate) / 1000), false),
];

export const columnById = (id: ColumnId): Column => columns.find(column => column.id === id) as Column;
