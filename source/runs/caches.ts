import {containerName} from '../backends/container/places.js';
import {cacheMounts} from '../backends/container/wishes.js';
import {cacheRestoreScript, cacheSaveScript} from '../environment/machine/cache.js';
import type {ScriptStep} from '../environment/step.js';
import {isDone} from './inside.js';
import {ownRegistry, performOnMachine, withLogin} from './on-machine.js';
import {environmentOf} from './specification.js';
import type {Stage} from './stage.js';

/** What of an environment on a machine is kept for the next one, and the image of the registry that it is kept as. */
async function cachesOf({state, context}: Stage): Promise<{paths: readonly string[]; reference: string} | undefined> {
	const {guarded, specification} = state();
	const mounts = guarded ? cacheMounts(environmentOf(specification), specification) : [];
	const reference = mounts.length === 0 ? undefined : await context.images.cache(mounts.map(({key}) => key));
	return reference === undefined ? undefined : {paths: mounts.map(({path}) => path), reference};
}

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
}

/** Keeps the caches for the next run. */
export async function keepCaches(stage: Stage): Promise<void> {
	const caches = await cachesOf(stage);
	if (caches) {
		await withLogin(stage, caches.reference, ownRegistry, async authFile =>
			performOnMachine(stage, step('Keep the caches', cacheSaveScript({...caches, container: containerName, authFile}))),
		);
	}
}
