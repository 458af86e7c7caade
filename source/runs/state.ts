import type {KeptWork} from '../backends/backend.js';
import type {StepId} from '../environment/step.js';
import type {Offer} from '../offers/offer.js';
import type {PortForward, RunSpecification} from './events.js';

export type StepState = {
	readonly id: StepId;
	readonly title: string;
	readonly status: 'running' | 'done' | 'failed' | 'warning';
	/** Milliseconds since the epoch. */
	readonly startedAt: number;
	readonly endedAt: number | undefined;
	/** The last progress or the closing note. */
	readonly text: string;
};

export type StepFailure = {
	readonly step: StepId;
	readonly message: string;
	readonly command: string | undefined;
	readonly code: number | undefined;
	readonly lastLines: readonly string[];
	readonly next: string | undefined;
};

/**
- `starting`: on its way. - `failed`: a step failed; the instance is there, reachable where SSH came up, and can be tried again.
- `ready`: usable. - `stopping`: its end was asked for. - `ended`: it stopped by itself (deadline, power) and what it kept is still there.
- `gone`: confirmed that nothing is left.
*/
export type RunPhase = 'starting' | 'failed' | 'ready' | 'stopping' | 'ended' | 'gone';

/** A run as its journal tells it. */
export type RunState = {
	readonly name: string;
	readonly phase: RunPhase;
	readonly specification: RunSpecification;
	readonly offer: Offer;
	readonly intendedAt: number;
	readonly instanceId: string | undefined;
	/** Absolute path of the code on the instance. */
	readonly workspace: string | undefined;
	readonly stateFolder: string | undefined;
	readonly sharesNetwork: boolean;
	readonly launchedAt: number | undefined;
	readonly address: {readonly host: string; readonly port: number; readonly user: string} | undefined;
	readonly reachable: boolean;
	readonly steps: readonly StepState[];
	readonly failure: StepFailure | undefined;
	readonly attempts: readonly {
		readonly at: number;
		readonly errorClass: string;
		readonly message: string;
		readonly next: string | undefined;
	}[];
	readonly readyAt: number | undefined;
	readonly tunnel:
		{readonly up: boolean; readonly since: number; readonly reconnects: number; readonly reason: string | undefined} | undefined;
	/** Undefined: never. */
	readonly deadline: number | undefined;
	readonly ports: readonly PortForward[];
	readonly endedAt: number | undefined;
	readonly reason: string | undefined;
	/** With `ended`: where what it held is found. */
	readonly kept: KeptWork | undefined;
};

/** Whether nothing can be done in it any more. */
export const isOver = ({phase}: RunState): boolean => phase === 'gone' || phase === 'ended';
