import {readIfThere} from '../../system/files.js';
import {messageOf, Problem} from '../../system/problem.js';
import {appendTo, EditError, setIn, writeEdited} from '../yaml/edit.js';
import {printGpu} from '../grammar/gpu-grammar.js';
import type {RequirementKey, RequirementSettings} from '../model.js';
import {printCpu, printMemory, printRange} from '../grammar/ranges.js';
import {requirementPaths} from '../schema/requirement-fields.js';

/** Where requirements are saved: the map in a file that `place` leads to, or a new entry of that name in its `profiles`. */
export type SaveTarget =
	{readonly path: string; readonly place: ReadonlyArray<string | number>} | {readonly path: string; readonly newProfile: string};

const asNumber = (text: string): string | number => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text);

/** How each requirement is written in a file. */
const writers: {readonly [Key in RequirementKey]?: (value: NonNullable<RequirementSettings[Key]>) => unknown} = {
	gpu: gpu => asNumber(printGpu(gpu)),
	cpu: cpu => asNumber(printCpu(cpu)),
	memory: memory => printRange(memory, printMemory),
	disk: disk => printRange(disk, printMemory),
	spotPolicy: policy => policy,
	maxPrice: price => price,
	maxDuration: duration => (typeof duration === 'number' ? durationText(duration) : duration),
	backends: names => [...names],
	regions: names => [...names],
	availabilityZones: names => [...names],
	instanceTypes: names => [...names],
};

/** Seconds in the largest unit that says them whole: `6h`, `90m`. */
export function durationText(seconds: number): string {
	const units = [['d', 86_400] as const, ['h', 3600] as const, ['m', 60] as const];
	const unit = units.find(([, length]) => seconds % length === 0);
	return unit ? `${seconds / unit[1]}${unit[0]}` : String(seconds);
}

/**
Writes requirements into a configuration or a profile, with every comment and all formatting kept. Throws a `configuration` problem for a file that
cannot be edited so, and leaves it as it was.
*/
export async function saveRequirements(target: SaveTarget, settings: RequirementSettings): Promise<void> {
	const before = (await readIfThere(target.path)) ?? '';
	const entries = Object.entries(settings).flatMap(([key, value]) => {
		const write = writers[key as RequirementKey] as ((value: unknown) => unknown) | undefined;
		return write ? [{place: requirementPaths[key as RequirementKey], value: write(value)}] : [];
	});
	try {
		await writeEdited(target.path, before, text =>
			'newProfile' in target
				? appendTo(text, ['profiles'], nested([{place: ['name'], value: target.newProfile}, ...entries]))
				: entries.reduce((edited, {place, value}) => setIn(edited, [...target.place, ...place], value), text),
		);
	} catch (error) {
		throw error instanceof EditError
			? new Problem('configuration', `${target.path} was left as it is: ${messageOf(error)}`, {
					next: 'Change it in an editor.',
					cause: error,
				})
			: error;
	}
}

/** Values at their places, as one map. */
function nested(entries: ReadonlyArray<{readonly place: readonly string[]; readonly value: unknown}>): Record<string, unknown> {
	const root: Record<string, unknown> = {};
	for (const {place, value} of entries) {
		let map = root;
		for (const key of place.slice(0, -1)) {
			map = (map[key] ??= {}) as Record<string, unknown>;
		}

		map[place.at(-1) ?? ''] = value;
	}

	return root;
}
