import type {Instance} from '../../backends/backend.js';
import {RunOver} from './step.js';
import type {RunState} from '../model/state.js';

/** How a run ended whose instance does not run any more. `now` in milliseconds since the epoch. */
export function over(instance: Instance | undefined, {deadline}: Pick<RunState, 'deadline'>, now: number): RunOver {
	const kept = instance?.state === 'stopped' && instance.leftWork !== false;
	const isInTime = deadline !== undefined && now >= deadline && instance?.interrupted !== true;
	const reason = instance?.interrupted
		? 'the cloud took its spot instance back'
		: (instance?.reason ?? (instance ? 'its instance does not run any more' : 'its instance is not there any more'));
	return new RunOver(
		isInTime && !reason.includes('deadline') ? `ended at its deadline: ${reason}` : reason,
		kept,
		kept ? instance.kept : undefined,
		instance?.interrupted === true,
	);
}
