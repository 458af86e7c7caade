import {scriptSteps} from '../environment/steps.js';
import type {StepId} from '../environment/step.js';
import {stepContext} from './stage.js';
import type {RunState} from './state.js';

/** The steps that a run has still before it, in their order. */
export function comingSteps(state: RunState): StepId[] {
	if (state.phase !== 'starting' && state.phase !== 'failed') {
		return [];
	}

	const scripts = scriptSteps(stepContext(state)).map(({id}) => id);
	const asked = (...ids: StepId[]) => ids.filter(id => scripts.includes(id));
	const onMachine = state.guarded || state.offer.backend !== 'local';
	const held = state.image?.build?.due === true;
	const inPlace = state.image !== undefined && state.image.reference === undefined;
	const all: StepId[] = [
		'instance',
		...(onMachine ? (['ssh', 'guard', 'engine', 'image', 'container'] as const) : held ? [] : (['ssh', 'guard'] as const)),
		...(held
			? ([
					...(['code'] as const),
					...asked('python', 'build'),
					'commit',
					...(onMachine ? (['upload'] as const) : []),
					'sshd',
				] as const)
			: ([...(onMachine ? (['sshd'] as const) : []), 'code', ...asked('python'), ...(inPlace ? asked('build') : [])] as const)),
		...asked('setup', 'ide', 'init'),
	];
	const known = new Set(state.steps.map(({id}) => id));
	return all.filter(id => !known.has(id));
}
