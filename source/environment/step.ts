import type {DevEnvironment} from '../configuration/model.js';
import type {RecordedSums} from './ide/recorded-sums.js';
import type {Editor} from './ide/products.js';

/**
The visible stages of preparing an environment. `engine`, `container`, `upload` and there `image` and `commit` run on the machine that the
environment is a container on; `guard` enforces the instance's deadline; `code`, `python`, `build`, `setup`, `ide` and `init` happen inside.
*/
export const stepIds = [
	...(['instance', 'image', 'ssh', 'guard', 'engine', 'container', 'code', 'python', 'build', 'commit', 'upload'] as const),
	...(['sshd', 'cache', 'setup', 'ide', 'init'] as const),
] as const;

export type StepId = (typeof stepIds)[number];

/** Which log pane a step's output belongs to. */
export type Pane = 'build' | 'setup' | 'events';

/** A stage that runs as a script on the instance. */
export type ScriptStep = {
	readonly id: StepId;
	/** What it does, as the step list names it. */
	readonly title: string;
	readonly pane: Pane;
	/**
	POSIX `sh`. Idempotent. Runs in the workspace, with the environment's variables, its output in the step's log. In `$STEP_FOLDER` it may
	keep a file `progress`, replaced as a whole, of one line `DONE TOTAL TEXT` in bytes (total 0: not known), and leave a line in `next`.
	*/
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
	/** Absolute path there of the virtual environment that `python` asks for. */
	readonly venv: string;
	/** The folder below the workspace that the person started in; '' for the workspace itself. */
	readonly subfolder: string;
	readonly deadline: number | undefined;
	/** Whether the instance is a container or machine of its own (so its system files may be changed) or the user's machine. */
	readonly isolated: boolean;
	/** Whether the person vouched for the folder that the code came from: see `CollectOptions`. @default false */
	readonly trusted?: boolean | undefined;
	/** Marks every process of the run. */
	readonly intentId: string;
	readonly run: string;
	/** The version of the editor whose server is put there; undefined where it could not be found out. */
	readonly editor?: Editor;
	/** An address that replaces all those that editors are fetched from. */
	readonly ideOrigin?: string;
	/** What its archives were when they first came. */
	readonly keptSums?: RecordedSums;
};

/** Output that is not there any more, or was never taken. */
export type LeftOut = {readonly bytes: number; readonly lines: number};

/** A step's output or progress while it runs. */
export type StepReport = {
	/** What is missing before `log`. */
	readonly leftOut?: LeftOut;
	readonly log?: string;
	readonly text?: string;
	readonly done?: number;
	readonly total?: number;
	readonly unit?: 'bytes';
};

/** How a script step ended: the command of a list that failed, and what its script says can be done next. */
export type StepResult = {
	readonly code: number;
	readonly command: string | undefined;
	readonly next: string | undefined;
	readonly lastLines: readonly string[];
};
