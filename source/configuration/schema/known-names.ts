import type {RequirementSettings} from '../model.js';
import {mostProblems, type YamlFile} from '../yaml/yaml-file.js';
import {suggest} from './suggest.js';

/** Backends that dstack knows, and those of this program; which of them can be used is another matter. */
export const knownBackends: readonly string[] = [
	'local',
	'aws',
	'azure',
	'gcp',
	'lambda',
	'runpod',
	'vastai',
	'verda',
	'datacrunch',
	'nebius',
	'oci',
	'vultr',
	'cloudrift',
	'crusoe',
	'digitalocean',
	'amddevcloud',
	'hotaisle',
	'jarvislabs',
	'seeweb',
	'kubernetes',
	'slurm',
	'remote',
	'dstack',
	'cudo',
	'tensordock',
];

/** GPUs by the names that the field gives them. One that is missing here can be asked for all the same. */
export const knownGpus: readonly string[] =
	'A10 A16 A40 A100 A10G A4000 A4500 A5000 A6000 H100 H100NVL H200 H200NVL B200 GB200 B300 L4 L40 L40S P100 RTX2060 RTX2060SUPER RTX2070 RTX2070SUPER RTX2080 RTX2080SUPER RTX2080Ti RTX3050 RTX3060 RTX3060Ti RTX3070 RTX3070Ti RTX3080 RTX3080Ti RTX3090 RTX3090Ti RTX4060 RTX4060Ti RTX4070 RTX4070SUPER RTX4070Ti RTX4070TiSUPER RTX4080 RTX4080SUPER RTX4090 RTX5060 RTX5060Ti RTX5070 RTX5070Ti RTX5080 RTX5090 RTX6000 RTX2000Ada RTX4000Ada RTX6000Ada RTXPRO4500 RTXPRO6000 T4 T4g V100 GH200 K80 M60 V520 MI100 MI210 MI250 MI250X MI300A MI300X MI325X MI350X MI355X Gaudi Gaudi2 Gaudi3 n150 n300 tt-galaxy-wh p100a p150 p300 tt-galaxy-bh'.split(
		' ',
	);

const isTpu = (name: string): boolean => /^(?:tpu-?)?v\d/i.test(name);

/** The known GPU that was probably meant by a name that is none; undefined for a known one, and `none` where nothing is near. */
export function doubtfulGpu(name: string): {readonly meant: string | undefined} | undefined {
	const lower = name.toLowerCase();
	return isTpu(name) || knownGpus.some(known => known.toLowerCase() === lower) ? undefined : {meant: suggest(name, knownGpus)};
}

/** The same for a backend. */
export const doubtfulBackend = (name: string): {readonly meant: string | undefined} | undefined =>
	knownBackends.includes(name) ? undefined : {meant: suggest(name, knownBackends)};

/** Reports names of backends and GPUs that are not known. A backend must be; a GPU may be newer than this program. */
export function checkNames(
	{diagnostics, at}: YamlFile,
	{backends, gpu}: RequirementSettings,
	place: ReadonlyArray<PropertyKey>,
): void {
	for (const [index, name] of (backends ?? []).slice(0, mostProblems).entries()) {
		const doubt = doubtfulBackend(name);
		if (doubt) {
			diagnostics.push(
				at([...place, 'backends', index], `there is no backend '${name.slice(0, 60)}'`, {suggestion: doubt.meant}),
			);
		}
	}

	for (const name of (gpu?.names ?? []).slice(0, mostProblems)) {
		const doubt = doubtfulGpu(name);
		if (doubt) {
			diagnostics.push(
				at([...place, 'resources', 'gpu'], `'${name.slice(0, 60)}' is no GPU that is known here`, {
					severity: 'warning',
					suggestion: doubt.meant,
				}),
			);
		}
	}
}
