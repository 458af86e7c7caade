import {scriptSteps} from '../environment/steps.js';
import type {StepId} from '../environment/step.js';
import {stepContext} from './stage.js';
import type {RunState} from './state.js';

/** The steps that a run has still before it, in their order. */
export function comingSteps(state: RunState): StepId[] {
	if (state.phase !== 'starting' && state.phase !== 'failed') {
		return [];
	}

	const [guard, ...scripts] = scriptSteps(stepContext(state)).map(({id}) => id);
	const all: StepId[] = ['instance', 'ssh', ...(guard ? [guard] : []), 'code', ...scripts];
	const known = new Set(state.steps.map(({id}) => id));
	return all.filter(id => !known.has(id));
}
