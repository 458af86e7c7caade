import type {RunState} from '../../runs/model/state.js';
import type {TunnelHealth} from '../../tunnel/health.js';
import {glyphs} from './theme.js';

/** How a link is, in one sign: up, on its way, or given up. */
export const linkSign = ({status}: Pick<TunnelHealth, 'status'>): string =>
	status === 'up' ? glyphs.up : status === 'down' ? glyphs.failed : glyphs.away;

/** How a run is, in one sign: its link once it is ready; before that that it is on its way, or has failed or ended. */
export function runSign({state: {phase}, health}: {readonly state: RunState; readonly health: TunnelHealth}): string {
	if (phase === 'ready') {
		return linkSign(health);
	}

	return phase === 'starting' || phase === 'stopping' ? glyphs.waiting : glyphs.failed;
}
