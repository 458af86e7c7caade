import type {PortForward, RunEvent} from './events.js';
import type {RunState} from './state.js';

export type PortEvent = Extract<
	RunEvent,
	{
		type: 'port-opened' | 'port-closed' | 'port-moved' | 'reverse-opened' | 'reverse-closed' | 'port-offered' | 'ports-known';
	}
>;

/** The part of `reduce` for port forwards. Pure. */
export function reducePorts(state: RunState, event: PortEvent): RunState {
	switch (event.type) {
		case 'port-opened': {
			const {port, holder} = event;
			const opened = port.wanted === undefined ? port : {...port, holder};
			return {...state, ports: [...state.ports.filter(({local}) => local !== port.local), opened]};
		}

		case 'port-closed': {
			return {...state, ports: state.ports.filter(({local, added}) => local !== event.local || !added)};
		}

		case 'port-moved': {
			const {from, local, holder} = event;
			// Who has the port that was wanted first is what a person asks for.
			const why = ({wanted}: PortForward) => (wanted === undefined ? {wanted: from, holder} : {});
			return {
				...state,
				ports: state.ports.map(port => (port.local === from ? {...port, local, ...why(port)} : port)),
			};
		}

		case 'reverse-opened': {
			const {remote, local} = event;
			return {...state, reverse: [...state.reverse.filter(each => each.remote !== remote), {remote, local}]};
		}

		case 'reverse-closed': {
			return {...state, reverse: state.reverse.filter(({remote}) => remote !== event.remote)};
		}

		case 'port-offered': {
			return state;
		}

		case 'ports-known': {
			return {...state, portsKnown: event.ports};
		}
	}
}
