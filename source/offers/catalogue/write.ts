import type {Band} from '../facts.js';
import type {CatalogueFacts} from '../table.js';
import type {Section} from './container.js';
import {encodeBands, encodeOffers} from './encode.js';

export {pack} from './container.js';

/** The offers of one backend as a part of a catalogue file. */
export const offersSection = async (backend: string, facts: Iterable<CatalogueFacts>): Promise<Section> => ({
	kind: 'offers',
	backend,
	...(await encodeOffers(facts)),
});

/** Interruption bands of one backend, for all its regions. `date` is when they were collected, milliseconds since the epoch. */
export const bandsSection = (backend: string, bands: Iterable<Band>, date = 0): Section => ({
	kind: 'bands',
	backend,
	date,
	...encodeBands(bands),
});
