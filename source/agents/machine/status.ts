import {z} from 'zod';
import {readJsonLine} from '../../system/json-line.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {plainLineOf} from '../../system/values.js';

const moment = z.number().int().positive().max(99_999_999_999);
const text = (length: number) =>
	z
		.string()
		.max(length)
		.transform(value => plainLineOf(neutraliseLine(value)));

/** What the guard reports, all moments in seconds since the epoch by the guest's clock. */
const schema = z.object({
	/** When it was reported. */
	at: moment,
	/** When the machine ends itself; null for never. */
	deadline: moment.nullable(),
	/** Until when somebody has to lift the boot lease; null when it was lifted. */
	lease: moment.nullable(),
	/** The user's connections that last longer than five seconds, at most 32. */
	connections: z.array(z.object({from: text(64), since: moment})).max(64),
	/** Since when nobody is connected and nothing says that it is busy; null while somebody is, or while the lease is there. */
	idleSince: moment.nullable(),
	/** What ends the machine first, as things stand. */
	ends: z.object({at: moment, why: z.enum(['deadline', 'lease', 'inactivity'])}).nullable(),
	/** The provider takes the machine back; `time` is by the provider's clock, null where it was not said. */
	notice: z.object({action: text(32), time: moment.nullable()}).nullable(),
});

export type GuestStatus = z.output<typeof schema>;

/** A line of the guard's, or undefined where it is none: what comes from a machine may be anything. */
export const parseGuestStatus = (line: string): GuestStatus | undefined => readJsonLine(line, schema);

/** What turns moments of the guest's clock into this machine's and back: whole seconds there, milliseconds since the epoch here. */
export type GuestClock = {
	readonly toLocal: (seconds: number) => number;
	/** Rounded up, so that what is moved there and back never comes earlier. */
	readonly toGuest: (milliseconds: number) => number;
};

/**
@param guestNow - the guest's clock, seconds since the epoch (a status's `at`).
@param localNow - this machine's clock in the same moment, milliseconds since the epoch.
*/
export const guestClock = (guestNow: number, localNow: number): GuestClock => {
	const ahead = guestNow * 1000 - localNow;
	return {
		toLocal: seconds => seconds * 1000 - ahead,
		toGuest: milliseconds => Math.ceil((milliseconds + ahead) / 1000),
	};
};
