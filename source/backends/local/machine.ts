import {execFile} from 'node:child_process';
import {readFile, statfs} from 'node:fs/promises';
import {arch, availableParallelism, totalmem} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {nominalMemory} from '../../offers/nominal.js';
import type {Gpu} from '../../offers/offer.js';
import {neutraliseLine} from '../../system/terminal-text.js';

const run = promisify(execFile);
const mebibyte = 1024 * 1024;

/** This machine's hardware, read once per listing. */
export type Machine = {
	readonly cpu: number;
	readonly architecture: 'x86_64' | 'arm64' | 'unknown';
	/** MiB. */
	readonly memory: number;
	/** Free space where environments are kept, MiB. */
	readonly disk: number | undefined;
	readonly gpus: readonly Gpu[];
};

/** What this machine has, within the limits that its control group sets. `folder` is where environments are kept. */
export async function readMachine(folder: string): Promise<Machine> {
	const [cpuLimit, memoryLimit, disk, gpus] = await Promise.all([
		readCpuLimit(),
		readMemoryLimit(),
		freeDisk(folder),
		readGpus(),
	]);
	return {
		cpu: Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuLimit))),
		architecture: ({x64: 'x86_64', arm64: 'arm64'} as const)[arch() as 'x64' | 'arm64'] ?? 'unknown',
		memory: Math.floor(Math.min(totalmem(), memoryLimit) / mebibyte),
		disk,
		gpus,
	};
}

const readGroup = async (file: string): Promise<string> =>
	(await readFile(`/sys/fs/cgroup/${file}`, 'utf8').catch(() => '')).trim();

async function readCpuLimit(): Promise<number> {
	const [quota, period] = (await readGroup('cpu.max')).split(' ').map(Number);
	return quota && period ? quota / period : Number.POSITIVE_INFINITY;
}

async function readMemoryLimit(): Promise<number> {
	const limit = Number((await readGroup('memory.max')) || (await readGroup('memory/memory.limit_in_bytes')));
	return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

/** The folder may not exist yet; then its nearest parent that does tells. */
async function freeDisk(folder: string): Promise<number | undefined> {
	for (let place = path.resolve(folder); ; place = path.dirname(place)) {
		try {
			const {bavail, bsize} = await statfs(place);
			return Math.floor((bavail * bsize) / mebibyte);
		} catch {
			if (place === path.dirname(place)) {
				return undefined;
			}
		}
	}
}

async function readGpus(): Promise<Gpu[]> {
	try {
		const {stdout} = await run('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'], {timeout: 3000});
		return parseGpus(stdout);
	} catch {
		// No driver, or one that does not answer: no GPUs that could be used.
		return [];
	}
}

/** GPUs from `nvidia-smi`'s lines of name and MiB, equal ones counted together, named as the field names them. */
export function parseGpus(text: string): Gpu[] {
	const gpus = new Map<string, Gpu>();
	for (const line of text.split('\n')) {
		const match = /^(.+),\s*(\d+)\s*$/.exec(neutraliseLine(line));
		if (match) {
			const name = shortName(match[1] ?? '');
			const memory = nominalMemory(Number(match[2]), name);
			const key = `${name} ${memory}`;
			gpus.set(key, {vendor: 'nvidia', name, memory, count: (gpus.get(key)?.count ?? 0) + 1});
		}
	}

	return [...gpus.values()];
}

/** `NVIDIA A100-SXM4-80GB` → `A100`, `Tesla T4` → `T4`, `NVIDIA GeForce RTX 4090` → `RTX4090`. */
const shortName = (name: string): string =>
	name
		.replace(/^NVIDIA\s+/i, '')
		.replace(/^(?:Tesla|GeForce|Quadro)\s+/i, '')
		.replace(/[-\s](?:SXM\d?|PCIE|PCIe|NVL|HBM\w*)\b.*$/i, '')
		.replace(/[-\s]\d+\s?GB\b.*$/i, '')
		.replace(/^RTX\s+(\d)/, 'RTX$1')
		.trim();
