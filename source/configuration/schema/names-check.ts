import {doubtfulBackend, doubtfulGpu} from './known-names.js';
import type {Wishes} from '../model.js';
import {mostProblems, type YamlFile} from '../yaml/yaml-file.js';

/** Tells the names of backends and GPUs that are not known. A backend must be; a GPU may be newer than this program. */
export function checkNames({diagnostics, at}: YamlFile, {backends, gpu}: Wishes, place: ReadonlyArray<PropertyKey>): void {
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
