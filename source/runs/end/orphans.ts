import type {Instance} from '../../backends/backend.js';
import {Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';

/**
Ends an instance that no journal tells of, once it is certain that it is this installation's: it is listed again under its tag. Throws a
`Problem` or the backend's `BackendError`.
*/
export async function endOrphan(
	context: RunContext,
	name: string,
	{id, run, offer}: Pick<Instance, 'id' | 'run' | 'offer'>,
	installation: string,
): Promise<void> {
	const backend = await context.backend(name);
	const listed = await backend.list(installation, offer === undefined ? [] : [offer.region]);
	const found = listed.find(instance => instance.id === id);
	if (!found) {
		throw new Problem('failed', `${run} (${id}) is no instance of this installation, or is gone`, {
			next: 'Nothing was ended: look at it in the console of the cloud.',
		});
	}

	await backend.terminate(id, found.account);
}
