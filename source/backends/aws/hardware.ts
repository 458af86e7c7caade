import type {InstanceTypeInfo} from '@aws-sdk/client-ec2';
import type {Gpu, Offer} from '../../offers/offer.js';
import type {Clock} from '../../system/clock.js';
import {gpuName, gpuVendor} from '../../offers/gpu-names.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {nominalMemory} from '../../offers/nominal.js';

/** What an instance type is made of: the same in every region. */
export type Hardware = {
	readonly cpu: number;
	/** MiB. */
	readonly memory: number;
	readonly architecture: Offer['architecture'];
	readonly gpus: readonly Gpu[];
	readonly onDemand: boolean;
	readonly spot: boolean;
};

/** Undefined for a type that cannot be had as a plain instance, or whose description lacks something. */
export function hardwareOf(info: InstanceTypeInfo): Hardware | undefined {
	const cpu = info.VCpuInfo?.DefaultVCpus;
	const memory = info.MemoryInfo?.SizeInMiB;
	const usages = info.SupportedUsageClasses ?? [];
	// A Mac needs a host of one's own for a day at least.
	if (!cpu || !memory || info.InstanceType?.startsWith('mac')) {
		return undefined;
	}

	const architectures: readonly string[] = info.ProcessorInfo?.SupportedArchitectures ?? [];
	return {
		cpu,
		memory,
		architecture: architectures.includes('x86_64') ? 'x86_64' : architectures.includes('arm64') ? 'arm64' : 'unknown',
		gpus: (info.GpuInfo?.Gpus ?? []).flatMap(gpuOf),
		onDemand: usages.includes('on-demand'),
		spot: usages.includes('spot'),
	};
}

type GpuInfo = NonNullable<NonNullable<InstanceTypeInfo['GpuInfo']>['Gpus']>[number];

/** A part of a card is counted as 0 cards, 1 logical one and its size; its memory is what the part has. */
function gpuOf({Name: name, Manufacturer: maker, Count: cards = 0, ...rest}: GpuInfo): Gpu[] {
	const part = rest.GpuPartitionSize ?? 1;
	const count = cards > 0 ? cards : (rest.LogicalGpuCount ?? 0) * part;
	const reported = rest.MemoryInfo?.SizeInMiB ?? 0;
	if (!name || count <= 0) {
		return [];
	}

	const memory = part > 0 && part < 1 ? Math.round(nominalMemory(reported / part) * part) : nominalMemory(reported);
	const card = gpuName(neutraliseLine(name));
	return [{vendor: gpuVendor(card, neutraliseLine(maker ?? 'nvidia')), name: card, count, memory}];
}

const mostNames = 100;
const atOnce = 4;
/** How long one region waits for what another asked already. Milliseconds. */
const patience = 4000;

/**
What is known of instance types, over all regions: each is asked for once, by the region that needs it first. A region that does not
answer holds the others up for a few seconds only; then they ask for themselves.
*/
export class HardwareBook {
	readonly #known = new Map<string, Hardware | undefined>();
	readonly #asked = new Map<string, Promise<void>>();

	get(name: string): Hardware | undefined {
		return this.#known.get(name);
	}

	/** Ensures that all `names` are known. Throws what `ask` throws where they cannot be. */
	async learn(
		names: readonly string[],
		ask: (names: string[]) => Promise<InstanceTypeInfo[]>,
		clock: Clock,
		signal: AbortSignal,
	): Promise<void> {
		const missing = names.filter(name => !this.#known.has(name));
		const others = new Set(missing.map(name => this.#asked.get(name)).filter(each => each !== undefined));
		await this.#ask(
			missing.filter(name => !this.#asked.has(name)),
			ask,
		);
		if (others.size > 0) {
			const enough = new AbortController();
			const waiting = clock.sleep(patience, AbortSignal.any([signal, enough.signal]));
			waiting.catch(() => undefined);
			await Promise.race([Promise.allSettled(others), waiting]);
			enough.abort();
			await this.#ask(
				missing.filter(name => !this.#known.has(name)),
				ask,
			);
		}
	}

	async #ask(names: readonly string[], ask: (names: string[]) => Promise<InstanceTypeInfo[]>): Promise<void> {
		const batches: string[][] = [];
		for (let start = 0; start < names.length; start += mostNames) {
			batches.push(names.slice(start, start + mostNames));
		}

		const work = async () => {
			for (let batch = batches.shift(); batch; batch = batches.shift()) {
				this.#store(batch, await ask(batch));
			}
		};

		const all = Promise.all(Array.from({length: Math.min(atOnce, batches.length)}, work)).then(() => undefined);
		all.catch(() => undefined);
		for (const name of names) {
			this.#asked.set(name, all);
		}

		try {
			await all;
		} finally {
			for (const name of names) {
				if (this.#asked.get(name) === all) {
					this.#asked.delete(name);
				}
			}
		}
	}

	#store(names: readonly string[], infos: readonly InstanceTypeInfo[]): void {
		const found = new Map(infos.map(info => [String(info.InstanceType), hardwareOf(info)]));
		for (const name of names) {
			// What was not described is known to be of no use: it would be asked for without end.
			this.#known.set(name, found.get(name));
		}
	}
}
