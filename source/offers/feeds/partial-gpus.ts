import {gibibyte, type RawGpu} from './normalise.js';
import type {Architecture} from './facts.js';

/** An instance type with a part of a card, which its cloud reports as one whole card, or as none. */
export type PartSize = {readonly architecture: Architecture; readonly cpu: number; readonly memory: number; readonly gpu: RawGpu};

const a10 = (cpu: number, gigabytes: number, part: number): PartSize => ({
	architecture: 'x86_64',
	cpu,
	memory: gigabytes * gibibyte,
	gpu: {name: 'A10', count: 1, part},
});

/** Azure's NVads A10 v5: `GPUs: 1`, and a sixth of an A10. */
export const azurePartialGpus: ReadonlyMap<string, PartSize> = new Map([
	['Standard_NV6ads_A10_v5', a10(6, 55, 1 / 6)],
	['Standard_NV12ads_A10_v5', a10(12, 110, 1 / 3)],
	['Standard_NV18ads_A10_v5', a10(18, 220, 1 / 2)],
]);

const l4 = (part: number): RawGpu => ({name: 'L4', count: 1, part});

/** AWS's G6f and Gr6f: `Count: 0`, and an eighth of an L4. */
export const awsPartialGpus: ReadonlyMap<string, RawGpu> = new Map([
	['g6f.large', l4(1 / 8)],
	['g6f.xlarge', l4(1 / 8)],
	['g6f.2xlarge', l4(1 / 4)],
	['g6f.4xlarge', l4(1 / 2)],
	['gr6f.4xlarge', l4(1 / 2)],
]);
