import {hostKeyCommand, hostKeyInput, liftLeaseCommand, statusCommand} from '../../agents/machine/commands.js';
import {guestClock, type GuestStatus, parseGuestStatus} from '../../agents/machine/status.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Connection} from '../../tunnel/connection/contract.js';
import {adoptNextHostKey, writeNextHostKey} from '../journal/run-folder.js';
import {withMachineLink, perform, type Stage, StepFailed} from '../steps/step.js';

/**
First contact with a machine that has a guard of its own: its host key is replaced by one that no cloud has seen, the deadline that holds
there is written down, and the boot lease is lifted, now that it can be reached. Each part can be done again.
*/
export async function secureMachine(stage: Stage): Promise<void> {
	await perform(stage, 'guard', 'Check its deadline', async () => {
		const {hostKeyReplaced, leaseLifted, name} = stage.state();
		if (!hostKeyReplaced) {
			const next = await writeNextHostKey(stage.folder, name);
			await withMachineLink(stage, async link => expectDone(link, hostKeyCommand, hostKeyInput(next)));
			await adoptNextHostKey(stage.folder, name);
			await stage.append({type: 'host-key-replaced'});
		}

		const [status, at] = await withMachineLink(stage, async link => [await readStatus(link), stage.context.clock.now()] as const);
		await noteDeadline(stage, status, at);
		if (!leaseLifted) {
			await withMachineLink(stage, async link => expectDone(link, liftLeaseCommand));
			await stage.append({type: 'lease-lifted'});
		}

		return {note: status.deadline === null ? 'none: it runs until you stop it' : 'set there'};
	});
}

/** What differs by less is the time that the answer took. Milliseconds. */
const tolerance = 5000;

/** Writes down the deadline that holds on the instance, by this machine's clock too. Throws a `StepFailed` where one is missing. */
export async function noteDeadline(stage: Pick<Stage, 'state' | 'append'>, status: GuestStatus, at: number): Promise<void> {
	const {deadline: known, remoteDeadline, duration} = stage.state();
	if (status.deadline === null) {
		if (duration !== null) {
			throw new StepFailed('guard', 'the machine has no deadline, although it was given one', {
				lastLines: [],
				next: 'End it: what ends itself nowhere may cost for ever.',
			});
		}

		return;
	}

	const deadline = guestClock(status.at, at).toLocal(status.deadline);
	if (remoteDeadline !== status.deadline || known === undefined || Math.abs(deadline - known) > tolerance) {
		await stage.append({type: 'deadline-set', deadline, remote: status.deadline});
	}
}

export async function readStatus(link: Pick<Connection, 'exec'>, signal?: AbortSignal): Promise<GuestStatus> {
	const {code, stdout, stderr} = await link.exec(statusCommand, {signal});
	const status = code === 0 ? parseGuestStatus(stdout.trim()) : undefined;
	if (!status) {
		throw new StepFailed(
			'guard',
			`its guard does not answer: ${neutraliseLine((stderr || stdout).trim()).slice(0, 200) || `exit code ${code}`}`,
		);
	}

	return status;
}

async function expectDone(link: Pick<Connection, 'exec'>, command: string, stdin?: string): Promise<void> {
	const {code, stderr} = await link.exec(command, stdin === undefined ? {} : {stdin});
	if (code !== 0) {
		throw new StepFailed('guard', `its guard refuses: ${neutraliseLine(stderr.trim()).slice(0, 200) || `exit code ${code}`}`);
	}
}
