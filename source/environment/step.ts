import type {DevEnvironment} from '../configuration/model.js';
import type {Editor} from './ide/products.js';

/**
The visible stages of preparing an instance, in their order. `image` and `instance` are the backend's, `ssh` the tunnel's,
the rest are scripts that run on the instance.
*/
export const stepIds = ['image', 'instance', 'ssh', 'guard', 'code', 'python', 'build', 'setup', 'ide', 'init'] as const;

export type StepId = (typeof stepIds)[number];

/** Which log pane a step's output belongs to. */
export type Pane = 'build' | 'setup' | 'events';

/** A stage that runs as a script on the instance. */
export type ScriptStep = {
	readonly id: StepId;
	/** What it does, as the step list names it. */
	readonly title: string;
	readonly pane: Pane;
	/** POSIX `sh`. Idempotent. Runs in the workspace, with the environment's variables, its output in the step's log. */
	readonly script: string;
	/** `once`: not run again where its state says done. `always`: at every start. */
	readonly when: 'once' | 'always';
	/** A failure is only a warning: the environment is usable without it. */
	readonly optional: boolean;
};

/** What the scripts are made from. */
export type StepContext = {
	readonly configuration: DevEnvironment;
	/** Absolute paths on the instance. */
	readonly workspace: string;
	readonly stateFolder: string;
	/** The folder below the workspace that the person started in; '' for the workspace itself. */
	readonly subfolder: string;
	readonly deadline: number | undefined;
	/** Whether the instance is a container or machine of its own (so its system files may be changed) or the person's own machine. */
	readonly isolated: boolean;
	/** Marks every process of the run. */
	readonly intentId: string;
	readonly run: string;
	/** The version of the editor whose server is put there; undefined where it could not be found out. */
	readonly editor?: Editor;
	/** An address that stands for all that editors are fetched from. */
	readonly ideOrigin?: string;
};

/** A step's output or progress while it runs. */
export type StepReport = {
	readonly log?: string;
	readonly text?: string;
	readonly done?: number;
	readonly total?: number;
	readonly unit?: 'bytes';
};

/** How a script step ended. */
export type StepResult = {readonly code: number; readonly command: string | undefined; readonly lastLines: readonly string[]};
