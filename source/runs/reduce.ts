import {stepIds, type StepId} from '../environment/step.js';
import type {Offer} from '../offers/offer.js';
import type {RunEvent} from './events.js';
import type {RunState, StepState} from './state.js';

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
		instanceId: undefined,
		workspace: undefined,
		stateFolder: undefined,
		sharesNetwork: false,
		launchedAt: undefined,
		address: undefined,
		reachable: false,
		steps: [],
		failure: undefined,
		attempts: [],
		readyAt: undefined,
		tunnel: undefined,
		deadline: undefined,
		ports: specification.ports,
		endedAt: undefined,
		reason: undefined,
		kept: undefined,
	};
}

function apply(state: RunState, event: Exclude<RunEvent, {type: 'intended'}>): RunState {
	switch (event.type) {
		case 'requested': {
			return state;
		}

		case 'created': {
			const {instanceId, workspace, stateFolder, sharesNetwork, launchedAt} = event;
			return {...state, instanceId, workspace, stateFolder, sharesNetwork, launchedAt};
		}

		case 'attempt-failed': {
			const {at, errorClass, message, next} = event;
			return {...state, steps: endRunning(state.steps, at), attempts: [...state.attempts, {at, errorClass, message, next}]};
		}

		case 'address': {
			return {...state, address: {host: event.host, port: event.port, user: event.user}};
		}

		case 'reachable': {
			return {...state, reachable: true};
		}

		case 'step-started': {
			return {...state, phase: beforeReady(state), failure: undefined, steps: startStep(state.steps, event)};
		}

		case 'step-progress': {
			return {...state, steps: changeStep(state.steps, event.step, {text: event.text})};
		}

		case 'step-done': {
			const change = {
				status: event.warning ? ('warning' as const) : ('done' as const),
				endedAt: event.at,
				text: event.note ?? '',
			};
			return {...state, steps: changeStep(state.steps, event.step, change)};
		}

		case 'step-failed': {
			const {at, step, message, command, code, lastLines, next} = event;
			return {
				...state,
				phase: state.phase === 'ready' ? 'ready' : 'failed',
				failure: {step, message, command, code, lastLines, next},
				steps: changeStep(endRunning(state.steps, at), step, {status: 'failed', endedAt: at, text: message}),
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
			return {...state, deadline: event.deadline ?? undefined};
		}

		case 'interrupted': {
			return state;
		}

		case 'stopping': {
			return {...state, phase: 'stopping', reason: event.reason};
		}

		case 'gone': {
			return {
				...state,
				phase: event.kept ? 'ended' : 'gone',
				endedAt: state.endedAt ?? event.at,
				reason: event.reason,
				kept: event.kept ? (event.work ?? {place: state.workspace ?? ''}) : undefined,
				reachable: false,
			};
		}
	}
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
	return [...steps.filter(({id}) => id !== event.step), started].sort((a, b) => stepIds.indexOf(a.id) - stepIds.indexOf(b.id));
}

/** What was under way when something failed has failed with it. */
const endRunning = (steps: readonly StepState[], at: number): readonly StepState[] =>
	steps.map(step => (step.status === 'running' ? {...step, status: 'failed', endedAt: at} : step));

const changeStep = (steps: readonly StepState[], id: StepId, change: Partial<StepState>): readonly StepState[] =>
	steps.map(step => (step.id === id ? {...step, ...change} : step));
