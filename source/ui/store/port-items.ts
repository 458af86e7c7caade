import type {LinkHealth, PortHealth, ReverseHealth} from '../../runs/model/run-handle.js';
import type {ListeningPort} from '../../tunnel/observe/listening-ports.js';
import type {RunView} from './state.js';

/** A line among the ports: one that leads there, one that leads here, or one that is offered. `key` names it however the list changes. */
export type PortItem =
	| {readonly kind: 'forward'; readonly key: string; readonly port: PortHealth}
	| {readonly kind: 'reverse'; readonly key: string; readonly port: ReverseHealth}
	| {readonly kind: 'offered'; readonly key: string; readonly port: ListeningPort};

export const forwardKey = (local: number): string => `forward ${local}`;
export const reverseKey = (remote: number): string => `reverse ${remote}`;

export const portItems = ({ports, reverse, offered}: Pick<LinkHealth, 'ports' | 'reverse' | 'offered'>): readonly PortItem[] => [
	...ports.map((port): PortItem => ({kind: 'forward', key: forwardKey(port.local), port})),
	...reverse.map((port): PortItem => ({kind: 'reverse', key: reverseKey(port.remote), port})),
	...offered.map((port): PortItem => ({kind: 'offered', key: `offered ${port.port}`, port})),
];

/** The line under the cursor; none until the person moves there. */
export const chosenPort = (run: RunView | undefined): PortItem | undefined =>
	run?.port === undefined ? undefined : portItems(run.health).find(({key}) => key === run.port);

/** Where the person's browser finds a port. */
export const localUrl = (local: number): string => `http://localhost:${local}`;
