import {readEnd} from '../../agents/container/end-reason.js';
import {containerName, hostStateFolder} from '../../agents/container/paths.js';
import type {StepId} from '../../environment/step.js';
import {quote, viaSh} from '../../system/shell.js';
import {withMachineLink, type Stage, StepFailed} from './step.js';
import {containerStateScript, explainState, parseContainerState} from '../../environment/machine/state.js';
import type {Link} from '../../system/link.js';

/** Milliseconds. */
const answerLimit = 20_000;

/** What is wrong with an environment's container, as its machine tells it; sentences, none where nothing is. Rejects with the link's error. */
export async function explainEnvironment(machine: Pick<Link, 'exec'>, signal?: AbortSignal): Promise<readonly string[]> {
	const {stdout} = await machine.exec(viaSh(containerStateScript(containerName)), {idleLimit: answerLimit, signal});
	const state = parseContainerState(stdout.trim());
	return state ? explainState(state) : [];
}

/** What the container on a machine has written down about why it has ended, and what the configuration lacks; undefined where nothing. */
export async function containerEnd(stage: Stage, step: StepId): Promise<StepFailed | undefined> {
	const {stdout} = await withMachineLink(stage, async link =>
		link.exec(viaSh(`head -c 4000 ${quote(`${hostStateFolder}/ended`)} 2>/dev/null; exit 0`), {signal: stage.signal}),
	);
	const end = readEnd(stdout);
	return end && new StepFailed(step, end.reason, {lastLines: [], ...(end.next === undefined ? {} : {next: end.next})});
}
