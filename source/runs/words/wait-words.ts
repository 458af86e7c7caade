import type {Wait} from '../../system/waits.js';
import {programName} from '../../system/program-name.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {clockSeconds} from './status-words.js';

/** How long is waited for what, milliseconds. One place for all of it. */
export const patience = {
	/** Who only lists is shown what the journals say after that. */
	list: 2000,
	/** One question to a cloud, which asks again by itself meanwhile. */
	question: 70_000,
	/** Until a cloud tells whether a request that it did not answer made an instance, where that is to end. */
	unanswered: 120_000,
	/** The same while one is being started: after that the request stays unanswered, and is taken up at the next start. */
	launching: 20 * 60_000,
	/** Until a cloud confirms that an instance has ended. */
	end: 6 * 60_000,
} as const;

export const leaveListing = 'After that the journal has the word.';
/** While another program is asked for something. */
export const leaveRequest = 'Ctrl-c leaves, and takes the request back.';

/** `process 123`, and on which machine where that is another one. */
export const ownerName = ({pid, elsewhere}: OwnerName): string =>
	`process ${pid}${elsewhere === undefined ? '' : ` on ${neutraliseLine(elsewhere)}`}`;

type OwnerName = {readonly pid: number; readonly elsewhere: string | undefined};

/** That the owner of a run shows no sign of work: it was stopped, its terminal sleeps, or its machine is off. */
export const quietOwner = (owner: OwnerName): string =>
	`the program that looks after it, ${ownerName(owner)}, does not answer; its place is taken if it goes on like that`;

export const leaveLaunch =
	'Ctrl-c ends it, on the screen x; after that time it fails with the request unanswered, and the next try or start of this program finds what was made.';
export const leaveQuestion = 'Ctrl-c leaves; nothing is changed by that.';
export const leaveEnd = (name: string): string =>
	`Ctrl-c leaves; the end is then tried again at every start of this program, or now by \`${programName} stop ${name}\`.`;

/** The same with at most so much of its trouble, in characters: everything else in it is needed more. */
export const shortWaitLine = ({trouble, ...wait}: Wait, most: number): string =>
	waitLine({
		...wait,
		trouble: most === 0 ? undefined : trouble && trouble.length > most ? `${trouble.slice(0, most)}…` : trouble,
	});

/** A wait in a line: what for, since when, until when, the way out. */
export const waitLine = ({what, since, until, wayOut, trouble}: Wait): string =>
	neutraliseLine(
		`waiting for ${what}, since ${clockSeconds(since)}, at most until ${clockSeconds(until)}${trouble === undefined ? '' : ` (${trouble})`}. ${wayOut}`,
	);
