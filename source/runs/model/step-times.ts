import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import type {StepId} from '../../environment/step.js';
import {readIfThere} from '../../system/files.js';
import type {Paths} from '../../system/paths.js';

const mostTimes = 5;
const mostKeys = 400;
const longestKey = 2000;
/** What takes longer was not this step's own: the machine slept, or its clock was set. Milliseconds. */
const longestTime = 24 * 3_600_000;

const known = z.object({
	/** When one of it was learned last, milliseconds since the epoch. */
	at: z.number(),
	/** How long the last ones took, the newest last; milliseconds. */
	times: z.array(z.number().nonnegative()).min(1).max(mostTimes),
});
const schema = z.object({steps: z.record(z.string(), known)});

/** How long steps took, by what makes them alike (`stepKey`). */
export type StepTimes = Readonly<Record<string, z.infer<typeof known>>>;

/** What a step's time depends on. */
export type StepPlace = {
	readonly backend: string;
	readonly instanceType: string;
	/** What the environment starts from; undefined for a host process, or before that is known. */
	readonly image: string | undefined;
	/** Whether that is what the build commands made before. */
	readonly isBuilt: boolean;
	/** Absolute path of the configuration. */
	readonly configuration: string;
};

const machineSteps: readonly StepId[] = ['instance', 'ssh', 'guard', 'engine', 'image', 'container'];

/** Steps with the same key take about as long: those of the machine by its type, the others by the configuration and whether it is a cloud. */
export function stepKey(step: StepId, {backend, instanceType, image, isBuilt, configuration}: StepPlace): string {
	if (machineSteps.includes(step)) {
		return [step, backend, instanceType, ...(step === 'image' ? [image ?? ''] : [])].join(' ');
	}

	// In an image that was built, a Python is only found; making one takes a while.
	const kind = `${backend === 'local' ? 'local' : 'cloud'}${step === 'python' && isBuilt ? ' built' : ''}`;
	return [step, kind, configuration].join(' ');
}

/** With one more time of a step, milliseconds; those that were learned longest ago give way. Pure. */
export function withTime(times: StepTimes, key: string, time: number, at: number): StepTimes {
	if (!(time >= 0 && time <= longestTime) || key.length > longestKey) {
		return times;
	}

	const {[key]: before, ...others} = times;
	const kept = Object.entries(others)
		.sort(([, a], [, b]) => b.at - a.at)
		.slice(0, mostKeys - 1);
	return {...Object.fromEntries(kept), [key]: {at, times: [...(before?.times ?? []), time].slice(-mostTimes)}};
}

/** How long a step of this key is expected to take: the median of the last ones, milliseconds; undefined where there was none. Pure. */
export function usualTime(times: StepTimes, key: string): number | undefined {
	const sorted = (Object.hasOwn(times, key) ? (times[key]?.times ?? []) : []).toSorted((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	const [upper, lower] = [sorted[middle], sorted[middle - 1]];
	return upper === undefined || lower === undefined || sorted.length % 2 === 1 ? upper : (upper + lower) / 2;
}

/** What was learned before. Losing it is no harm, so what cannot be read is as if it were not there. */
export async function readStepTimes({stepTimes}: Pick<Paths, 'stepTimes'>): Promise<StepTimes> {
	try {
		const text = await readIfThere(stepTimes);
		return text === undefined ? {} : schema.parse(JSON.parse(text)).steps;
	} catch {
		// Another hand or a full disk was at it: it begins anew, and writing tells what keeps it from that.
		return {};
	}
}

/**
Keeps one more time of a step. Of two programs that do at once, one may be lost: the next run learns it again. Rejects where the file cannot
be written.
*/
export async function keepStepTime(paths: Pick<Paths, 'stepTimes'>, key: string, time: number, at: number): Promise<void> {
	const steps = withTime(await readStepTimes(paths), key, time, at);
	await mkdir(path.dirname(paths.stepTimes), {recursive: true, mode: 0o700});
	await writeFileAtomic(paths.stepTimes, `${JSON.stringify({steps})}\n`, {mode: 0o600, fsync: false});
}
