import {neutraliseLine} from '../../system/terminal-text.js';
import {quote} from '../../system/shell.js';
import type {Connection} from '../connection/contract.js';
import {followScript} from '../connection/follow-script.js';

export type Amount = {readonly used: number; readonly total: number};

export type GpuLoad = {
	readonly name: string;
	/** 0 to 1; undefined where the driver does not report it. */
	readonly share: number | undefined;
	/** Bytes. */
	readonly memory: Amount | undefined;
};

/** How busy the environment is: of what it may use, where it is limited, else of the machine. */
export type Load = {
	/** 0 to 1 of `cores`; undefined in the first sample, which has nothing to compare with. */
	readonly cpu: number | undefined;
	readonly cores: number;
	/** Bytes, without what the kernel only caches. */
	readonly memory: Amount | undefined;
	/** The file system of the workspace, bytes. */
	readonly disk: Amount | undefined;
	readonly gpus: readonly GpuLoad[];
};

/** Milliseconds. */
const silentAfter = 20_000;
/** Characters: no counter needs more. */
const longestLine = 1000;

/**
Prints raw counters, one line each as `KEY VALUES`, and a full stop after each sample. Where the control group limits a resource, that
counts; versions 2 and 1 lie at different places, and memory that is only cached is taken off.
*/
const scriptFor = (interval: number, workspace: string) => `
group=/sys/fs/cgroup
first() { for file; do [ -r "$file" ] && { head -n 1 "$file" 2>/dev/null; return; }; done; echo -; }
while :; do
	echo "uptime $(first /proc/uptime)"
	echo "stat $(first /proc/stat)"
	echo "cores $(grep -c '^processor' /proc/cpuinfo)"
	echo "quota2 $(first $group/cpu.max)"
	echo "quota1 $(first $group/cpu/cpu.cfs_quota_us $group/cpu,cpuacct/cpu.cfs_quota_us) $(first $group/cpu/cpu.cfs_period_us $group/cpu,cpuacct/cpu.cfs_period_us)"
	echo "usage2 $(first $group/cpu.stat)"
	echo "usage1 $(first $group/cpuacct/cpuacct.usage $group/cpu,cpuacct/cpuacct.usage)"
	echo "limit $(first $group/memory.max $group/memory/memory.limit_in_bytes)"
	echo "taken $(first $group/memory.current $group/memory/memory.usage_in_bytes)"
	grep -h -E '^(total_inactive_file|inactive_file) ' $group/memory.stat $group/memory/memory.stat 2>/dev/null
	grep -E '^(MemTotal|MemAvailable):' /proc/meminfo
	echo "blocks $(stat -f -c '%S %b %f %a' ${quote(workspace)} 2>/dev/null || echo -)"
	echo "disk $(df -P -k ${quote(workspace)} 2>/dev/null | tail -n 1)"
	if command -v nvidia-smi >/dev/null 2>&1; then
		timeout 10 nvidia-smi --query-gpu=utilization.gpu,memory.used,memory.total,name --format=csv,noheader,nounits 2>/dev/null </dev/null |
			while read -r line; do echo "gpu $line"; done
	fi
	echo .
	sleep ${interval}
done`;

type Counters = {readonly at: number; readonly busy: number};

const numberOf = (text: string | undefined): number | undefined => {
	const value = text === undefined || !/^\d+(?:\.\d+)?$/.test(text) ? Number.NaN : Number(text);
	return Number.isFinite(value) ? value : undefined;
};

const amount = (used: number | undefined, total: number | undefined): Amount | undefined =>
	used === undefined || total === undefined || total <= 0 ? undefined : {used: Math.min(Math.max(0, used), total), total};

function gpuOf(values: readonly string[]): GpuLoad {
	const [share, used, total, ...name] = values
		.join(' ')
		.split(',')
		.map(text => text.trim());
	const [percent, usedMib, totalMib] = [numberOf(share), numberOf(used), numberOf(total)];
	const mib = 1024 * 1024;
	return {
		name: neutraliseLine(name.join(',')).slice(0, 60),
		share: percent === undefined ? undefined : Math.min(1, percent / 100),
		memory: amount(usedMib === undefined ? undefined : usedMib * mib, totalMib === undefined ? undefined : totalMib * mib),
	};
}

/** Processor seconds so far, and how many cores they are of. Ticks of /proc/stat are hundredths of a second, on every Linux. */
function processor(values: ReadonlyMap<string, readonly string[]>): {busy: number | undefined; cores: number} {
	const all = numberOf(values.get('cores')?.[0]) ?? 1;
	const [quota2, period2] = (values.get('quota2') ?? []).map(numberOf);
	const [quota1, period1] = (values.get('quota1') ?? []).map(numberOf);
	const limit =
		quota2 !== undefined && period2 ? quota2 / period2 : quota1 !== undefined && period1 ? quota1 / period1 : undefined;
	if (limit !== undefined && limit > 0 && limit < all) {
		const [micro, nano] = [numberOf(values.get('usage2')?.[1]), numberOf(values.get('usage1')?.[0])];
		const busy = micro === undefined ? nano && nano / 1e9 : micro / 1e6;
		return {busy, cores: limit};
	}

	// "cpu", then user, nice, system, idle, waiting for disks, interrupts, soft ones, stolen.
	const [user = 0, nice = 0, system = 0, , , hard = 0, soft = 0, stolen = 0] = (values.get('stat') ?? []).slice(1).map(numberOf);
	return {busy: values.has('stat') ? (user + nice + system + hard + soft + stolen) / 100 : undefined, cores: all};
}

function memoryOf(values: ReadonlyMap<string, readonly string[]>): Amount | undefined {
	const kib = (key: string) => {
		const value = numberOf(values.get(key)?.[0]);
		return value === undefined ? undefined : value * 1024;
	};

	const [total, available] = [kib('MemTotal:'), kib('MemAvailable:')];
	const [limit, taken] = [numberOf(values.get('limit')?.[0]), numberOf(values.get('taken')?.[0])];
	if (limit !== undefined && taken !== undefined && total !== undefined && limit < total) {
		const cached = numberOf(values.get('total_inactive_file')?.[0]) ?? numberOf(values.get('inactive_file')?.[0]) ?? 0;
		return amount(taken - cached, limit);
	}

	return amount(total === undefined || available === undefined ? undefined : total - available, total);
}

/** By `stat` where it reports file systems, else by `df`; what root alone may use does not count as free. */
function diskOf(values: ReadonlyMap<string, readonly string[]>): Amount | undefined {
	const [size, all, free, available] = (values.get('blocks') ?? []).map(numberOf);
	if (size !== undefined && all !== undefined && free !== undefined && available !== undefined) {
		return amount((all - free) * size, (all - free + available) * size);
	}

	// Filesystem, 1024-blocks, used, available, …
	const [, , used, rest] = (values.get('disk') ?? []).map(numberOf);
	return used === undefined || rest === undefined ? undefined : amount(used * 1024, (used + rest) * 1024);
}

/**
Samples how busy the environment is, every `interval` seconds, for as long as somebody listens: until the returned function is called or
the connection is over.
*/
export function watchLoad(
	connection: Connection,
	interval: number,
	onSample: (load: Load) => void,
	{workspace = '/', onTrouble = () => undefined}: {workspace?: string; onTrouble?: (message: string) => void} = {},
): () => void {
	let values = new Map<string, string[]>();
	let gpus: GpuLoad[] = [];
	let last: Counters | undefined;
	const sample = () => {
		const {busy, cores} = processor(values);
		const at = numberOf(values.get('uptime')?.[0]);
		const now = busy === undefined || at === undefined ? undefined : {at, busy};
		const passed = now && last ? now.at - last.at : 0;
		const cpu = now && last && passed > 0 ? Math.min(1, Math.max(0, (now.busy - last.busy) / passed / cores)) : undefined;
		last = now;
		onSample({cpu, cores, memory: memoryOf(values), disk: diskOf(values), gpus});
		values = new Map();
		gpus = [];
	};

	return followScript(
		connection,
		scriptFor(Math.max(1, Math.round(interval)), workspace),
		line => {
			const [key = '', ...rest] = line.slice(0, longestLine).trim().split(/\s+/);
			if (key === '.') {
				sample();
			} else if (key === 'gpu' && gpus.length < 64) {
				gpus.push(gpuOf(rest));
			} else if (values.size < 64) {
				values.set(key, rest);
			}
		},
		{
			onTrouble,
			onRestart() {
				values = new Map();
				gpus = [];
			},
			// A file system that does not answer holds up everything.
			silentAfter: Math.max(silentAfter, interval * 5000),
		},
	);
}
