import {formatGpus, formatMemory} from '../format.js';
import type {Gpu} from '../offer.js';
import {Dictionary} from './dictionary.js';

export const architectures = ['unknown', 'x86_64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** What an instance is made of, whatever it costs and in whatever region. */
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
	/** NaN where nobody says. */
	readonly disk: number[] = [];
	readonly gpus: number[] = [];
	/** By type: the newest of its shapes, and by shape: the next older one of its type. 0 is none, and 1 is added. */
	#newest: number[] = [];
	#older: number[] = [];
	#memoryText: number[] = [];
	#memoryTextOf = new Map<number, number>();

	get size(): number {
		return this.type.length;
	}

	/** By shape: code of its memory as it is shown; made when it is first asked for. */
	get memoryText(): readonly number[] {
		for (let code = this.#memoryText.length; code < this.size; code++) {
			this.#memoryText.push(this.#textOf(this.memory[code] ?? 0));
		}

		return this.#memoryText;
	}

	code({instanceType, architecture, cpu, memory, disk = Number.NaN, gpus}: Shape): number {
		const list = gpus.length === 0 ? 0 : this.gpuLists.code(gpus);
		return this.codeOf(this.types.code(instanceType), architectures.indexOf(architecture), cpu, memory, disk, list);
	}

	/** The same for what is in codes already; `disk` is NaN where nobody says. */
	codeOf(type: number, kind: number, cpu: number, memory: number, disk: number, list: number): number {
		let code = (this.#newest[type] ?? 0) - 1;
		while (
			code >= 0 &&
			(this.gpus[code] !== list ||
				this.cpu[code] !== cpu ||
				this.memory[code] !== memory ||
				this.architecture[code] !== kind ||
				!Object.is(this.disk[code], disk))
		) {
			code = (this.#older[code] ?? 0) - 1;
		}

		return code < 0 ? this.#add(type, kind, cpu, memory, disk, list) : code;
	}

	#add(type: number, kind: number, cpu: number, memory: number, disk: number, list: number): number {
		const code = this.type.length;
		while (this.#newest.length <= type) {
			this.#newest.push(0);
		}

		this.#older.push(this.#newest[type] ?? 0);
		this.#newest[type] = code + 1;
		this.type.push(type);
		this.architecture.push(kind);
		this.cpu.push(cpu);
		this.memory.push(memory);
		this.disk.push(disk);
		this.gpus.push(list);
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

	#textOf(memory: number): number {
		let text = this.#memoryTextOf.get(memory);
		if (text === undefined) {
			text = this.memoryTexts.code(formatMemory(memory));
			this.#memoryTextOf.set(memory, text);
		}

		return text;
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
