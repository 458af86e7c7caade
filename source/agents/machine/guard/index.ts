import {quote} from '../../../system/shell.js';
import {basis} from './basis.js';
import {clock} from './clock.js';
import {hostKey} from './host-key.js';
import {notice} from './notice.js';
import {observe} from './observe.js';
import {verbs} from './verbs.js';

export type GuardSettings = {
	/** Seconds from the first boot to the end; undefined for never. */
	readonly duration: number | undefined;
	/** Seconds from the first boot in which somebody has to lift the lease. */
	readonly lease: number;
	/** Seconds without a connection of the person's own; undefined for never. */
	readonly inactivity: number | undefined;
	/** `HOST` or `HOST:PORT` that is asked for a spot notice; undefined to ask nobody. */
	readonly metadata: string | undefined;
};

const comment = /^\s*#(?!!).*\n/gm;

/** The guard as one POSIX shell script, the same bytes for the same settings. Comments and indentation stay here: user data may have 16 KiB. */
export const guardScript = ({duration, lease, inactivity, metadata}: GuardSettings): string =>
	[
		'#!/bin/sh',
		`duration=${quote(String(duration ?? 'off'))}`,
		`lease_time=${quote(String(lease))}`,
		`inactivity=${quote(String(inactivity ?? 'off'))}`,
		`metadata=${quote(metadata ?? '')}`,
		...[basis, clock, observe, notice, hostKey, verbs],
	]
		.join('\n')
		.replaceAll(comment, '')
		.replaceAll(/\n\s+/g, '\n');
