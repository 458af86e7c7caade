export const trim = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** The number in the first unit in which it stays below 1024, also once it is rounded. */
export function scaled(value: number, units: readonly string[], digits: (value: number, unit: number) => number): string {
	let rest = value;
	let unit = 0;
	while (unit < units.length - 1 && Number(rest.toFixed(digits(rest, unit))) >= 1024) {
		rest /= 1024;
		unit++;
	}

	return `${trim(rest, digits(rest, unit))}${units[unit]}`;
}

/** Bytes: `812B`, `14.2KB`, `3.1MB`, `2GB`. */
export const formatBytes = (bytes: number): string =>
	scaled(bytes, ['B', 'KB', 'MB', 'GB', 'TB'], (value, unit) => (unit === 0 || value >= 100 ? 0 : 1));

/** How old something is, seconds, in the one unit that matters: `3h`, `12d`, `4 months`. */
export function formatAge(seconds: number): string {
	const hours = Math.max(0, seconds) / 3600;
	if (hours < 48) {
		return hours < 1 ? `${Math.round(hours * 60)}m` : `${Math.round(hours)}h`;
	}

	const days = Math.round(hours / 24);
	return days < 60 ? `${days}d` : `${Math.round(days / 30.4)} months`;
}

/** Seconds in the two units that matter: `45s`, `12m05`, `22h40`, `3d4h`. */
export function formatDuration(seconds: number): string {
	const whole = Math.max(0, Math.round(seconds));
	const [days, hours, minutes] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
	const two = (value: number) => String(value).padStart(2, '0');
	if (days > 0) {
		return hours > 0 ? `${days}d${hours}h` : `${days}d`;
	}

	if (hours > 0) {
		return minutes > 0 ? `${hours}h${two(minutes)}` : `${hours}h`;
	}

	if (minutes > 0) {
		return whole % 60 > 0 ? `${minutes}m${two(whole % 60)}` : `${minutes}m`;
	}

	return `${whole}s`;
}
