import {readEnd} from '../../agents/container/end-reason.js';
import {outerStateFolder} from '../../agents/container/places.js';
import type {StepId} from '../../environment/step.js';
import {quote, viaSh} from '../../system/shell.js';
import {withMachineLink, type Stage, StepFailed} from './step.js';

/** What the container on a machine has written down about why it has ended, and what the configuration lacks; undefined where nothing. */
export async function containerEnd(stage: Stage, step: StepId): Promise<StepFailed | undefined> {
	const {stdout} = await withMachineLink(stage, async link =>
		link.exec(viaSh(`head -c 4000 ${quote(`${outerStateFolder}/ended`)} 2>/dev/null; exit 0`), {signal: stage.signal}),
	);
	const end = readEnd(stdout);
	return end && new StepFailed(step, end.reason, {lastLines: [], ...(end.next === undefined ? {} : {next: end.next})});
}
