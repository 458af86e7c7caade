import {formatDuration} from '../system/format.js';

export type TunnelHealth = {
	readonly status: 'connecting' | 'up' | 'waiting' | 'down';
	/** Round trips, milliseconds; newest last, at most 60. */
	readonly latencies: readonly number[];
	readonly upSince: number | undefined;
	readonly reconnects: number;
	/** Why it is not up. */
	readonly reason: string | undefined;
	/** Which try this is, or which one comes next, since it was up: from 1. Undefined while it is up. */
	readonly attempt?: number | undefined;
	/** When the next try starts; undefined while one is under way. */
	readonly nextTry?: number | undefined;
	/** Since when a connection that is still there says nothing. It is kept until another one replaces it, and used again when it answers. */
	readonly silentSince?: number | undefined;
};

const ordinal = (count: number): string => {
	const tens = count % 100;
	const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
	return `${count}${ending}`;
};

const seconds = (milliseconds: number): number => Math.max(0, Math.round(milliseconds / 1000));

function waitingWords({attempt = 1, nextTry, silentSince, reason}: TunnelHealth, now: number): string {
	const trying =
		nextTry === undefined ? `trying (${ordinal(attempt)})` : `next try in ${seconds(nextTry - now)} s (${ordinal(attempt)})`;
	const why = silentSince === undefined ? reason : `no answer for ${formatDuration(seconds(now - silentSince))}`;
	return [trying, why].filter(Boolean).join(' · ');
}

/** The state in one line: latency, uptime and reconnects, or what is being waited for. `now` in milliseconds since the epoch. */
export function healthLine(health: TunnelHealth, now: number): string {
	const {status, latencies, upSince, reconnects, reason} = health;
	if (status !== 'up') {
		return status === 'down' ? (reason ?? 'down') : waitingWords(health, now);
	}

	const latency = latencies.at(-1);
	return [
		latency === undefined ? '' : latency < 1 ? '<1 ms' : `${Math.round(latency)} ms`,
		upSince === undefined ? '' : `up ${formatDuration(seconds(now - upSince))}`,
		reconnects === 0 ? '' : `${reconnects} reconnect${reconnects === 1 ? '' : 's'}`,
	]
		.filter(Boolean)
		.join(' · ');
}

/** What changes with a connection that answers. */
export const idleHealth = {attempt: undefined, nextTry: undefined, silentSince: undefined, reason: undefined};
