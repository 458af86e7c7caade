import {fail, memoryPattern, shorten} from './grammar.js';
import type {GpuRequest, Range} from '../model.js';
import {parseCount, parseMemoryRange, parseRange, printMemory, printRange} from './ranges.js';

const mostGpus = 1000;

/** Vendors as people write them. */
const vendors: Readonly<Record<string, string>> = {
	nvidia: 'nvidia',
	amd: 'amd',
	intel: 'intel',
	google: 'google',
	tpu: 'google',
	tenstorrent: 'tenstorrent',
	tt: 'tenstorrent',
};

export const gpuVendors = [...new Set(Object.values(vendors))];

export const parseVendor = (text: string): string =>
	vendors[text.trim().toLowerCase()] ?? fail(`expected one of ${gpuVendors.join(', ')}, found '${shorten(text)}'`);

const namePattern = /^[a-z][\w./+-]*(?: [\w./+-]+)*$/i;

/** A GPU's name, for a list that is written in a file. */
export const parseGpuName = (text: string): string =>
	namePattern.test(text.trim()) ? text.trim() : fail(`expected a GPU's name such as A100, found '${shorten(text)}'`);

const isMemory = (part: string): boolean =>
	part.split('..').every(end => end === '' || memoryPattern.test(end.trim())) && /[a-z]/i.test(part);
const isCount = (part: string): boolean => /^(?:\d+|\d*\.\.\d*)$/.test(part) && part !== '..';

/** A range of counts, none of them beyond reason. */
export function parseGpuCount(text: string): Range {
	const count = parseRange(text, parseCount);
	return Math.max(count.min ?? 0, count.max ?? 0) > mostGpus
		? fail(`expected at most ${mostGpus} GPUs, found '${shorten(text)}'`)
		: count;
}

/**
`A10`, `A100:8`, `24GB`, `A100:2:40GB`, `nvidia:24GB..80GB:1..4`, `A10G,A100`, `tpu:v2-8`, in any order; `0` and `0..` ask for none. What is
not said is not in the answer.
*/
export function parseGpu(text: string): GpuRequest {
	const trimmed = text.trim();
	const shown = shorten(trimmed);
	const request: {vendor?: string; names?: readonly string[]; count?: Range; memory?: Range} = {};
	const once = (known: unknown, what: string) => (known === undefined ? undefined : fail(`two ${what} in '${shown}'`));
	const parts = trimmed.split(':').map(part => part.trim());
	for (const part of parts) {
		const vendor = vendors[part.toLowerCase()];
		if (isCount(part)) {
			once(request.count, 'counts');
			request.count = parseGpuCount(part);
		} else if (isMemory(part)) {
			once(request.memory, 'sizes');
			request.memory = parseMemoryRange(part);
		} else if (vendor !== undefined) {
			once(request.vendor, 'vendors');
			request.vendor = vendor;
		} else if (part.split(',').every(name => namePattern.test(name.trim()))) {
			once(request.names, 'names');
			request.names = part.split(',').map(name => name.trim());
		} else {
			fail(`expected a GPU such as A10, A100:8, 24GB or A100:2:40GB, found '${shown}'`);
		}
	}

	return parts.length > 1 && parts.some(part => /^0+$/.test(part))
		? fail(`'${shown}' asks for no GPU and says what it has to be`)
		: request;
}

/** Whether a request asks for a GPU at all: a count of none, or of any number from none, does not. */
export const wantsGpu = ({count}: GpuRequest): boolean => count?.min !== 0;

/** The way back from a request to what is written. What only a map can say is not in it. */
export const printGpu = ({vendor, names, count, memory}: GpuRequest): string =>
	[vendor, names?.join(','), memory && printRange(memory, printMemory), count && printRange(count)]
		.filter(part => part !== undefined)
		.join(':') || '1';

/** A compute capability such as `8.6`, at least that; or a range of them. */
export const parseCapability = (text: string): Range =>
	parseRange(text, end =>
		/^\d{1,2}(?:\.\d)?$/.test(end) ? Number(end) : fail(`expected a compute capability such as 8.6, found '${shorten(end)}'`),
	);
