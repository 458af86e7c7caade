import {z} from 'zod';
import {Problem} from '../../../system/problem.js';
import type {RunContext} from '../../context.js';
import {answerRequests, askOwner} from '../../journal/owner-requests.js';
import type {RunRecord} from '../../journal/record.js';
import type {RunState} from '../../model/state.js';

const port = z.number().int().min(1).max(65_535);
const schema = z.discriminatedUnion('act', [
	z.object({act: z.literal('forward'), remote: port, local: port.optional()}),
	z.object({act: z.literal('unforward'), local: port}),
	z.object({act: z.literal('reverse'), remote: port, local: port}),
	z.object({act: z.literal('unreverse'), remote: port}),
]);

/** What is asked of the program that carries a run's ports. */
export type PortRequest =
	| {readonly act: 'forward'; readonly remote: number; readonly local?: number}
	| {readonly act: 'unforward'; readonly local: number}
	| {readonly act: 'reverse'; readonly remote: number; readonly local: number}
	| {readonly act: 'unreverse'; readonly remote: number};

/** The local port at which one of the environment is found; `local` is the one that was wanted, if any. */
export const forwardedAt = ({ports}: Pick<RunState, 'ports'>, remote: number, local?: number): number | undefined =>
	ports.find(each => each.remote === remote && (local === undefined || each.local === local || each.wanted === local))?.local;

/** Whether a run's ports are as a request wants them. */
export function isFulfilled(state: Pick<RunState, 'ports' | 'reverse'>, request: PortRequest): boolean {
	switch (request.act) {
		case 'forward': {
			return forwardedAt(state, request.remote, request.local) !== undefined;
		}

		case 'unforward': {
			return !state.ports.some(({local}) => local === request.local);
		}

		case 'reverse': {
			return state.reverse.some(({remote, local}) => remote === request.remote && local === request.local);
		}

		case 'unreverse': {
			return !state.reverse.some(({remote}) => remote === request.remote);
		}
	}
}

/**
Asks the program that carries the ports, and waits until it has answered; `act` does it from here where that one is gone. Throws a `Problem`, also
when it is not heard.
*/
export async function askForPorts(
	context: RunContext,
	record: RunRecord,
	request: PortRequest,
	act: (request: PortRequest) => Promise<void>,
): Promise<void> {
	await askOwner(context, record, {
		kind: 'port',
		asked: request,
		what: 'change its ports',
		isDone: state => isFulfilled(state, request),
		act,
		unheard: new Problem('failed', `The program that looks after ${record.name} did not change its ports`, {
			next: 'Its log may say why. Try it in that program.',
		}),
	});
}

/** Does what other programs asked for since, for the owner; what it refuses is told to them, and here in words. */
export async function answerPortRequests(record: RunRecord, act: (request: PortRequest) => Promise<void>): Promise<void> {
	await answerRequests(record, 'port', {
		schema,
		act,
		onRefused: ({message}) => record.note(`another program asked for a port in vain: ${message}`),
	});
}
