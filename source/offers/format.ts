import {scaled} from '../system/format.js';
import type {Gpu} from './offer.js';

/** MiB as people write memory: `512MB`, `32GB`, `1.5TB`. */
export const formatMemory = (mebibytes: number): string =>
	scaled(mebibytes, ['MB', 'GB', 'TB'], (value, unit) => (unit === 2 || (unit === 1 && value < 10) ? 1 : 0));

/** US dollars: `$0`, `$0.53`, `$0.0547`. What costs something never shows as `$0`. */
export function formatPrice(dollars: number): string {
	if (dollars === 0) {
		return '$0';
	}

	const [cents, exact] = [dollars.toFixed(2), dollars.toFixed(4)];
	return Number(exact) >= 0.1 ? `$${cents}` : Number(exact) === 0 ? '<$0.0001' : `$${Number(exact)}`;
}

/** Characters that `formatPrice` takes at most, without its `$`: found without formatting it. */
export const priceLength = (dollars: number): number =>
	dollars === 0 ? 1 : dollars < 0.000_05 ? 7 : dollars < 0.1 ? 6 : Math.max(1, Math.floor(Math.log10(dollars + 0.005)) + 1) + 3;

/** `1×L40S 48GB`, several kinds joined by `+`; empty for none. */
export const formatGpus = (gpus: readonly Gpu[]): string =>
	gpus.map(({count, name, memory}) => `${count}×${name}${memory > 0 ? ` ${formatMemory(memory)}` : ''}`).join(' + ');
