export type InstanceType = {
	readonly cpu: number;
	/** MiB. */
	readonly memory: number;
	readonly architecture?: string;
	readonly usages?: readonly string[];
	readonly gpu?: {
		readonly name: string;
		readonly maker?: string;
		readonly count: number;
		readonly memory: number;
		readonly logical?: number;
		readonly part?: number;
	};
};

/** Real types, in the words of EC2's `DescribeInstanceTypes`. */
export const types: Readonly<Record<string, InstanceType>> = {
	't3.micro': {cpu: 2, memory: 1024},
	't4g.small': {cpu: 2, memory: 2048, architecture: 'arm64'},
	'm5.large': {cpu: 2, memory: 8192},
	'm5.xlarge': {cpu: 4, memory: 16_384},
	'm5.2xlarge': {cpu: 8, memory: 32_768},
	'c7g.large': {cpu: 2, memory: 4096, architecture: 'arm64'},
	'g5.xlarge': {cpu: 4, memory: 16_384, gpu: {name: 'A10G', count: 1, memory: 22_888}},
	'g6.xlarge': {cpu: 4, memory: 16_384, gpu: {name: 'L4', count: 1, memory: 22_888}},
	'g6.2xlarge': {cpu: 8, memory: 32_768, gpu: {name: 'L4', count: 1, memory: 22_888}},
	'g6f.large': {cpu: 2, memory: 8192, gpu: {name: 'L4', count: 0, memory: 2861, logical: 1, part: 0.125}},
	'g6e.12xlarge': {cpu: 48, memory: 393_216, gpu: {name: 'L40S', count: 4, memory: 45_776}},
	'p4d.24xlarge': {cpu: 96, memory: 1_179_648, gpu: {name: 'A100', count: 8, memory: 40_960}},
	'p5.48xlarge': {cpu: 192, memory: 2_097_152, gpu: {name: 'H100', count: 8, memory: 81_920}},
};

/** Dollars an hour in a region's first zone; the next ones cost a cent more each. */
export const spotPrices: Readonly<Record<string, number>> = {
	't3.micro': 0.003,
	't4g.small': 0.006,
	'm5.large': 0.035,
	'm5.xlarge': 0.07,
	'm5.2xlarge': 0.14,
	'c7g.large': 0.03,
	'g5.xlarge': 0.45,
	'g6.xlarge': 0.4,
	'g6.2xlarge': 0.5,
	'g6f.large': 0.1,
	'g6e.12xlarge': 4.1,
	'p4d.24xlarge': 9.5,
	'p5.48xlarge': 20,
};

/** In millionths of a dollar an hour: sums of cents are not exact. */
export const spotPrice = (type: string, zoneIndex: number): number =>
	Math.round(((spotPrices[type] ?? 0) + zoneIndex * 0.01) * 1e6) / 1e6;

type Family = 'standard' | 'G' | 'P' | 'X' | 'Inf' | 'Trn' | 'DL' | 'F';

/** Service Quotas' codes for running vCPUs. */
export const quotaCodes: Readonly<Record<Family, {readonly onDemand: string; readonly spot: string; readonly name: string}>> = {
	standard: {onDemand: 'L-1216C47A', spot: 'L-34B43A08', name: 'Standard (A, C, D, H, I, M, R, T, Z)'},
	G: {onDemand: 'L-DB2E81BA', spot: 'L-3819A6DF', name: 'G and VT'},
	P: {onDemand: 'L-417A185B', spot: 'L-7212CCBC', name: 'P'},
	X: {onDemand: 'L-7295265B', spot: 'L-E3A00192', name: 'X'},
	Inf: {onDemand: 'L-1945791B', spot: 'L-B5D1601B', name: 'Inf'},
	Trn: {onDemand: 'L-2C3B7624', spot: 'L-5480EFD2', name: 'Trn'},
	DL: {onDemand: 'L-6E869C2A', spot: 'L-85EED4F7', name: 'DL'},
	F: {onDemand: 'L-74FC7D96', spot: 'L-88CF9481', name: 'F'},
};

/** The quota that a type counts against. */
export function quotaOf(type: string, spot: boolean): string {
	const letters = /^[a-z]+/.exec(type)?.[0] ?? '';
	const families: Readonly<Record<string, Family>> = {
		...{g: 'G', gr: 'G', vt: 'G', p: 'P', x: 'X', inf: 'Inf', trn: 'Trn', dl: 'DL', f: 'F'},
	};
	return quotaCodes[families[letters] ?? 'standard'][spot ? 'spot' : 'onDemand'];
}

/** vCPUs that an account may run unless a test says otherwise. */
export const usualQuotas: Readonly<Record<string, number>> = Object.fromEntries(
	Object.values(quotaCodes).flatMap(({onDemand, spot}) => [
		[onDemand, 256],
		[spot, 256],
	]),
);

export const usualRegions: Readonly<Record<string, string>> = {
	'us-east-1': 'opt-in-not-required',
	'us-east-2': 'opt-in-not-required',
	'us-west-2': 'opt-in-not-required',
	'eu-west-1': 'opt-in-not-required',
	'eu-central-1': 'opt-in-not-required',
	'me-central-1': 'not-opted-in',
};
