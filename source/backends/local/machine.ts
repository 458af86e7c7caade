import type {Gpu} from '../../offers/offer.js';

/** This machine's hardware, read once per listing. */
export type Machine = {
	readonly cpu: number;
	readonly architecture: 'x86_64' | 'arm64' | 'unknown';
	/** MiB. */
	readonly memory: number;
	/** Free space where environments are kept, MiB. */
	readonly disk: number | undefined;
	readonly gpus: readonly Gpu[];
};
