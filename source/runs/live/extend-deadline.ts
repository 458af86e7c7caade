import {deadlineText} from '../../agents/deadline-file.js';
import {extendCommand, extendConflict, statusCommand} from '../../agents/machine/commands.js';
import {guestClock, parseGuestStatus} from '../../agents/machine/status.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {ExecResult} from '../../system/link.js';
import {noteDeadline} from '../prepare/take-charge.js';
import {Problem} from '../../system/problem.js';
import {quote, viaSh} from '../../system/shell.js';
import type {RunContext} from '../context.js';
import {answerRequest, askOwner} from '../journal/owner-requests.js';
import type {RunRecord} from '../journal/record.js';
import {withMachineLink, type Stage} from '../steps/step.js';

const answerLimit = 30_000;
const requestFile = 'extend-requested';

/** Moves a run's deadline by `seconds`; from now on where it had none. Only its owner can; another program asks it. Throws a `Problem`. */
export async function extendDeadline(
	context: RunContext,
	record: RunRecord,
	stage: () => Promise<Stage>,
	seconds: number,
): Promise<void> {
	const {deadline: known, guarded} = record.known;
	const from = known ?? context.clock.now();
	// To the second, as it is written down there; a guard has seconds of its own clock, which are moved by as many.
	const deadline = (guarded ? from : Math.floor(from / 1000) * 1000) + seconds * 1000;
	if (record.owned) {
		await setDeadline(await stage(), deadline);
	} else {
		await askOwner(context, record, {
			file: requestFile,
			text: String(deadline),
			isDone: state => state?.deadline === deadline,
			unheard: new Problem('failed', `The program that looks after ${record.name} did not move its deadline`, {
				next: 'Try it in that program.',
			}),
		});
	}
}

/** Does what another program asked the owner for. */
export async function answerDeadlineRequest({folder}: RunRecord, stage: () => Promise<Stage>): Promise<void> {
	await answerRequest(folder, requestFile, {
		read: text => (/^\d+$/.test(text) ? Number(text) : undefined),
		act: async deadline => setDeadline(await stage(), deadline),
	});
}

/**
Moves a run's deadline on the instance, then writes down what holds there: a journal that promised more time than the instance gives would
be worse than one that promises less. Milliseconds since the epoch. Throws a `Problem`.
*/
async function setDeadline(stage: Stage, deadline: number): Promise<void> {
	if (stage.state().guarded) {
		await setGuardedDeadline(stage, deadline);
		return;
	}

	const file = quote(`${stage.state().stateFolder ?? ''}/deadline`);
	const script = `umask 077; printf '%s\\n' ${deadlineText(deadline)} > ${file}.new && mv ${file}.new ${file}`;
	const {code, stderr} = await askThere(stage, viaSh(script));
	if (code !== 0) {
		throw new Problem('failed', `The deadline could not be moved: ${stderr.trim() || `exit code ${code}`}`);
	}

	await stage.append({type: 'deadline-set', deadline});
}

/** With a clock and a guard of its own: what is moved is the moment by that clock, and only where it still is what is thought here. */
async function setGuardedDeadline(stage: Stage, deadline: number): Promise<void> {
	const {code: answered, stdout: line, stderr} = await askThere(stage, statusCommand);
	const status = answered === 0 ? parseGuestStatus(line.trim()) : undefined;
	if (!status) {
		throw new Problem('failed', `The deadline could not be moved: its guard does not answer ${neutraliseLine(stderr.trim())}`);
	}

	const at = stage.context.clock.now();
	const {toGuest} = guestClock(status.at, at);
	const before = status.deadline === null ? undefined : status.deadline * 1000;
	const known = stage.state().deadline;
	const next = before === undefined || known === undefined ? toGuest(deadline) * 1000 : before + (deadline - known);
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

	await stage.append({type: 'deadline-set', deadline, remote: Math.round(next / 1000)});
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
