import {containerName} from '../../agents/container/paths.js';
import {isInsideCode, cacheFolder} from '../../agents/container/state-files.js';
import {type CacheMount, cacheMounts} from '../../agents/container/options.js';
import {cacheRestoreScript, cacheSaveScript} from '../../environment/machine/cache.js';
import type {ScriptStep} from '../../environment/step.js';
import {isDone} from '../steps/in-environment.js';
import {ownRegistry, performOnMachine, withLogin} from '../steps/on-machine.js';
import {environmentOf} from '../model/specification.js';
import {messageOf} from '../../system/problem.js';
import {quote, viaSh} from '../../system/shell.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {makeStage, withEnvironmentLink, type Stage, StepFailed} from '../steps/step.js';
import {closeTunnels, makeTunnels} from '../link/tunnels.js';

/** What of an environment on a machine is kept for the next one, and the image of the registry that it is kept as. */
async function cachesOf({state, context}: Stage): Promise<{paths: readonly string[]; reference: string} | undefined> {
	const {guarded, specification} = state();
	const mounts = guarded ? cacheMounts(environmentOf(specification), specification) : [];
	const reference = mounts.length === 0 ? undefined : await context.images.cache(mounts.map(({key}) => key));
	return reference === undefined ? undefined : {paths: mounts.map(placeOf), reference};
}

/** A path in the code is a link to where it is kept. */
const placeOf = (mount: CacheMount): string => (isInsideCode(mount.path) ? cacheFolder(mount) : mount.path);

const step = (title: string, script: string): ScriptStep => ({
	id: 'cache',
	title,
	pane: 'setup',
	script,
	when: 'always',
	// An environment without its caches is slower, and otherwise the same.
	optional: true,
});

/** Brings back what the run before has kept, before anything could fill it. On a machine only: a local engine has volumes. */
export async function restoreCaches(stage: Stage): Promise<void> {
	const caches = await cachesOf(stage);
	if (!caches || isDone(stage, 'cache') || isDone(stage, 'setup')) {
		return;
	}

	await withLogin(stage, caches.reference, ownRegistry, async authFile =>
		performOnMachine(stage, step('Bring back the caches', cacheRestoreScript({...caches, container: containerName, authFile}))),
	);
	// As a volume of an engine here would be: a folder from the beginning.
	const script = caches.paths.map(path => `[ -e ${quote(path)} ] || mkdir -p ${quote(path)} || exit 1`).join('\n');
	const {code, stderr} = await withEnvironmentLink(stage, async link => link.exec(viaSh(script), {signal: stage.signal}));
	if (code !== 0) {
		throw new StepFailed('cache', `a folder to be cached cannot be made: ${neutraliseLine(stderr.trim())}`);
	}
}

/** Keeps the caches for the next run, as they are now. */
async function saveCaches(stage: Stage): Promise<void> {
	const caches = await cachesOf(stage);
	if (caches) {
		await withLogin(stage, caches.reference, ownRegistry, async authFile =>
			performOnMachine(stage, step('Keep the caches', cacheSaveScript({...caches, container: containerName, authFile}))),
		);
	}
}

/** So long an end waits for them. Milliseconds. */
const saveLimit = 10 * 60_000;
const connectLimit = 20_000;

/**
Keeps the caches of a run that this program owns before its machine ends, over a connection of its own. Where that cannot be, it is noted, and
the end goes on: a cache is nobody's only copy.
*/
export async function keepCachesBeforeEnd(context: RunContext, record: RunRecord): Promise<void> {
	const {known} = record;
	if (
		!known.guarded ||
		!known.opened ||
		known.halted ||
		environmentOf(known.specification).cache.length === 0 ||
		known.phase === 'stopping'
	) {
		return;
	}

	const nobody = () => undefined;
	const tunnels = makeTunnels(context, record, {onUp: nobody, onDown: nobody, onMachineUp: nobody, onFailed: nobody});
	try {
		tunnels.machine.start();
		await tunnels.machine.link(AbortSignal.timeout(connectLimit));
		await saveCaches(await makeStage(context, record, tunnels, AbortSignal.timeout(saveLimit)));
	} catch (error) {
		record.note(`the caches could not be kept: ${messageOf(error)}`);
	} finally {
		closeTunnels(tunnels);
	}
}
