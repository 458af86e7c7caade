import type {Core} from '../runs/core.js';
import {follow, type FollowEnd} from './follow.js';
import type {Output} from './io.js';
import {attachWithPorts, type PortFlags} from './ports.js';

/** `attach` without the full screen: goes on with a run's preparation where it is needed, then holds its tunnel. */
export async function attachPlainly(
	core: Core,
	name: string,
	{detach, ports}: {readonly detach: boolean; readonly ports: PortFlags},
	output: Output,
): Promise<FollowEnd> {
	const handle = await attachWithPorts(core, name, ports);
	return follow(core, handle, output, !detach);
}
