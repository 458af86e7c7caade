/** What AWS counts together, in vCPUs a region. A code is undefined where there is no such quota, or it is not known for certain. */
export type Family = {readonly name: string; readonly onDemand: string | undefined; readonly spot: string | undefined};

const families = {
	standard: {name: 'Standard', onDemand: 'L-1216C47A', spot: 'L-34B43A08'},
	g: {name: 'G and VT', onDemand: 'L-DB2E81BA', spot: 'L-3819A6DF'},
	p: {name: 'P', onDemand: 'L-417A185B', spot: 'L-7212CCBC'},
	p5: {name: 'P', onDemand: 'L-417A185B', spot: 'L-C4BD4855'},
	newerP: {name: 'P', onDemand: 'L-417A185B', spot: undefined},
	x: {name: 'X', onDemand: 'L-7295265B', spot: 'L-E3A00192'},
	f: {name: 'F', onDemand: 'L-74FC7D96', spot: 'L-88CF9481'},
	inf: {name: 'Inf', onDemand: 'L-1945791B', spot: 'L-B5D1601B'},
	trn: {name: 'Trn', onDemand: 'L-2C3B7624', spot: 'L-6B0D517C'},
	dl: {name: 'DL', onDemand: 'L-6E869C2A', spot: 'L-85EED4F7'},
	highMemory: {name: 'High Memory', onDemand: 'L-43DA4232', spot: undefined},
	hpc: {name: 'HPC', onDemand: 'L-F7808C92', spot: undefined},
} as const satisfies Record<string, Family>;

const byLetters: Readonly<Record<string, Family>> = {
	...Object.fromEntries(['a', 'c', 'd', 'h', 'i', 'im', 'is', 'm', 'r', 't', 'z'].map(letters => [letters, families.standard])),
	g: families.g,
	gr: families.g,
	vt: families.g,
	x: families.x,
	f: families.f,
	inf: families.inf,
	trn: families.trn,
	dl: families.dl,
	u: families.highMemory,
	hpc: families.hpc,
};

/** The family that an instance type is counted in; undefined for one whose quota is not counted in vCPUs. */
export function familyOf(instanceType: string): Family | undefined {
	const [, letters = '', generation = ''] = /^([a-z]+)(\d*)/.exec(instanceType) ?? [];
	if (letters === 'p') {
		return Number(generation) <= 4 ? families.p : generation === '5' ? families.p5 : families.newerP;
	}

	return byLetters[letters];
}

/** All codes that are asked for. */
export const quotaCodes: ReadonlySet<string> = new Set(
	Object.values(families).flatMap(({onDemand, spot}: Family) => [onDemand, spot].filter(code => code !== undefined)),
);

/** vCPUs by code: what may run, and what runs; undefined where that could not be found out. */
export type RegionQuotas = {
	readonly limits: ReadonlyMap<string, number>;
	readonly used: ReadonlyMap<string, number> | undefined;
};

export type Quota = {readonly limit: number; readonly used: number | undefined; readonly note: string | undefined};

/** The quota that an offer is counted in, with a note where it does not leave room for it. */
export function quotaFor(
	{limits, used: running}: RegionQuotas,
	region: string,
	instanceType: string,
	cpu: number,
	spot: boolean,
): Quota | undefined {
	const family = familyOf(instanceType);
	const code = spot ? family?.spot : family?.onDemand;
	const limit = code === undefined ? undefined : limits.get(code);
	if (!family || code === undefined || limit === undefined) {
		return undefined;
	}

	const used = running && (running.get(code) ?? 0);
	if (cpu <= limit - (used ?? 0)) {
		return {limit, used, note: undefined};
	}

	const link = `https://${region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/${code}`;
	const state = limit === 0 ? 'is 0 vCPUs' : `is ${limit} vCPUs${used ? `, ${used} of them in use` : ''}; this needs ${cpu}`;
	return {limit, used, note: `The quota for ${family.name} ${spot ? 'spot' : 'on-demand'} instances ${state}: ${link}`};
}
