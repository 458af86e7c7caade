import {suggest} from '../../configuration/schema/suggest.js';

export type TextKey = 'backend' | 'region' | 'zone' | 'instance' | 'gpu' | 'vendor' | 'arch' | 'spot' | 'availability' | 'source';
export type NumberKey = 'cpu' | 'memory' | 'disk' | 'gpus' | 'vram' | 'price' | 'gpu-price' | 'interruption';
export type Key = TextKey | NumberKey;

/** What a number is written in: sizes in GB where no unit is named, prices in US dollars per hour. */
export type Unit = 'size' | 'price' | 'number' | 'percent';

export const units: Readonly<Record<NumberKey, Unit>> = {
	cpu: 'number',
	memory: 'size',
	disk: 'size',
	gpus: 'number',
	vram: 'size',
	price: 'price',
	'gpu-price': 'price',
	interruption: 'percent',
};

export const isNumberKey = (key: Key): key is NumberKey => key in units;

type KeyWords = {readonly key: Key; readonly names: readonly string[]; readonly words: string};

/** Keys by the names that people type, the usual one first, with what they mean. */
export const keys: readonly KeyWords[] = [
	{key: 'gpu', names: ['gpu', 'card'], words: 'model of the GPU: gpu:a100, gpu=a10'},
	{key: 'price', names: ['price', 'cost', '$', '$/h'], words: 'dollars an hour: price<2'},
	{key: 'memory', names: ['mem', 'memory', 'ram'], words: 'memory in GB: mem>=64'},
	{key: 'cpu', names: ['cpu', 'cpus', 'cores', 'vcpu', 'vcpus'], words: 'cores: cpu>=8'},
	{key: 'gpus', names: ['gpus', 'count'], words: 'how many GPUs: gpus>=2'},
	{key: 'vram', names: ['vram', 'gpu-memory'], words: 'memory of each GPU in GB: vram>=24'},
	{key: 'gpu-price', names: ['$/gpu', 'gpu-price', 'price/gpu'], words: 'dollars an hour for each GPU: $/gpu<1.5'},
	{key: 'backend', names: ['backend', 'cloud', 'provider'], words: 'backend: backend:aws,gcp'},
	{key: 'region', names: ['region', 'location'], words: 'region: region:us-*'},
	{key: 'zone', names: ['zone', 'az'], words: 'zone of a region'},
	{key: 'instance', names: ['instance', 'type'], words: 'instance type: instance:g5.*'},
	{key: 'spot', names: ['spot', 'market'], words: 'spot:yes or spot:no'},
	{key: 'availability', names: ['availability', 'status'], words: 'available, unknown, unavailable, no-quota, no-credentials'},
	{key: 'vendor', names: ['vendor'], words: 'who makes the GPU'},
	{key: 'arch', names: ['arch', 'architecture'], words: 'x86_64 or arm64'},
	{key: 'disk', names: ['disk', 'storage'], words: 'disk in GB: disk>=500'},
	{
		key: 'interruption',
		names: ['interruption', 'interrupted'],
		words: 'how often spot is interrupted, per cent: interruption<=5',
	},
	{key: 'source', names: ['source'], words: 'who said the price'},
];

const byName = new Map(keys.flatMap(({key, names}) => names.map(name => [name, key] as const)));

export const keyNamed = (name: string): Key | undefined => byName.get(name.toLowerCase());

/** The key that was probably meant. */
export const similarKey = (name: string): string | undefined => suggest(name, [...byName.keys()]);

/** Words that mean something by themselves. */
export const flagWords = {
	spot: 'spot offers',
	ondemand: 'on-demand offers',
	'on-demand': 'on-demand offers',
	available: 'offers that the backend says are to be had',
	estimated: 'offers whose price was worked out from others',
	live: 'offers from the backend itself',
	changed: 'offers whose price changed since the last refresh',
} as const;
export type FlagWord = keyof typeof flagWords;

export const isFlagWord = (word: string): word is FlagWord => Object.hasOwn(flagWords, word);

export type Operator = ':' | '=' | '<' | '<=' | '>' | '>=';
