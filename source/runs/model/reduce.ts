import type {StepId} from '../../environment/step.js';
import type {Offer} from '../../offers/offer.js';
import type {RunEvent} from './events.js';
import {billedUntil, endRunning, reduceAttempt} from './reduce-attempts.js';
import {reducePorts} from './reduce-ports.js';
import type {RunState, StepState} from './state.js';

/** Nobody waits for longer than for that many others. */
const keptRequests = 100;

/** The state after all events; undefined when they do not begin with an intent. */
export function reduceAll(name: string, events: readonly RunEvent[]): RunState | undefined {
	let state: RunState | undefined;
	for (const event of events) {
		state = reduce(name, state, event);
	}

	return state;
}

/** The one way from events to a run's state. Pure. Events before the intent are ignored. */
export function reduce(name: string, state: RunState | undefined, event: RunEvent): RunState | undefined {
	if (event.type === 'intended') {
		return state ?? begin(name, event);
	}

	return state && apply(state, event);
}

function begin(name: string, {at, specification}: RunEvent & {type: 'intended'}): RunState {
	return {
		name,
		phase: 'starting',
		specification,
		offer: specification.offer as unknown as Offer,
		intendedAt: at,
		intentId: specification.intentId,
		intentIds: [specification.intentId],
		madeIds: [],
		account: undefined,
		duration: specification.duration,
		unanswered: false,
		instanceId: undefined,
		workspace: undefined,
		stateFolder: undefined,
		sharesNetwork: false,
		launchedAt: undefined,
		address: undefined,
		reachable: false,
		image: undefined,
		opened: false,
		steps: [],
		failure: undefined,
		attempts: [],
		round: {start: 0, count: 0, since: at},
		agreedPrice: (specification.offer as unknown as Offer).price,
		asking: undefined,
		waiting: undefined,
		guarded: false,
		leaseLifted: false,
		isGuardSilent: false,
		halted: undefined,
		resumedAt: undefined,
		hostKeyReplaced: false,
		notice: undefined,
		billing: [],
		stopFailure: undefined,
		stopConsent: undefined,
		readyAt: undefined,
		tunnel: undefined,
		deadline: undefined,
		remoteDeadline: undefined,
		requestsDone: [],
		ports: specification.ports,
		reverse: specification.reverse,
		portsKnown: undefined,
		endedAt: undefined,
		reason: undefined,
		kept: undefined,
	};
}

function apply(state: RunState, event: Exclude<RunEvent, {type: 'intended'}>): RunState {
	switch (event.type) {
		case 'requested':
		case 'created':
		case 'attempt-failed':
		case 'asking':
		case 'agreed':
		case 'waiting':
		case 'instance-lost': {
			return reduceAttempt(state, event);
		}

		case 'address': {
			return {...state, address: {host: event.host, port: event.port, user: event.user}};
		}

		case 'reachable': {
			// Where the instance is the environment, what answers is the environment's own server.
			return {...state, reachable: true, opened: state.opened || !state.guarded};
		}

		case 'image-chosen': {
			return {...state, image: {reference: event.image, build: event.build}};
		}

		case 'opened': {
			return {...state, opened: true};
		}

		case 'step-started': {
			return {...state, phase: beforeReady(state), failure: undefined, steps: startStep(state.steps, event)};
		}

		case 'step-progress': {
			return {...state, steps: changeStep(state.steps, event.step, {text: event.text, share: event.share})};
		}

		case 'step-done': {
			const change = {
				status: event.warning ? ('warning' as const) : ('done' as const),
				endedAt: event.at,
				text: event.note ?? '',
				share: undefined,
			};
			return {...state, steps: changeStep(state.steps, event.step, change)};
		}

		case 'step-failed': {
			const {at, step, message, command, code, lastLines, next} = event;
			return {
				...state,
				phase: state.phase === 'ready' ? 'ready' : 'failed',
				failure: {step, message, command, code, lastLines, next},
				steps: changeStep(endRunning(state.steps, at), step, {status: 'failed', endedAt: at, text: message, share: undefined}),
			};
		}

		case 'ready': {
			return {...state, phase: 'ready', failure: undefined, readyAt: event.at};
		}

		case 'tunnel-up': {
			const reconnects = state.tunnel ? state.tunnel.reconnects + 1 : 0;
			return {...state, tunnel: {up: true, since: event.at, reconnects, reason: undefined}};
		}

		case 'tunnel-down': {
			return {...state, tunnel: {up: false, since: event.at, reconnects: state.tunnel?.reconnects ?? 0, reason: event.reason}};
		}

		case 'deadline-set': {
			const requestsDone =
				event.request === undefined ? state.requestsDone : [...state.requestsDone, event.request].slice(-keptRequests);
			return {...state, deadline: event.deadline ?? undefined, remoteDeadline: event.remote, requestsDone};
		}

		case 'spot-notice': {
			return {...state, notice: {action: event.action, time: event.time}};
		}

		case 'lease-lifted': {
			return {...state, leaseLifted: true, isGuardSilent: false};
		}

		case 'halted': {
			const {reason, start} = event;
			const at = state.halted?.at ?? event.at;
			return {...state, halted: {at, reason, start}, billing: billedUntil(state.billing, at)};
		}

		case 'start-requested': {
			return {...state, halted: state.halted && {...state.halted, asked: event.at}};
		}

		case 'resumed': {
			const {halted, billing, offer} = state;
			const again = {offer, from: halted?.asked ?? event.at, to: undefined};
			return {...state, halted: undefined, resumedAt: event.at, billing: halted ? [...billing, again] : billing};
		}

		case 'guard-unheard': {
			return {...state, isGuardSilent: true};
		}

		case 'host-key-replaced': {
			return {...state, hostKeyReplaced: true};
		}

		case 'port-opened':
		case 'port-closed':
		case 'port-moved':
		case 'reverse-opened':
		case 'reverse-closed':
		case 'port-offered':
		case 'ports-known': {
			return reducePorts(state, event);
		}

		case 'interrupted': {
			return state;
		}

		case 'stopping': {
			const {reason, consent} = event;
			return {...state, phase: 'stopping', reason, stopConsent: consent, asking: undefined, waiting: undefined};
		}

		case 'stop-withdrawn': {
			return {...state, phase: phaseBefore(state), reason: undefined, stopConsent: undefined, stopFailure: undefined};
		}

		case 'stop-failed': {
			const {at, message, command, console: page} = event;
			return {...state, stopFailure: {at, message, command, console: page}};
		}

		case 'gone': {
			return {
				...state,
				phase: event.kept ? 'ended' : 'gone',
				endedAt: state.endedAt ?? event.at,
				reason: event.reason,
				unanswered: false,
				asking: undefined,
				waiting: undefined,
				stopFailure: undefined,
				billing: billedUntil(state.billing, event.at),
				kept: event.kept ? (event.work ?? {place: state.workspace ?? ''}) : undefined,
				reachable: false,
			};
		}
	}
}

function phaseBefore({kept, readyAt, failure}: RunState): RunState['phase'] {
	if (kept) {
		return 'ended';
	}

	return readyAt !== undefined ? 'ready' : failure ? 'failed' : 'starting';
}

const beforeReady = (state: RunState): RunState['phase'] => (state.phase === 'failed' ? 'starting' : state.phase);

function startStep(steps: readonly StepState[], event: RunEvent & {type: 'step-started'}): readonly StepState[] {
	const started: StepState = {
		id: event.step,
		title: event.title,
		status: 'running',
		startedAt: event.at,
		endedAt: undefined,
		text: '',
	};
	if (steps.some(({id}) => id === event.step)) {
		return steps.map(step => (step.id === event.step ? started : step));
	}

	// A local engine gets the image while the instance is being made.
	return steps.some(({id, status}) => id === 'instance' && status === 'running') ? [started, ...steps] : [...steps, started];
}

const changeStep = (steps: readonly StepState[], id: StepId, change: Partial<StepState>): readonly StepState[] =>
	steps.map(step => (step.id === id ? {...step, ...change} : step));
