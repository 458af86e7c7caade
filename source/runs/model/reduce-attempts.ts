import type {Offer} from '../../offers/offer.js';
import type {RunEvent} from './events.js';
import type {Billing, RunState, StepState} from './state.js';

type AttemptEvent = Extract<
	RunEvent,
	{type: 'requested' | 'created' | 'attempt-failed' | 'asking' | 'agreed' | 'waiting' | 'instance-lost'}
>;

/** The part of `reduce` that tells how a run comes by an instance, loses it, and comes by another. Pure. */
export function reduceAttempt(state: RunState, event: AttemptEvent): RunState {
	switch (event.type) {
		case 'requested': {
			const {intentId} = event;
			return {
				...state,
				intentId,
				intentIds: state.intentIds.includes(intentId) ? state.intentIds : [...state.intentIds, intentId],
				offer: event.offer === undefined ? state.offer : (event.offer as unknown as Offer),
				duration: event.duration === undefined ? state.duration : event.duration,
				account: event.account,
				unanswered: true,
				asking: undefined,
				waiting: undefined,
			};
		}

		case 'created': {
			const {instanceId, workspace, stateFolder, sharesNetwork, launchedAt, guarded = false} = event;
			return {
				...state,
				instanceId,
				workspace,
				stateFolder,
				sharesNetwork,
				launchedAt,
				guarded,
				madeIds: [...state.madeIds, state.intentId],
				account: event.account ?? state.account,
				unanswered: false,
				billing:
					state.instanceId === instanceId
						? state.billing
						: [...state.billing, {offer: state.offer, from: launchedAt, to: undefined}],
			};
		}

		case 'attempt-failed': {
			const {at, errorClass, message, next, zones = []} = event;
			return {
				...state,
				unanswered: false,
				image: undefined,
				steps: endRunning(state.steps, at),
				attempts: [...state.attempts, {at, offer: state.offer, errorClass, message, next, zones}],
			};
		}

		case 'asking': {
			return {...state, asking: event.offer as unknown as Offer};
		}

		case 'agreed': {
			return {...state, asking: undefined, agreedPrice: Math.max(state.agreedPrice, event.price)};
		}

		case 'waiting': {
			const {until, reason} = event;
			return {
				...state,
				waiting: {until, reason},
				round: {...state.round, start: state.attempts.length, count: state.round.count + 1},
			};
		}

		case 'instance-lost': {
			return {...state, ...withoutInstance, phase: 'starting', ...lostAt(state, event.at)};
		}
	}
}

const withoutInstance = {
	instanceId: undefined,
	workspace: undefined,
	stateFolder: undefined,
	launchedAt: undefined,
	address: undefined,
	reachable: false,
	image: undefined,
	opened: false,
	steps: [],
	failure: undefined,
	readyAt: undefined,
	tunnel: undefined,
	guarded: false,
	leaseLifted: false,
	unheard: false,
	halted: undefined,
	resumedAt: undefined,
	hostKeyReplaced: false,
	notice: undefined,
	portsKnown: undefined,
	remoteDeadline: undefined,
} as const;

const lostAt = ({billing, attempts}: RunState, at: number): Pick<RunState, 'billing' | 'round'> => ({
	billing: billedUntil(billing, at),
	round: {start: attempts.length, count: 0, since: at},
});

/** What is still billed ends at `at`. */
export const billedUntil = (billing: readonly Billing[], at: number): readonly Billing[] =>
	billing.map(each => (each.to === undefined ? {...each, to: at} : each));

/** What was under way when something failed has failed with it. */
export const endRunning = (steps: readonly StepState[], at: number): readonly StepState[] =>
	steps.map(step => (step.status === 'running' ? {...step, status: 'failed', endedAt: at} : step));
