import type {RequirementFlags} from '../configuration/model.js';
import {portsOf, reverseOf} from '../configuration/resolve/requirements.js';
import type {Core} from '../runs/core.js';
import type {RunHandle} from '../runs/model/run-handle.js';

/** `-p` and `-R` as they were given. */
export type PortFlags = Pick<RequirementFlags, 'ports' | 'reverse'>;

/** Takes a run up and adds ports to it, which it keeps. Throws a `Problem`; the run is let go of then. */
export async function attachWithPorts(core: Core, name: string, flags: PortFlags): Promise<RunHandle> {
	const [ports, reverse] = [portsOf(flags), reverseOf(flags)];
	const handle = await core.attach(name);
	try {
		for (const {remote, local} of ports) {
			await handle.forward(remote, local === remote ? undefined : local);
		}

		for (const {remote, local} of reverse) {
			await handle.reverse(remote, local);
		}

		return handle;
	} catch (error) {
		await handle.detach();
		throw error;
	}
}
