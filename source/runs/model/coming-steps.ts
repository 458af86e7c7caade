import {askedSteps, type ScriptId} from '../../environment/asked-steps.js';
import type {StepId} from '../../environment/step.js';
import type {DevEnvironment} from '../../configuration/model.js';
import {instanceKind} from '../../offers/instance-kind.js';
import type {Offer} from '../../offers/offer.js';
import type {ImageChoice} from './image-choice.js';
import {environmentOf} from './specification.js';
import type {RunState} from './state.js';

/** What decides which steps there are. */
type Ways = {
	readonly configuration: DevEnvironment;
	/** It is a container on a machine of its own. */
	readonly isOnMachine: boolean;
	/** It waits for its build before anything else. */
	readonly isHeld: boolean;
	/** It is a process of this machine: there is no image. */
	readonly isProcess: boolean;
};

/** All steps, in the order in which they begin. A local engine gets an image before them where it is not there yet. */
function stepsOf({configuration, isOnMachine, isHeld, isProcess}: Ways): StepId[] {
	const scripts = askedSteps({configuration, isolated: !isProcess});
	const asked = (...ids: ScriptId[]) => ids.filter(id => scripts.includes(id));
	const reached: StepId[] = isOnMachine
		? ['ssh', 'guard', 'engine', 'image', 'container']
		: // What waits for its build here has no SSH server yet, and is watched by its engine.
			isHeld
			? []
			: ['ssh', 'guard'];
	const inside: StepId[] = isHeld
		? ['code', ...asked('python', 'build'), 'commit', ...(isOnMachine ? (['upload'] as const) : []), 'sshd']
		: [...(isOnMachine ? (['sshd'] as const) : []), 'code', ...asked('python'), ...(isProcess ? asked('build') : [])];
	return ['instance', ...reached, ...inside, ...asked('setup', 'ide', 'init')];
}

const isProcessOffer = (offer: Offer): boolean => instanceKind(offer) === 'process';

/** The steps that a run has still before it, in their order, as far as it is decided what it starts from. */
export function comingSteps(state: RunState): StepId[] {
	const {phase, steps, offer, image, instanceId, guarded, specification} = state;
	if (phase !== 'starting' && phase !== 'failed') {
		return [];
	}

	const begun = new Set(steps.map(({id}) => id));
	return stepsOf({
		configuration: environmentOf(specification),
		isOnMachine: instanceId === undefined ? offer.backend !== 'local' : guarded,
		isHeld: image?.build?.due === true,
		isProcess: image === undefined ? isProcessOffer(offer) : image.reference === undefined,
	}).filter(id => !begun.has(id));
}

export type Planned = {readonly offer: Offer; readonly image: ImageChoice; readonly environment: DevEnvironment};

/** The steps that a run of a plan will have. */
export const plannedSteps = ({offer, image, environment}: Planned): StepId[] =>
	stepsOf({
		configuration: environment,
		isOnMachine: offer.backend !== 'local',
		isHeld: image.decision === 'build',
		isProcess: instanceKind(offer) === 'process',
	});
