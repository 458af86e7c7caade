import {anyRegion} from '../facts.js';
import {Dictionary} from './dictionary.js';

export type Location = {readonly backend: string; readonly region: string; readonly zone: string | undefined};

/** Where offers stand: backend, region and, where one is named, zone. Each place once, as columns. */
export class Locations {
	readonly backends = new Dictionary();
	readonly regions = new Dictionary();
	/** Code 0 is no zone. */
	readonly zones = new Dictionary();
	readonly backend: number[] = [];
	readonly region: number[] = [];
	readonly zone: number[] = [];
	#codes = new Map<string, number>();
	#wider: Array<readonly number[] | undefined> = [];

	constructor() {
		this.zones.code('');
	}

	get size(): number {
		return this.backend.length;
	}

	code({backend, region, zone = ''}: Location): number {
		const [first, second, third] = [this.backends.code(backend), this.regions.code(region), this.zones.code(zone)];
		const key = `${first} ${second} ${third}`;
		let code = this.#codes.get(key);
		if (code === undefined) {
			code = this.backend.length;
			this.#codes.set(key, code);
			this.backend.push(first);
			this.region.push(second);
			this.zone.push(third);
		}

		return code;
	}

	find({backend, region, zone = ''}: Location): number | undefined {
		const codes = [this.backends.find(backend), this.regions.find(region), this.zones.find(zone)];
		return codes.includes(undefined) ? undefined : this.#codes.get(codes.join(' '));
	}

	at(code: number): Location {
		const zone = this.zone[code] ?? 0;
		return {
			backend: this.backends.values[this.backend[code] ?? 0] ?? '',
			region: this.regions.values[this.region[code] ?? 0] ?? '',
			zone: zone === 0 ? undefined : this.zones.values[zone],
		};
	}

	/** The place without its zone. */
	regionOf(code: number): number {
		return this.zone[code] === 0 ? code : (this.regionWide(code)[0] ?? code);
	}

	/** The places that a price list may mean when it means this one, the nearest first: the region without its zone, then `any`. */
	regionWide(code: number): readonly number[] {
		let wider = this.#wider[code];
		if (wider === undefined) {
			const {backend, region, zone} = this.at(code);
			wider = [
				...(zone === undefined ? [] : [this.code({backend, region, zone: undefined})]),
				...(region === anyRegion ? [] : [this.code({backend, region: anyRegion, zone: undefined})]),
			];
			this.#wider[code] = wider;
		}

		return wider;
	}
}
