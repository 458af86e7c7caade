import {BackendError, type Instance, type KeptWork} from '../../backends/backend.js';
import type {RunState} from '../model/state.js';
import {containerVenv} from '../../agents/container/paths.js';
import {environmentOf, type RunSecrets} from '../model/specification.js';
import type {DevEnvironment} from '../../configuration/model.js';
import type {StepContext, StepId, StepReport} from '../../environment/step.js';
import {messageOf, Problem} from '../../system/problem.js';
import type {Connection} from '../../tunnel/connection/contract.js';
import type {Tunnel} from '../../tunnel/tunnel.js';
import type {Tunnels} from '../link/tunnels.js';
import type {RunContext} from '../context.js';
import type {NewEvent} from '../model/events.js';
import {StepLog} from '../journal/step-log.js';
import type {RunRecord} from '../journal/record.js';
import {readSecrets} from '../journal/run-folder.js';

/** A step that failed, with everything that a person needs to mend it. The instance lives on. */
export class StepFailed extends Error {
	override readonly name = 'StepFailed';
	readonly step: StepId;
	readonly details: {
		readonly command?: string;
		readonly code?: number;
		readonly lastLines: readonly string[];
		readonly next?: string;
	};

	constructor(step: StepId, message: string, details: StepFailed['details'] = {lastLines: []}) {
		super(message);
		this.step = step;
		this.details = details;
	}

	static from(step: StepId, error: unknown): StepFailed {
		if (error instanceof StepFailed) {
			return error;
		}

		if (error instanceof Problem) {
			return new StepFailed(step, error.message, {lastLines: error.details, next: error.next});
		}

		return new StepFailed(step, messageOf(error));
	}
}

/** The run is over: its instance is gone, or has stopped and keeps what it holds. */
export class RunOver extends Error {
	override readonly name = 'RunOver';
	readonly kept: boolean;
	readonly work: KeptWork | undefined;
	/** The provider took a spot instance back. */
	readonly interrupted: boolean;

	constructor(reason: string, kept: boolean, work?: KeptWork, interrupted = false) {
		super(reason);
		this.kept = kept;
		this.work = work;
		this.interrupted = interrupted;
	}
}

/** What the preparation of a run works with: its state, its journal, its tunnel, and where output goes. */
export type Stage = {
	readonly context: RunContext;
	readonly folder: string;
	readonly secrets: RunSecrets;
	readonly tunnels: Tunnels;
	/** Aborted when this program detaches from the run or ends it. */
	readonly signal: AbortSignal;
	state(): RunState;
	/** Durable before visible. */
	append(event: NewEvent): Promise<void>;
	/** Output and progress of the step that runs now; a `StepLog` is begun by `step-started`. */
	report(step: StepId, report: StepReport): void;
};

/** Runs one visible step: announces it, does it, and says how it ended. Failures come out as `StepFailed`. */
export async function perform(
	stage: Stage,
	step: StepId,
	title: string,
	act: (report: (report: StepReport) => void) => Promise<{note?: string; warning?: boolean} | void>,
): Promise<void> {
	stage.signal.throwIfAborted();
	await stage.append({type: 'step-started', step, title});
	const log = new StepLog(stage.folder, step, {
		onTrouble: message => stage.report(step, {log: `${message}; the step goes on without it\n`}),
	});
	try {
		const end = await act(report => {
			if (report.leftOut !== undefined) {
				log.leaveOut(report.leftOut);
			}

			if (report.log !== undefined) {
				log.write(report.log);
			}

			stage.report(step, report);
		});
		stage.signal.throwIfAborted();
		await stage.append({type: 'step-done', step, note: end?.note, warning: end?.warning});
	} catch (error) {
		if (stage.signal.aborted || error instanceof RunOver || error instanceof BackendError) {
			throw error;
		}

		throw StepFailed.from(step, error);
	} finally {
		log.finish();
	}
}

/** So often in a row a link may be lost while the same thing is done without having held so long, milliseconds: then it is what ends it. */
const mostRepeats = 50;
const goodLink = 2000;

/** Does something in the environment over SSH, again when the link is lost in between: what runs there is idempotent and detached. */
export const withEnvironmentLink = async <T>(stage: Stage, act: (link: Connection) => Promise<T>): Promise<T> =>
	withLink(stage, stage.tunnels.environment, act);

/** The same on the machine that looks after itself: the one that the environment is a container on, else the environment's own. */
export const withMachineLink = async <T>(stage: Stage, act: (link: Connection) => Promise<T>): Promise<T> =>
	withLink(stage, stage.state().guarded ? stage.tunnels.machine : stage.tunnels.environment, act);

async function withLink<T>(stage: Stage, tunnel: Tunnel, act: (link: Connection) => Promise<T>): Promise<T> {
	for (let repeat = 1; ; repeat++) {
		const link = await tunnel.link(stage.signal);
		const begun = performance.now();
		let lost = false;
		void link.closed.then(() => {
			lost = true;
		});
		try {
			return await act(link);
		} catch (error) {
			// The channel notices a lost link a moment before the link itself does.
			await stage.context.clock.sleep(100, stage.signal);
			if (performance.now() - begun > goodLink) {
				repeat = 0;
			}

			if (!lost || repeat >= mostRepeats || error instanceof Problem || error instanceof StepFailed) {
				throw error;
			}
		}
	}
}

/** What the steps of a record's run work with. */
export const makeStage = async (
	context: RunContext,
	record: RunRecord,
	tunnels: Tunnels,
	signal: AbortSignal,
): Promise<Stage> => ({
	context,
	folder: record.folder,
	secrets: await readSecrets(record.folder),
	tunnels,
	signal,
	state: () => record.known,
	append: async event => record.append(event),
	report: (step, report) => record.report(step, report),
});

/** The context that scripts in the environment are made from. Only valid once the instance is created. */
export function stepContext(state: RunState, configuration: DevEnvironment = environmentOf(state.specification)): StepContext {
	const isolated = !state.sharesNetwork;
	return {
		configuration,
		workspace: state.workspace ?? '',
		stateFolder: state.stateFolder ?? '',
		venv: isolated ? containerVenv : `${state.stateFolder ?? ''}/venv`,
		subfolder: state.specification.subfolder,
		deadline: state.deadline,
		isolated,
		trusted: state.specification.trusted,
		intentId: state.intentId,
		run: state.name,
	};
}

/** How a run ended whose instance does not run any more. `now` in milliseconds since the epoch. */
export function endOf(instance: Instance | undefined, {deadline}: Pick<RunState, 'deadline'>, now: number): RunOver {
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
