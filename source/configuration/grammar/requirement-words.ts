import {wantsGpu} from './gpu-grammar.js';
import {isBound} from './ranges.js';
import type {
	Asked,
	CpuRequest,
	GpuRequest,
	Origins,
	Range,
	Retry,
	SpotPolicy,
	RequirementKey,
	RequirementSettings,
} from '../model.js';

const trim = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** MiB as people say it: `512 MB`, `24 GB`. */
const sizeWords = (mebibytes: number): string => (mebibytes < 1024 ? `${mebibytes} MB` : `${trim(mebibytes / 1024, 1)} GB`);

/** `≥ 24 GB`, `16 to 64 GB`, `≤ 64 GB`, `exactly 8`. */
export function rangeWords({min, max}: Range, show: (value: number) => string = String): string {
	if (max === undefined) {
		return `≥ ${show(min ?? 0)}`;
	}

	if (min === undefined) {
		return `≤ ${show(max)}`;
	}

	return min === max ? `exactly ${show(min)}` : `${show(min)} to ${show(max)}`;
}

const countWords = ({min = 1, max}: Range): string =>
	max === undefined ? `${min} or more` : min === max ? `exactly ${min}` : `${min} to ${max}`;

const listWords = (values: readonly string[]): string =>
	values.length < 3 ? values.join(' or ') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

/** `gpu A100 memory ≥ 40 GB, 2 or more`. */
export function gpuWords(request: GpuRequest): string {
	const {vendor, names, count, memory, totalMemory, computeCapability} = request;
	const what = [
		'gpu',
		vendor,
		names && listWords(names),
		memory && `memory ${rangeWords(memory, sizeWords)}`,
		totalMemory && `together ${rangeWords(totalMemory, sizeWords)}`,
		computeCapability && `compute capability ${rangeWords(computeCapability)}`,
	].filter(Boolean);
	return wantsGpu(request) ? `${what.join(' ')}, ${countWords(count ?? {})}` : 'no gpu';
}

const cpuWords = ({architecture, count}: CpuRequest): string | undefined => {
	const kind = architecture === 'arm64' ? 'arm cpu' : architecture === 'x86_64' ? 'x86 cpu' : 'cpu';
	return isBound(count) ? `${kind} ${rangeWords(count)}` : architecture === undefined ? undefined : kind;
};

export const spotWords: Readonly<Record<SpotPolicy, string>> = {
	spot: 'spot only',
	'on-demand': 'on-demand only',
	auto: 'spot, then on-demand',
};

/** Seconds in words, in the largest unit that says them whole: `1 day`, `90 minutes`. */
export function durationWords(seconds: number): string {
	for (const [unit, length] of [
		['week', 604_800],
		['day', 86_400],
		['hour', 3600],
		['minute', 60],
	] as const) {
		if (seconds % length === 0) {
			return `${seconds / length} ${unit}${seconds === length ? '' : 's'}`;
		}
	}

	return `${seconds} second${seconds === 1 ? '' : 's'}`;
}

/** Cents at least, and never rounded: what is shown is what is compared. */
export const priceWords = (dollars: number): string =>
	Number(dollars.toFixed(2)) === dollars ? dollars.toFixed(2) : String(dollars);

const retryWords = ({limit, on}: Retry): string =>
	`tries again for ${durationWords(limit)}${on.length === 3 ? '' : ` after ${listWords(on)}`}`;

type Words = {readonly [Key in RequirementKey]?: (value: NonNullable<RequirementSettings[Key]>) => string | undefined};

/** The words for each requirement, most important first. Those without words have no effect yet. */
const words: Words = {
	gpu: gpuWords,
	cpu: cpuWords,
	memory: memory => `memory ${rangeWords(memory, sizeWords)}`,
	disk: disk => `disk ${rangeWords(disk, sizeWords)}`,
	shmSize: size => `shared memory ${sizeWords(size)}`,
	spotPolicy: policy => spotWords[policy],
	maxPrice: price => `≤ $${priceWords(price)}/h`,
	maxDuration: duration => (duration === 'off' ? 'runs until stopped' : `ends itself after ${durationWords(duration)}`),
	retry: retry => (retry === 'off' ? undefined : retryWords(retry)),
	backends: backends => `on ${listWords(backends)}`,
	regions: regions => `in ${listWords(regions)}`,
	availabilityZones: zones => `in zone ${listWords(zones)}`,
	instanceTypes: types => `as ${listWords(types)}`,
};

/** What is asked for, each thing in words with its origin, in the order of weight. */
export function askedWords(settings: RequirementSettings, origins: Origins): Asked[] {
	return (Object.keys(words) as RequirementKey[]).flatMap(key => {
		const value = settings[key];
		const say = words[key] as ((value: unknown) => string | undefined) | undefined;
		const said = value === undefined ? undefined : say?.(value);
		return said === undefined ? [] : [{key, words: said, origin: origins[key] ?? 'default'}];
	});
}

export const settingsWords = (settings: RequirementSettings): string =>
	askedWords(settings, {})
		.map(({words: said}) => said)
		.join(' · ') || 'anything';
