import {followCommand, markOwnConnectionCommand} from '../../agents/machine/commands.js';
import {guestClock, type GuestStatus, parseGuestStatus} from '../../agents/machine/status.js';
import type {Connection} from '../../tunnel/connection/contract.js';
import type {RunContext} from '../context.js';
import type {NewEvent} from '../model/events.js';
import {noteDeadline} from '../prepare/secure-machine.js';
import type {GuestView} from '../model/run-handle.js';
import type {RunRecord} from '../journal/record.js';

const longestLine = 64 * 1024;
const usualNotice = 120_000;

type GuestWatch = {
	readonly now: () => number;
	/** Each status as it comes, with the moment by this machine's clock. */
	readonly onStatus: (status: GuestStatus, at: number) => void;
	readonly onTrouble: (message: string) => void;
};

/** Says to the guard that this connection is the program's own, and follows what it reports for as long as the connection lives. */
async function watchGuest(connection: Connection, {now, onStatus, onTrouble}: GuestWatch): Promise<void> {
	try {
		const {code} = await connection.exec(markOwnConnectionCommand);
		if (code !== 0) {
			onTrouble('the guard did not take this connection for the program’s own: it counts as activity');
		}

		const stream = await connection.openCommand(followCommand);
		let rest = '';
		stream.setEncoding('utf8');
		for await (const piece of stream) {
			const lines = (rest + String(piece)).split('\n');
			rest = (lines.pop() ?? '').slice(-longestLine);
			for (const line of lines) {
				const status = parseGuestStatus(line);
				if (status) {
					onStatus(status, now());
				}
			}
		}
	} catch (error) {
		onTrouble(`the guard cannot be heard: ${String(error)}`);
	}
}

/** A status by this machine's clock. */
function viewOf(status: GuestStatus, at: number): GuestView {
	const {toLocal} = guestClock(status.at, at);
	return {
		connections: status.connections.map(({from, since}) => ({from, since: toLocal(since)})),
		idleSince: status.idleSince === null ? undefined : toLocal(status.idleSince),
		ends: status.ends === null ? undefined : {at: toLocal(status.ends.at), why: status.ends.why},
	};
}

/** Hears a guard over one connection: what it reports is shown, and what must last is written down where this program owns the run. */
export async function listenToGuest(
	{clock}: RunContext,
	record: RunRecord,
	connection: Connection,
	onView: (view: GuestView | undefined) => void,
): Promise<void> {
	await watchGuest(connection, {
		now: () => clock.now(),
		onStatus(status, at) {
			onView(viewOf(status, at));
			const {notice} = status;
			if (notice && record.known.notice?.action !== notice.action) {
				// Two minutes are what AWS gives; a notice without a time is meant for now.
				const time = notice.time === null ? at + usualNotice : guestClock(status.at, at).toLocal(notice.time);
				record.jot({type: 'spot-notice', action: notice.action, time});
			}

			// Before first contact is over, the deadline is written down there, with everything that belongs to it.
			if (record.known.leaseLifted) {
				const append = async (event: NewEvent) => record.jot(event);
				noteDeadline({state: () => record.known, append}, status, at).catch((error: unknown) => record.note(String(error)));
			}

			record.changed();
		},
		onTrouble: message => record.note(message),
	});
	onView(undefined);
}
