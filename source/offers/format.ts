import type {Gpu} from './offer.js';

const trim = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** MiB as people write memory: `512MB`, `32GB`, `1.5TB`. */
export function formatMemory(mebibytes: number): string {
	if (mebibytes < 1024) {
		return `${Math.round(mebibytes)}MB`;
	}

	const gigabytes = mebibytes / 1024;
	return gigabytes < 1024 ? `${trim(gigabytes, gigabytes < 10 ? 1 : 0)}GB` : `${trim(gigabytes / 1024, 1)}TB`;
}

/** Bytes: `812B`, `14.2KB`, `3.1MB`, `2GB`. */
export function formatBytes(bytes: number): string {
	const units = ['B', 'KB', 'MB', 'GB', 'TB'];
	let value = bytes;
	let unit = 0;
	while (value >= 1024 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}

	return `${trim(value, unit === 0 || value >= 100 ? 0 : 1)}${units[unit]}`;
}

/** US dollars: `$0`, `$0.53`, `$0.0547`. */
export function formatPrice(dollars: number): string {
	if (dollars === 0) {
		return '$0';
	}

	return `$${dollars < 0.1 ? trim(dollars, 4) : dollars.toFixed(2)}`;
}

/** `1×L40S 48GB`, several kinds joined by `+`; empty for none. */
export const formatGpus = (gpus: readonly Gpu[]): string =>
	gpus.map(({count, name, memory}) => `${count}×${name}${memory > 0 ? ` ${formatMemory(memory)}` : ''}`).join(' + ');

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
