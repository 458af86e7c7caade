import type {GpuRequest, Range, Requirements} from '../../configuration/model.js';
import {capabilityOf} from '../matching.js';
import {formatMemory, formatPrice} from '../format.js';
import type {Gpu} from '../offer.js';
import type {OfferTable} from '../table.js';
import {bitOf, type ConstraintId, gpuMask} from './constraints.js';

/** The least change of one constraint that lets something through. */
export type Change = {
	/** The change as a person would say it: `max price to $1.21`, `region us-east-2 too`. */
	readonly words: string;
	/** What to lay over the requirements; `undefined` takes a constraint away. */
	readonly change: Partial<Requirements>;
	/** How much of it a person minds: 1 is paying twice as much. */
	readonly cost: number;
};

/** What a person minds of each change, as a share of minding a price twice as high. Halving a size counts once. */
const weights: Readonly<Record<ConstraintId, number>> = {
	maxPrice: 1,
	availabilityZones: 0.15,
	regions: 0.3,
	spotPolicy: 0.5,
	backends: 0.5,
	instanceTypes: 1,
	disk: 0.6,
	cpu: 0.7,
	memory: 0.7,
	architecture: 0.8,
	gpuName: 0.9,
	computeCapability: 1,
	gpuVendor: 1.2,
	gpuMemory: 1.3,
	gpuTotalMemory: 1.3,
	gpuCount: 1.3,
	gpu: 4,
};

/** The least change of a constraint that serves one of these rows, which fail nothing else. */
export function leastChange(
	id: ConstraintId,
	table: OfferTable,
	requirements: Requirements,
	rows: readonly number[],
): Change | undefined {
	const {columns, shapes} = table;
	const {price, shape} = columns;
	const {gpu, cpu, memory, disk} = requirements;
	const byShape = (values: readonly number[]) => rows.map(row => values[shape[row] as number] as number);
	/** The GPUs that fail this alone. */
	const cards = () =>
		rows.flatMap(row => shapes.gpusOf(shape[row] as number).filter(each => gpuMask(each, requirements) === bitOf(id)));
	const cheapest = () => rows.reduce((best, row) => ((price[row] as number) < (price[best] as number) ? row : best));
	const place = () => table.places.at(columns.place[cheapest()] as number);
	const withGpu = (part: Partial<GpuRequest>): Partial<Requirements> => ({gpu: {...gpu, ...part}});
	const dropped = (words: string, change: Partial<Requirements>): Change => ({words, change, cost: weights[id]});
	const ranged = (
		what: string,
		range: Range | undefined,
		values: readonly number[],
		show: (value: number) => string,
		change: (range: Range) => Partial<Requirements>,
	): Change | undefined => {
		const wider = widened(range ?? {}, values);
		return (
			wider && {words: `${what} ${wider.side} ${show(wider.value)}`, change: change(wider.range), cost: weights[id] * wider.steps}
		);
	};

	switch (id) {
		case 'maxPrice': {
			const least = price[cheapest()] as number;
			const cents = Math.ceil(least * 100 - 1e-9) / 100;
			const limit = cents >= least ? cents : least;
			const cost = weights.maxPrice * Math.log2(limit / (requirements.maxPrice ?? limit));
			return {words: `max price to ${formatPrice(limit)}`, change: {maxPrice: limit}, cost};
		}

		case 'backends': {
			const {backend} = place();
			return dropped(`backend ${backend} too`, {backends: [...(requirements.backends ?? []), backend]});
		}

		case 'regions': {
			const {region} = place();
			return dropped(`region ${region} too`, {regions: [...(requirements.regions ?? []), region]});
		}

		case 'availabilityZones': {
			return dropped('any zone', {availabilityZones: undefined});
		}

		case 'instanceTypes': {
			const {instanceType} = shapes.at(shape[cheapest()] as number);
			return dropped(`instance type ${instanceType} too`, {
				instanceTypes: [...(requirements.instanceTypes ?? []), instanceType],
			});
		}

		case 'spotPolicy': {
			return requirements.spotPolicy === 'spot'
				? dropped('on-demand too', {spotPolicy: 'auto'})
				: dropped('spot too', {spotPolicy: 'auto'});
		}

		case 'architecture': {
			return dropped('any processor', {cpu: {count: cpu.count}});
		}

		case 'cpu': {
			return ranged('cores', cpu.count, byShape(shapes.cpu), String, count => ({cpu: {...cpu, count}}));
		}

		case 'memory': {
			return ranged('memory', memory, byShape(shapes.memory), formatMemory, range => ({memory: range}));
		}

		case 'disk': {
			return ranged('disk', disk, byShape(shapes.disk), formatMemory, range => ({disk: range}));
		}

		case 'gpu': {
			return dropped('no GPU', {gpu: undefined});
		}

		case 'gpuVendor': {
			return dropped('GPU of any vendor', withGpu({vendor: undefined}));
		}

		case 'gpuName': {
			const name = nameOf(shapes.gpusOf(shape[cheapest()] as number), requirements);
			return dropped(`GPU ${name} too`, withGpu({names: [...(gpu?.names ?? []), name]}));
		}

		case 'gpuMemory': {
			const values = cards().map(card => card.memory);
			return ranged('memory of each GPU', gpu?.memory, values, formatMemory, range => withGpu({memory: range}));
		}

		case 'gpuTotalMemory': {
			const values = cards().map(card => card.memory * card.count);
			return ranged('memory of all GPUs', gpu?.totalMemory, values, formatMemory, range => withGpu({totalMemory: range}));
		}

		case 'computeCapability': {
			const values = cards().map(({name}) => capabilityOf(name) ?? 0);
			return ranged('compute capability', gpu?.computeCapability, values, String, range => withGpu({computeCapability: range}));
		}

		case 'gpuCount': {
			const values = cards().map(({count}) => count);
			return ranged('number of GPUs', gpu?.count ?? {min: 1}, values, String, count => withGpu({count}));
		}
	}
}

const nameOf = (gpus: readonly Gpu[], requirements: Requirements): string =>
	(gpus.find(gpu => gpuMask(gpu, requirements) === bitOf('gpuName')) ?? gpus[0])?.name ?? '';

type Wider = {readonly range: Range; readonly value: number; readonly side: 'from' | 'up to'; readonly steps: number};

/** The range with one end moved to the nearest of the values, none of which it holds. Steps are doublings. */
function widened({min, max}: Range, values: readonly number[]): Wider | undefined {
	const below = min === undefined ? [] : values.filter(value => value < min);
	const above = max === undefined ? [] : values.filter(value => value > max);
	const steps = (a: number, b: number) => Math.abs(Math.log2(Math.max(a, 0.001) / Math.max(b, 0.001)));
	const [low, high] = [
		below.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
		above.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
	];
	const down: Wider | undefined =
		below.length > 0 && min !== undefined
			? {range: {min: low, ...(max === undefined ? {} : {max})}, value: low, side: 'from', steps: steps(min, low)}
			: undefined;
	const up: Wider | undefined =
		above.length > 0 && max !== undefined
			? {range: {...(min === undefined ? {} : {min}), max: high}, value: high, side: 'up to', steps: steps(high, max)}
			: undefined;
	return down && up ? (down.steps <= up.steps ? down : up) : (down ?? up);
}
