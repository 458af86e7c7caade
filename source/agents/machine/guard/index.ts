import {fillScript} from '../../../system/shell.js';
import guard from './guard.sh';

export type GuardSettings = {
	/** Seconds from the first boot to the end; undefined for never. */
	readonly duration: number | undefined;
	/** Seconds from the first boot in which somebody has to lift the lease. */
	readonly lease: number;
	/** Seconds without a connection of the user; undefined for never. */
	readonly inactivity: number | undefined;
	/** `HOST` or `HOST:PORT` that is asked for a spot notice; undefined to ask nobody. */
	readonly metadata: string | undefined;
};

const comment = /^\s*#(?!!).*\n/gm;

/** The guard as one POSIX shell script, the same bytes for the same settings. Comments and indentation stay here: user data may have 16 KiB. */
export const guardScript = ({duration, lease, inactivity, metadata}: GuardSettings): string =>
	fillScript(guard, {
		DURATION: String(duration ?? 'off'),
		LEASE: String(lease),
		INACTIVITY: String(inactivity ?? 'off'),
		METADATA: metadata ?? '',
	})
		.replaceAll(comment, '')
		.replaceAll(/\n\s+/g, '\n');
