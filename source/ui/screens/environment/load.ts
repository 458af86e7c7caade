import {formatMemory} from '../../../offers/format.js';
import type {Amount, GpuLoad, Load} from '../../../tunnel/observe/machine-load.js';
import {cut, fit, width} from '../../drawing/cells.js';
import {paint, sparkline} from '../../drawing/theme.js';

/** One thing that is measured: its history from 0 to 1, and how it is now. */
type Gauge = {readonly label: string; readonly history: readonly number[]; readonly now: string; readonly brief?: string};

const labelCells = 8;
const mebibyte = 1024 * 1024;

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const amountWords = ({used, total}: Amount): string => `${formatMemory(used / mebibyte)} of ${formatMemory(total / mebibyte)}`;
const briefWords = ({used, total}: Amount): string => `${formatMemory(used / mebibyte)}/${formatMemory(total / mebibyte)}`;
const shareOf = (amount: Amount | undefined): number | undefined => amount && amount.used / amount.total;

/** The GPU that has most to do. */
const busiest = (gpus: readonly GpuLoad[]): GpuLoad | undefined =>
	gpus.toSorted((a, b) => (b.share ?? -1) - (a.share ?? -1) || (shareOf(b.memory) ?? 0) - (shareOf(a.memory) ?? 0))[0];

const history = (loads: readonly Load[], pick: (load: Load) => number | undefined): number[] =>
	loads.map(pick).filter(value => value !== undefined);

/** What is known of the last sample; what the environment does not tell is left out. */
function gauges(loads: readonly Load[]): Gauge[] {
	const last = loads.at(-1);
	if (!last) {
		return [];
	}

	const {cpu, cores, memory, disk, gpus} = last;
	const gpu = busiest(gpus);
	const times = gpus.length > 1 ? ` ×${gpus.length}` : '';
	return [
		cpu === undefined ? undefined : {label: 'cpu', history: history(loads, load => load.cpu), now: `${percent(cpu)} of ${cores}`},
		memory && {
			label: 'memory',
			history: history(loads, load => shareOf(load.memory)),
			now: amountWords(memory),
			brief: briefWords(memory),
		},
		disk && {label: 'disk', history: history(loads, load => shareOf(load.disk)), now: amountWords(disk), brief: briefWords(disk)},
		gpu?.share === undefined
			? undefined
			: {label: 'gpu', history: history(loads, load => busiest(load.gpus)?.share), now: `${percent(gpu.share)}${times}`},
		gpu?.memory && {
			label: gpu.share === undefined ? 'gpu' : 'gpu mem',
			history: history(loads, load => shareOf(busiest(load.gpus)?.memory)),
			now: `${amountWords(gpu.memory)}${gpu.share === undefined ? times : ''}`,
			brief: briefWords(gpu.memory),
		},
	].filter(gauge => gauge !== undefined);
}

const mostGraph = 60;

/** A graph a line, all of the same width. */
export function loadRows(loads: readonly Load[], cells: number): string[] {
	const shown = gauges(loads);
	const words = Math.max(0, ...shown.map(({now}) => width(now)));
	const graph = Math.max(0, Math.min(mostGraph, cells - labelCells - words - 2));
	return shown.map(({label, history: values, now}) => {
		const bars = graph > 3 ? `${fit(sparkline(values, graph), Math.min(graph, mostGraph))} ` : '';
		return `${paint.muted(fit(label, labelCells))} ${cut(`${bars}${now}`, cells - labelCells - 1)}`;
	});
}

/** The same in one line without graphs, for a screen that is narrow or low: first what is asked for most. */
export function loadLine(loads: readonly Load[], cells: number): string[] {
	const words = gauges(loads).map(({label, now, brief = now}) => `${label} ${brief}`);
	while (words.length > 1 && width(words.join(' · ')) > cells) {
		words.pop();
	}

	return words.length === 0 ? [] : [cut(words.join(' · '), cells)];
}
