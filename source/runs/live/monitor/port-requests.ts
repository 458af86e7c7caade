import {portRequestPrefix, isPortRequest} from '../../journal/port-files.js';
import {readdir} from 'node:fs/promises';
import {z} from 'zod';
import {Problem} from '../../../system/problem.js';
import type {RunContext} from '../../context.js';
import {answerRequest, askOwner, isRequest} from '../../journal/owner-requests.js';
import type {RunRecord} from '../../journal/record.js';
import type {RunState} from '../../model/state.js';

/** Nobody waits for the answer to one that is older, milliseconds. */
const validFor = 40_000;

const port = z.number().int().min(1).max(65_535);
const schema = z.intersection(
	z.object({at: z.number()}),
	z.discriminatedUnion('act', [
		z.object({act: z.literal('forward'), remote: port, local: port.optional()}),
		z.object({act: z.literal('unforward'), local: port}),
		z.object({act: z.literal('reverse'), remote: port, local: port}),
		z.object({act: z.literal('unreverse'), remote: port}),
	]),
);

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

/** Asks the program that carries the ports, and waits until it has written down that it did so. Throws a `Problem` when it is not heard. */
export async function askForPorts(context: RunContext, record: RunRecord, request: PortRequest): Promise<void> {
	await askOwner(context, record, {
		file: `${portRequestPrefix}${context.random.hex(4)}`,
		text: JSON.stringify({...request, at: context.clock.now()}),
		isDone: state => state !== undefined && isFulfilled(state, request),
		unheard: new Problem('failed', `The program that looks after ${record.name} did not change its ports`, {
			next: 'Its log may say why. Try it in that program.',
		}),
	});
}

const parse = (text: string): z.infer<typeof schema> | undefined => {
	try {
		return schema.parse(JSON.parse(text));
	} catch {
		// It may be in the middle of being written; what is no request is never taken.
		return undefined;
	}
};

/** Does what other programs asked for since, for the owner; what it refuses is told to them, and here in words. */
export async function answerPortRequests(
	{clock}: RunContext,
	{folder}: RunRecord,
	{act, onRefused}: {act(request: PortRequest): Promise<void>; onRefused(message: string): void},
): Promise<void> {
	for (const file of (await readdir(folder)).filter(name => isPortRequest(name) && isRequest(name))) {
		try {
			await answerRequest(folder, file, {
				read: parse,
				async act(request) {
					if (clock.now() - request.at < validFor) {
						await act(request);
					}
				},
			});
		} catch (error) {
			if (!(error instanceof Problem)) {
				throw error;
			}

			onRefused(error.message);
		}
	}
}
