import type {TunnelHealth} from '../../../tunnel/health.js';
import type {Tunnels} from '../../link/tunnels.js';

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
