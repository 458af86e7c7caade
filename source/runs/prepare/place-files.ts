import {filesOf} from '../../environment/files.js';
import path from 'node:path';
import {isInsideCode, cacheFolder} from '../../agents/container/state-files.js';
import {workspace} from '../../agents/container/paths.js';
import {cacheMounts} from '../../agents/container/options.js';
import {copyFiles, type CopyOptions} from '../../environment/files.js';
import {type CacheLink, makeFoldersAndLinks} from '../../environment/folders-and-links.js';
import type {StepReport} from '../../environment/step.js';
import type {Link} from '../../system/link.js';
import {environmentOf} from '../model/specification.js';
import {type Stage, stepContext} from '../steps/step.js';

/**
What lies beside the code: the files of the configuration, the working folder, and what is kept for the next run. To be done when the code is
there, before the baseline is taken; idempotent, and in a held container once more after it. Returns what is not as it was asked for, one
line each.
*/
export async function furnish(
	stage: Stage,
	link: Link,
	report: (report: StepReport) => void,
	options: Pick<CopyOptions, 'held'> = {},
): Promise<readonly string[]> {
	const context = stepContext(stage.state());
	const {specification} = stage.state();
	const files = filesOf(context.configuration.files, specification.configurationFile);
	const left = await copyFiles(link, files, context, report, {...options, signal: stage.signal});
	const missed = await makeFoldersAndLinks(link, context, cacheLinks(stage));
	return [...left, ...missed];
}

/** The engine keeps what a container has; what a host process has lies in a folder of this program's. */
function cacheLinks(stage: Stage): CacheLink[] {
	const {specification, workspace: place = workspace, sharesNetwork} = stage.state();
	return cacheMounts(environmentOf(specification), specification)
		.filter(cache => isInsideCode(cache.path))
		.map(cache => ({
			path: place + cache.path.slice(workspace.length),
			target: sharesNetwork ? path.join(stage.context.paths.caches, cache.key) : cacheFolder(cache),
		}));
}
