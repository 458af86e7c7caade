import {z} from 'zod';
import {deadlineText} from '../../agents/deadline-file.js';
import {extendCommand, extendConflict, statusCommand} from '../../agents/machine/commands.js';
import {guestClock, parseGuestStatus} from '../../agents/machine/status.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {ExecResult} from '../../system/link.js';
import {noteDeadline} from '../prepare/secure-machine.js';
import {Problem} from '../../system/problem.js';
import {quote, viaSh} from '../../system/shell.js';
import type {RunContext} from '../context.js';
import {answerRequests, askOwner, type Request} from '../journal/owner-requests.js';
import type {RunRecord} from '../journal/record.js';
import {withMachineLink, type Stage} from '../steps/step.js';

const answerLimit = 30_000;

/** How much later, in seconds. Relative, so that who asks at the same time as another asks for more. */
const schema = z.object({seconds: z.number().int()});

/** Moves a run's deadline by `seconds`; from now on where it had none. Only its owner can; another program asks it. Throws a `Problem`. */
export async function extendDeadline(
	context: RunContext,
	record: RunRecord,
	stage: () => Promise<Stage>,
	seconds: number,
): Promise<void> {
	if (record.owned) {
		await move(record, stage, seconds);
		return;
	}

	await askOwner(context, record, {
		kind: 'extend',
		asked: {seconds},
		what: 'move its deadline',
		act: async (asked, request) => move(record, stage, asked.seconds, request),
		unheard: new Problem('failed', `The program that looks after ${record.name} did not move its deadline`, {
			next: 'Try it in that program.',
		}),
	});
}

/** Does what other programs asked the owner for. */
export async function answerDeadlineRequests(record: RunRecord, stage: () => Promise<Stage>): Promise<void> {
	await answerRequests(record, 'extend', {
		schema,
		act: async ({seconds}, request) => move(record, stage, seconds, request),
		onRefused: ({message}) => record.note(`another program asked in vain for a later deadline: ${message}`),
	});
}

/** One after the other: each moves what the one before has set. */
const turns = new WeakMap<RunRecord, Promise<unknown>>();

async function move(record: RunRecord, stage: () => Promise<Stage>, seconds: number, request?: Request): Promise<void> {
	const turn = (turns.get(record) ?? Promise.resolve()).then(async () => setDeadline(await stage(), seconds, request));
	// Who asked for it is told how it went.
	turns.set(
		record,
		turn.catch(() => undefined),
	);
	await turn;
}

/**
Moves a run's deadline on the instance, then writes down what holds there: a journal that promised more time than the instance gives would
be worse than one that promises less. Throws a `Problem`.
*/
async function setDeadline(stage: Stage, seconds: number, request: Request | undefined): Promise<void> {
	const {guarded, stateFolder, deadline: known} = stage.state();
	const from = known ?? stage.context.clock.now();
	if (guarded) {
		await setGuardedDeadline(stage, seconds, request);
		return;
	}

	// To the second, as it is written down there. Done again from the same journal, it is the same moment.
	const deadline = Math.floor(from / 1000) * 1000 + seconds * 1000;
	const file = quote(`${stateFolder ?? ''}/deadline`);
	const script = `umask 077; printf '%s\\n' ${deadlineText(deadline)} > ${file}.new && mv ${file}.new ${file}`;
	const {code, stderr} = await askThere(stage, viaSh(script));
	if (code !== 0) {
		throw new Problem('failed', `The deadline could not be moved: ${stderr.trim() || `exit code ${code}`}`);
	}

	await stage.append({type: 'deadline-set', deadline, request: request?.id});
}

/** With a clock and a guard of its own: what is moved is the moment by that clock, and only where it still is what is thought here. */
async function setGuardedDeadline(stage: Stage, seconds: number, request: Request | undefined): Promise<void> {
	const {code: answered, stdout: line, stderr} = await askThere(stage, statusCommand);
	const status = answered === 0 ? parseGuestStatus(line.trim()) : undefined;
	if (!status) {
		throw new Problem('failed', `The deadline could not be moved: its guard does not answer ${neutraliseLine(stderr.trim())}`);
	}

	const at = stage.context.clock.now();
	const {toGuest} = guestClock(status.at, at);
	const {deadline: known, remoteDeadline} = stage.state();
	const deadline = (known ?? at) + seconds * 1000;
	if (request?.isAgain && status.deadline !== null && status.deadline - (remoteDeadline ?? Number.NaN) === seconds) {
		// Who had begun with it moved it there, and could not write it down.
		await stage.append({type: 'deadline-set', deadline, remote: status.deadline, request: request.id});
		return;
	}

	const before = status.deadline === null ? undefined : status.deadline * 1000;
	const next = before === undefined || known === undefined ? toGuest(deadline) * 1000 : before + seconds * 1000;
	const {code, stderr: complaint} = await askThere(stage, extendCommand(before, next));
	if (code === extendConflict) {
		await noteDeadline(stage, status, at);
		throw new Problem('failed', 'Its deadline was moved by somebody else in this moment', {
			next: 'Look at what it is now, and try again.',
		});
	}

	if (code !== 0) {
		throw new Problem('failed', `The deadline could not be moved: ${neutraliseLine(complaint.trim()) || `exit code ${code}`}`);
	}

	await stage.append({type: 'deadline-set', deadline, remote: Math.round(next / 1000), request: request?.id});
}

async function askThere(stage: Stage, command: string): Promise<ExecResult> {
	const limited = {...stage, signal: AbortSignal.any([stage.signal, AbortSignal.timeout(answerLimit)])};
	try {
		return await withMachineLink(limited, async link => link.exec(command, {signal: limited.signal}));
	} catch (error) {
		throw new Problem('failed', 'The environment did not answer; whether its deadline was moved is not known', {
			next: 'Try again when the link is up.',
			cause: error,
		});
	}
}
