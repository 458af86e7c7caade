import {containerName} from '../../agents/container/places.js';
import {containerStateScript, explainState, parseContainerState} from '../../environment/machine/state.js';
import type {Link} from '../../system/link.js';
import {viaSh} from '../../system/shell.js';

/** Milliseconds. */
const answerLimit = 20_000;

/** What is wrong with an environment's container, as its machine tells it; sentences, none where nothing is. Rejects with the link's error. */
export async function explainEnvironment(machine: Pick<Link, 'exec'>, signal?: AbortSignal): Promise<readonly string[]> {
	const {stdout} = await machine.exec(viaSh(containerStateScript(containerName)), {idleLimit: answerLimit, signal});
	const state = parseContainerState(stdout.trim());
	return state ? explainState(state) : [];
}
