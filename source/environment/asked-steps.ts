import {hasServer, type ServerIde} from './ide/products.js';
import type {StepContext} from './step.js';

/** The steps that are scripts inside, in their order. */
export const scriptIds = ['guard', 'python', 'build', 'setup', 'ide', 'init'] as const;

export type ScriptId = (typeof scriptIds)[number];

type Asking = Pick<StepContext, 'configuration' | 'isolated'>;

/** The editor whose server is put there: only where the machine is the environment's own. */
export const editorThere = ({configuration: {ide}, isolated}: Asking): ServerIde | undefined =>
	isolated && hasServer(ide) ? ide : undefined;

/** Those that a configuration asks for. Without their scripts: a screen asks for them with every frame. */
export function askedSteps(asking: Asking): ScriptId[] {
	const {python, build, setup, init, ide} = asking.configuration;
	const isAsked: Readonly<Record<ScriptId, boolean>> = {
		guard: true,
		python: python !== undefined,
		build: build.length > 0,
		setup: setup.length > 0,
		ide: ide !== undefined && (python !== undefined || editorThere(asking) !== undefined),
		init: init.length > 0,
	};
	return scriptIds.filter(id => isAsked[id]);
}
