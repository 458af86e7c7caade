import type {PortForward, ReversePort} from '../model/events.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {PortEvent} from '../model/reduce-ports.js';

/** Where a port of the environment is found here, as `127.0.0.1:3001 → 3000 there`. */
export const forwardWords = ({local, remote, direct}: Pick<PortForward, 'local' | 'remote' | 'direct'>): string =>
	direct ? `${local} on this machine itself` : `127.0.0.1:${local} → ${remote} there`;

/** Where a reverse port leads, as `9000 there → 127.0.0.1:9000`. */
export const reverseWords = ({remote, local}: ReversePort): string => `${remote} there → 127.0.0.1:${local}`;

const takenWords = (local: number | undefined, holder: string | undefined): string =>
	local === undefined ? '' : `; ${local} is taken by ${holder ?? 'another program'}`;

type Moved = Pick<PortForward, 'wanted' | 'holder' | 'moved'>;

/** Why a port is not where it was asked for, each reason a few words; `isBrief` without who has it. */
export function movedWords({wanted, holder, moved}: Moved, {isBrief = false}: {isBrief?: boolean} = {}): string[] {
	const by = (who: string | undefined) => (isBrief || who === undefined ? '' : ` by ${neutraliseLine(who)}`);
	return [
		...(wanted === undefined ? [] : [`${wanted} was taken${by(holder)}`]),
		...(moved ? [`${moved.from} there was taken${by(moved.holder)}`] : []),
	];
}

/** Where the ports of a plan are that could not be where they were asked for, in a line; undefined where all are. What to do comes first. */
export function plannedPortsWords(ports: readonly PortForward[]): string | undefined {
	const words = ports.flatMap(({local, remote, wanted, holder = 'another program', moved, direct}) => [
		...(wanted === undefined
			? []
			: [`${direct ? `let your server listen on ${local}` : `port ${local} leads to ${remote} there`}: ${holder} has ${wanted}`]),
		...(moved ? [`let your server there listen on ${remote}: ${moved.holder} has ${moved.from}`] : []),
	]);
	return words.length === 0 ? undefined : words.join('; ');
}

/** What became of a port, one line; undefined for what nobody need read. */
export function portWords(event: PortEvent): string | undefined {
	switch (event.type) {
		case 'port-opened': {
			const {port, holder, noticed, process} = event;
			const why = noticed ? ` (${process ?? 'a program'} started to listen there)` : '';
			return `port ${forwardWords(port)}${why}${takenWords(port.wanted, holder)}`;
		}

		case 'port-closed': {
			return `port 127.0.0.1:${event.local} leads nowhere any more`;
		}

		case 'port-moved': {
			return `a port is at 127.0.0.1:${event.local} now${takenWords(event.from, event.holder)}`;
		}

		case 'reverse-opened': {
			return `port ${reverseWords(event)}`;
		}

		case 'reverse-closed': {
			return `port ${event.remote} there leads nowhere any more`;
		}

		case 'port-offered': {
			return `${event.process ?? 'a program'} listens at port ${event.remote} there; it is not forwarded yet`;
		}

		case 'ports-known': {
			return undefined;
		}
	}
}
