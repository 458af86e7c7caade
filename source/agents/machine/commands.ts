import {quote} from '../../system/shell.js';
import {deadlineText} from '../deadline-file.js';
import {guestStateFolder} from './guest-account.js';

const guard = `${guestStateFolder}/guard`;

/**
Announces the SSH connection that it runs in as this program's own, so that it is no activity. To be said within the first five seconds of
a connection, from when on it counts. Exits with 0, or 2 outside of an SSH connection.
*/
export const markOwnConnectionCommand = `${guard} ours`;

/** Prints the status, one line of JSON as `parseGuestStatus` reads it. */
export const statusCommand = `${guard} status`;

/** The same line at once, whenever something changed, and at least every 15 s, until standard input is closed. */
export const followCommand = `${guard} follow`;

/** Takes the boot lease away: from now on the machine ends at its deadline or by inactivity. Again is no error. Exits with 0. */
export const liftLeaseCommand = `${guard} lift`;

/**
Reads a private key in OpenSSH's format and its public line (`hostKeyInput`) from standard input and makes it the host key. Sessions that
run go on; new connections see the new key when it has exited with 0. Again is no error. Exits with 2 where it is no key pair.
*/
export const hostKeyCommand = `${guard} host-key`;

/** What `hostKeyCommand` reads. */
export const hostKeyInput = (pair: {readonly private: string; readonly public: string}): string =>
	`${pair.private.trimEnd()}\n${pair.public.trimEnd()}\n`;

/** The exit code of `extendCommand` where another deadline holds than the expected one. */
export const extendConflict = 3;

/**
Moves the deadline from one moment to another, both milliseconds since the epoch by the guest's clock or undefined for never. Prints the
deadline that holds now, as the file `deadline` has it. Exits with 0 when that is the new one (also when it was before), with 3 when it is
neither, with 1 when it cannot be written.
*/
export const extendCommand = (expected: number | undefined, next: number | undefined): string =>
	`${guard} extend ${quote(deadlineText(expected))} ${quote(deadlineText(next))}`;

/**
Says that the environment is busy, whoever is connected, until a moment of the guest's clock, milliseconds since the epoch: work that runs
by itself is then no inactivity. A person may write the file `keep` as well.
*/
export const keepCommand = (until: number): string =>
	`echo ${quote(deadlineText(until))} > ${guestStateFolder}/keep.new && mv -f ${guestStateFolder}/keep.new ${guestStateFolder}/keep`;
