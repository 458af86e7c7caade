import {networkInterfaces} from 'node:os';
import {systemClock, type Clock} from './clock.js';

export type WakeAndNetworkListener = {
	/** Once a second. */
	readonly onTick?: () => void;
	/** The machine slept (or this program was stopped), or its network has other addresses now. */
	readonly onChange?: (change: 'woke' | 'network') => void;
};

type Interfaces = typeof networkInterfaces;

const tickEvery = 1000;
/** A wall clock that is so much further than the timer says, milliseconds, shows that the machine slept. */
const gap = 5000;

/** The addresses by which others are reached, as text to compare. Those of the machine itself and of a single cable say nothing. */
const addressesOf = (interfaces: Interfaces): string =>
	Object.entries(interfaces())
		.flatMap(([name, addresses]) =>
			(addresses ?? [])
				.filter(({internal, address}) => !internal && !address.startsWith('fe80:'))
				.map(({cidr, address}) => `${name} ${cidr ?? address}`),
		)
		.sort()
		.join('\n');

/**
One timer of a second for everything that must notice sleep and a change of the network. It runs only while somebody listens. Timers
stand still in sleep and the wall clock does not: that is how sleep is seen, and a stopped program too.
*/
export class WakeAndNetworkWatch {
	readonly #clock: Clock;
	readonly #interfaces: Interfaces;
	readonly #listeners = new Set<WakeAndNetworkListener>();
	#stop: (() => void) | undefined;
	#last = 0;
	#addresses = '';

	constructor(clock: Clock = systemClock, interfaces: Interfaces = networkInterfaces) {
		this.#clock = clock;
		this.#interfaces = interfaces;
	}

	/** Returns the way to stop. */
	watch(listener: WakeAndNetworkListener): () => void {
		this.#listeners.add(listener);
		if (!this.#stop) {
			this.#last = this.#clock.now();
			this.#addresses = addressesOf(this.#interfaces);
			this.#stop = this.#clock.every(tickEvery, () => this.#tick());
		}

		return () => {
			this.#listeners.delete(listener);
			if (this.#listeners.size === 0) {
				this.#stop?.();
				this.#stop = undefined;
			}
		};
	}

	#tick(): void {
		const now = this.#clock.now();
		const woke = Math.abs(now - this.#last - tickEvery) > gap;
		this.#last = now;
		const addresses = addressesOf(this.#interfaces);
		const moved = addresses !== this.#addresses;
		this.#addresses = addresses;
		for (const {onTick, onChange} of [...this.#listeners]) {
			if (woke || moved) {
				onChange?.(woke ? 'woke' : 'network');
			}

			onTick?.();
		}
	}
}

const shared = new WeakMap<Clock, WakeAndNetworkWatch>();

/** The one for all who share a clock. */
export function wakeAndNetworkWatch(clock: Clock): WakeAndNetworkWatch {
	let surroundings = shared.get(clock);
	if (!surroundings) {
		surroundings = new WakeAndNetworkWatch(clock);
		shared.set(clock, surroundings);
	}

	return surroundings;
}
