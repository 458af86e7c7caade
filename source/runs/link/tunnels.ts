import type {TunnelHealth} from '../../tunnel/health.js';
import {connect, type ConnectionError} from '../../tunnel/connection/connection.js';
import {type Connection} from '../../tunnel/connection/contract.js';
import {Tunnel} from '../../tunnel/tunnel.js';
import type {RunContext} from '../context.js';
import {connectEnvironment, instanceDestination} from './destination.js';
import type {RunRecord} from '../journal/record.js';

/** Our own connections for a run. Where the instance is the environment itself, `machine` is never started. */
export type Tunnels = {
	/** Into the environment, with its ports. */
	readonly environment: Tunnel;
	/** To the machine that the environment is a container on. */
	readonly machine: Tunnel;
};

type Listeners = {
	readonly onUp: () => void;
	readonly onDown: (reason: string) => void;
	readonly onMachineUp: (connection: Connection) => void;
	/** Called when no further try can succeed. */
	readonly onFailed: (error: ConnectionError) => void;
};

export function makeTunnels({clock, random}: RunContext, record: RunRecord, listeners: Listeners): Tunnels {
	const {onUp, onDown, onMachineUp, onFailed} = listeners;
	// While it is prepared, every step waits for its link.
	const isUrgent = () => record.state?.phase === 'starting';
	const common = {clock, random, onFailed, isUrgent, onChange: () => record.changed()};
	const machine = new Tunnel({
		...common,
		open: async signal => connect(await instanceDestination(record), signal),
		onUp: onMachineUp,
	});
	const environment = new Tunnel({
		...common,
		through: machine,
		open: async signal => connectEnvironment(record, async each => machine.link(each), signal),
		onUp,
		onBack: onUp,
		onDown,
	});
	return {environment, machine};
}

/** Starts what leads into the environment. Again does nothing. */
export function startTunnels({environment, machine}: Tunnels, {known}: RunRecord): void {
	if (known.guarded) {
		machine.start();
	}

	environment.start();
}

/** Tries again what could not be reached for good: what kept it may have been mended. */
export function retryTunnels({environment, machine}: Tunnels): void {
	machine.retry();
	environment.retry();
}

export function closeTunnels({environment, machine}: Tunnels): void {
	environment.close();
	machine.close();
}

/** Whether anything of the instance answers. */
export const isAnyUp = ({environment, machine}: Tunnels): boolean =>
	environment.health.status === 'up' || machine.health.status === 'up';

type Healths = {readonly [each in keyof Tunnels]: {readonly health: TunnelHealth}};

/**
What the way into the environment is doing. Where it leads through a machine that does not answer, that one is what is waited for, and what
seems to stand inside it cannot.
*/
export function linkHealth({environment, machine}: Healths, isInside: boolean): TunnelHealth {
	const inner = environment.health;
	if (!isInside || machine.health.status === 'up' || inner.status === 'down') {
		return inner;
	}

	const {status, reason, attempt, nextTry, silentSince} = machine.health;
	return {...inner, status, upSince: undefined, reason, attempt, nextTry, silentSince};
}
