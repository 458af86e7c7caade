import type {Engine} from '../runs/engine.js';
import {follow, type FollowEnd} from './follow.js';
import type {Output} from './io.js';
import {attachWithPorts, type PortFlags} from './ports.js';

/** `attach` without the full screen: goes on with a run's preparation where it is needed, then holds its tunnel. */
export async function attachPlainly(
	engine: Engine,
	name: string,
	{detach, ports}: {readonly detach: boolean; readonly ports: PortFlags},
	output: Output,
): Promise<FollowEnd> {
	const handle = await attachWithPorts(engine, name, ports);
	return follow(engine, handle, output, !detach);
}
