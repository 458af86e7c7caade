import type {Account, KeptWork} from '../../backends/backend.js';
import type {StepId} from '../../environment/step.js';
import type {Offer} from '../../offers/offer.js';
import type {Consent} from './consent.js';
import type {PortForward, ReversePort, RunSpecification} from './events.js';

export type StepState = {
	readonly id: StepId;
	readonly title: string;
	readonly status: 'running' | 'done' | 'failed' | 'warning';
	/** Milliseconds since the epoch. */
	readonly startedAt: number;
	readonly endedAt: number | undefined;
	/** The last progress or the closing note. */
	readonly text: string;
	/** How much of it is done, from 0 to 1, while that is known. */
	readonly share?: number | undefined;
};

export type StepFailure = {
	readonly step: StepId;
	readonly message: string;
	readonly command: string | undefined;
	readonly code: number | undefined;
	readonly lastLines: readonly string[];
	readonly next: string | undefined;
};

/** The image that an environment starts from, undefined for a host process; with `build`, what its build commands make or have made. */
export type ImageState = {
	readonly reference: string | undefined;
	readonly build:
		| {readonly key: string; readonly reference: string; readonly due: boolean; readonly labels: Readonly<Record<string, string>>}
		| undefined;
};

/** An offer that was tried and gave no instance. */
export type Attempt = {
	readonly at: number;
	readonly offer: Offer;
	readonly errorClass: string;
	readonly message: string;
	readonly next: string | undefined;
	readonly zones: readonly string[];
};

/** A stretch of time in which an instance was billed; milliseconds since the epoch, `to` undefined while it is. */
export type Billing = {readonly offer: Offer; readonly from: number; readonly to: number | undefined};

/** Why an end could not be confirmed, and how a person can bring it about. */
export type StopFailure = {
	readonly at: number;
	readonly message: string;
	readonly command: string | undefined;
	readonly console: string | undefined;
};

/**
- `starting`: on its way. - `failed`: a step failed; the instance is there, reachable where SSH came up, and can be tried again.
- `ready`: usable. - `stopping`: its end was asked for. - `ended`: it stopped by itself (deadline, power) and what it kept is still there.
- `gone`: confirmed that nothing is left.
*/
export type RunPhase = 'starting' | 'failed' | 'ready' | 'stopping' | 'ended' | 'gone';

/** A run's state, reduced from its journal. */
export type RunState = {
	readonly name: string;
	readonly phase: RunPhase;
	readonly specification: RunSpecification;
	/** The offer that is tried or was got, last. */
	readonly offer: Offer;
	readonly intendedAt: number;
	/** The idempotency token of the attempt under way or of the instance; all that were ever used, the newest last. */
	readonly intentId: string;
	readonly intentIds: readonly string[];
	/** Those tokens whose instance was certainly made. What others may have made holds nothing: nobody was ever let in. */
	readonly madeIds: readonly string[];
	/** The account of the attempt under way or of the instance; undefined where nobody could tell, and in journals of before. */
	readonly account: Account | undefined;
	/** Seconds from the launch of this attempt to the deadline; null for none. */
	readonly duration: number | null;
	/** A request went out, and whether it made an instance is not known. */
	readonly unanswered: boolean;
	readonly instanceId: string | undefined;
	/** Absolute path of the code on the instance. */
	readonly workspace: string | undefined;
	readonly stateFolder: string | undefined;
	readonly sharesNetwork: boolean;
	readonly launchedAt: number | undefined;
	readonly address: {readonly host: string; readonly port: number; readonly user: string} | undefined;
	readonly reachable: boolean;
	/** What the environment starts from, once that is decided. */
	readonly image: ImageState | undefined;
	/** The environment has its own SSH server; until then, what happens inside needs none. */
	readonly opened: boolean;
	readonly steps: readonly StepState[];
	readonly failure: StepFailure | undefined;
	readonly attempts: readonly Attempt[];
	/** Where in `attempts` the present round through the offers begins, how often one has begun, and when the first of a row did. */
	readonly round: {readonly start: number; readonly count: number; readonly since: number};
	/** Up to this price, US dollars an hour, the person has agreed. */
	readonly agreedPrice: number;
	/** The offer that is dearer than that, while the person is asked. */
	readonly asking: Offer | undefined;
	/** Until when nothing is tried, and why. */
	readonly waiting: {readonly until: number; readonly reason: string} | undefined;
	readonly guarded: boolean;
	readonly leaseLifted: boolean;
	/** The machine is stopped in its cloud: nothing runs, its disk is billed, and what is on it is there until it is terminated. */
	readonly halted:
		| {
				readonly at: number;
				readonly reason: string;
				/** The command of the cloud's own that starts it. */
				readonly start: string | undefined;
				/** When the cloud was asked to start it, where it is not known yet what came of that. */
				readonly asked?: number | undefined;
		  }
		| undefined;
	/** When the machine was last seen to run again after it was stopped: its guard counts from there, but for the deadline. */
	readonly resumedAt: number | undefined;
	/** It was noted that its guard did not report. */
	readonly isGuardSilent: boolean;
	readonly hostKeyReplaced: boolean;
	/** The provider's notice that it takes a spot instance back, with the time at which it will. */
	readonly notice: {readonly action: string; readonly time: number} | undefined;
	/** Instances before this one, and this one: what is billed. */
	readonly billing: readonly Billing[];
	readonly stopFailure: StopFailure | undefined;
	/** What may be lost with the end that is under way. */
	readonly stopConsent: Consent | undefined;
	readonly readyAt: number | undefined;
	readonly tunnel:
		{readonly up: boolean; readonly since: number; readonly reconnects: number; readonly reason: string | undefined} | undefined;
	/** Undefined: never. */
	readonly deadline: number | undefined;
	/** The deadline by the instance's own clock, seconds since the epoch, where it has one. */
	readonly remoteDeadline: number | undefined;
	/** The newest requests of other programs that were fulfilled, by their ids. */
	readonly requestsDone: readonly string[];
	readonly ports: readonly PortForward[];
	readonly reverse: readonly ReversePort[];
	/** Ports that are no news when they listen inside; undefined while nobody has looked. */
	readonly portsKnown: readonly number[] | undefined;
	readonly endedAt: number | undefined;
	readonly reason: string | undefined;
	/** With `ended`: where what it held is found. */
	readonly kept: KeptWork | undefined;
};

/** Whether nothing can be done in it any more. */
export const isOver = ({phase}: RunState): boolean => phase === 'gone' || phase === 'ended';
