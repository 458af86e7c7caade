import {formatGpus, formatMemory} from '../format.js';
import type {Gpu} from '../offer.js';
import {Dictionary} from './dictionary.js';

export const architectures = ['unknown', 'x86_64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** What an instance is made of, whatever it costs and wherever it stands. */
export type Shape = {
	readonly instanceType: string;
	readonly architecture: Architecture;
	readonly cpu: number;
	/** MiB. */
	readonly memory: number;
	/** MiB; undefined where nobody says. */
	readonly disk: number | undefined;
	readonly gpus: readonly Gpu[];
};

/** The GPUs of an instance as one code: a field of 40,000 offers knows some dozens of them. */
export class GpuLists {
	readonly values: Array<readonly Gpu[]> = [];
	/** As they are shown, and searched. */
	readonly texts = new Dictionary();
	readonly counts: number[] = [];
	/** MiB of all together. */
	readonly memories: number[] = [];
	#codes = new Map<string, number>();

	constructor() {
		this.code([]);
	}

	get size(): number {
		return this.values.length;
	}

	code(gpus: readonly Gpu[]): number {
		const key = gpus.map(({vendor, name, count, memory}) => `${vendor}\u0000${name}\u0000${count}\u0000${memory}`).join('\u0001');
		let code = this.#codes.get(key);
		if (code === undefined) {
			code = this.values.length;
			this.#codes.set(key, code);
			this.values.push(gpus.map(({vendor, name, count, memory}) => ({vendor, name, count, memory})));
			this.counts.push(gpus.reduce((sum, {count}) => sum + count, 0));
			this.memories.push(gpus.reduce((sum, {count, memory}) => sum + count * memory, 0));
			// A text of its own for each list, also where two would be shown alike: codes of both are the same.
			this.textCodes.push(this.texts.code(formatGpus(gpus)));
		}

		return code;
	}

	readonly textCodes: number[] = [];
}

/** The shapes that there are, each once, as columns. */
export class Shapes {
	readonly types = new Dictionary();
	readonly gpuLists = new GpuLists();
	/** Sizes of memory as they are shown. */
	readonly memoryTexts = new Dictionary();
	readonly type: number[] = [];
	/** Index into `architectures`. */
	readonly architecture: number[] = [];
	readonly cpu: number[] = [];
	readonly memory: number[] = [];
	readonly memoryText: number[] = [];
	/** NaN where nobody says. */
	readonly disk: number[] = [];
	readonly gpus: number[] = [];
	#codes = new Map<string, number>();

	get size(): number {
		return this.type.length;
	}

	code({instanceType, architecture, cpu, memory, disk = Number.NaN, gpus}: Shape): number {
		const type = this.types.code(instanceType);
		const list = gpus.length === 0 ? 0 : this.gpuLists.code(gpus);
		const kind = architectures.indexOf(architecture);
		const key = `${type} ${kind} ${cpu} ${memory} ${disk} ${list}`;
		let code = this.#codes.get(key);
		if (code === undefined) {
			code = this.type.length;
			this.#codes.set(key, code);
			this.type.push(type);
			this.architecture.push(kind);
			this.cpu.push(cpu);
			this.memory.push(memory);
			this.memoryText.push(this.memoryTexts.code(formatMemory(memory)));
			this.disk.push(disk);
			this.gpus.push(list);
		}

		return code;
	}

	at(code: number): Shape {
		const disk = this.disk[code] ?? Number.NaN;
		return {
			instanceType: this.types.values[this.type[code] ?? 0] ?? '',
			architecture: architectures[this.architecture[code] ?? 0] ?? 'unknown',
			cpu: this.cpu[code] ?? 0,
			memory: this.memory[code] ?? 0,
			disk: Number.isNaN(disk) ? undefined : disk,
			gpus: this.gpusOf(code),
		};
	}

	gpusOf(code: number): readonly Gpu[] {
		return this.gpuLists.values[this.gpus[code] ?? 0] ?? [];
	}

	gpuCount(code: number): number {
		return this.gpuLists.counts[this.gpus[code] ?? 0] ?? 0;
	}
}

/** What one source says of an instance, with what only another knows: nothing that was said is lost, and nothing is overruled. */
export function completed(given: Shape, other: Shape): Shape {
	const cards = given.gpus.map(gpu => {
		const same = gpu.memory === 0 ? other.gpus.find(({name}) => name.toLowerCase() === gpu.name.toLowerCase()) : undefined;
		return same ? {...gpu, memory: same.memory} : gpu;
	});
	return {
		instanceType: given.instanceType,
		architecture: given.architecture === 'unknown' ? other.architecture : given.architecture,
		cpu: given.cpu === 0 ? other.cpu : given.cpu,
		memory: given.memory === 0 ? other.memory : given.memory,
		disk: given.disk ?? other.disk,
		gpus: cards,
	};
}
