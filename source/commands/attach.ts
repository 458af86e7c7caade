import type {Engine} from '../runs/engine.js';
import {follow, type FollowEnd} from './follow.js';
import type {Output} from './io.js';

/** `attach` without the full screen: goes on with a run's preparation where it is needed, then holds its tunnel. */
export async function attachPlainly(engine: Engine, name: string, detach: boolean, output: Output): Promise<FollowEnd> {
	const handle = await engine.attach(name);
	return follow(engine, handle, output, !detach);
}
