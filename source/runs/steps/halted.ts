import type {Instance} from '../../backends/backend.js';

/** Whether an instance is a machine that is stopped in its cloud: it is not over, but billed for its disk until it is terminated. */
export const isHalted = (instance: Instance | undefined): instance is Instance & {readonly state: 'stopped'} =>
	instance?.state === 'stopped' && instance.replaceHostKey === true;

/** Why it is. */
export const haltedReason = ({reason}: Pick<Instance, 'reason'>): string => reason ?? 'it was stopped through its cloud';
