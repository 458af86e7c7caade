import type {GpuRequest, Profile, SpotPolicy} from './model.js';

const size = (mebibytes: number): string => (mebibytes < 1024 ? `${mebibytes}MB` : `${Number((mebibytes / 1024).toFixed(1))}GB`);

export const gpuWords = ({vendor, names, count, memory}: GpuRequest): string =>
	['gpu', vendor, names.join(' or '), memory === undefined ? '' : `≥ ${size(memory)}`, `×${count}`].filter(Boolean).join(' ');

export const spotWords: Readonly<Record<SpotPolicy, string>> = {
	spot: 'spot only',
	'on-demand': 'on-demand only',
	auto: 'spot, then on-demand',
};

/** Seconds: `45m`, `6h`, `1d`. */
export function durationWords(seconds: number): string {
	for (const [unit, length] of [
		['d', 86_400],
		['h', 3600],
		['m', 60],
	] as const) {
		if (seconds % length === 0) {
			return `${seconds / length}${unit}`;
		}
	}

	return `${seconds}s`;
}

/** Cents at least, and never rounded: what is shown is what is compared. */
const price = (dollars: number): string => (Number(dollars.toFixed(2)) === dollars ? dollars.toFixed(2) : String(dollars));

type Wishes = Pick<Profile, 'backends' | 'resources' | 'spotPolicy' | 'maxPrice' | 'maxDuration'>;

/** What is asked for, in words, in the order of weight. */
export function wishWords({
	backends,
	resources: {cpu, memory, gpu, disk, shmSize},
	spotPolicy,
	maxPrice,
	maxDuration,
}: Wishes): string[] {
	return [
		gpu && gpuWords(gpu),
		cpu !== undefined && `cpu ≥ ${cpu}`,
		memory !== undefined && `memory ≥ ${size(memory)}`,
		disk !== undefined && `disk ≥ ${size(disk)}`,
		shmSize !== undefined && `shared memory ${size(shmSize)}`,
		maxPrice !== undefined && `≤ $${price(maxPrice)}/h`,
		spotPolicy && spotWords[spotPolicy],
		maxDuration !== undefined && (maxDuration === 'off' ? 'runs until stopped' : `up to ${durationWords(maxDuration)}`),
		backends && `on ${backends.join(' or ')}`,
	].filter((word): word is string => typeof word === 'string');
}

export const profileWords = (profile: Wishes): string => wishWords(profile).join(' · ') || 'anything';
