import type {Offer} from '../offers/offer.js';
import {neutralise, neutraliseLine} from '../system/terminal-text.js';
import {moment, plainLine, plainLineOf, quotedValue} from '../system/values.js';

const mostLines = 50;

/** What should have been text. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : quotedValue(value));
/** Whatever was told, as one line that can be drawn. */
export const line = (value: unknown): string => plainLineOf(neutraliseLine(textOf(value)));
/** The same with its lines. */
export const lines = (value: unknown): string =>
	neutralise(textOf(value)).split('\n').slice(0, mostLines).map(plainLineOf).join('\n');

const isPlain = (text: unknown): boolean => text === undefined || (plainLine.is(text) && text.length <= 300);
export const isAmount = (value: unknown): boolean =>
	value === undefined || (typeof value === 'number' && value >= 0 && Number.isFinite(value));

const architectures: ReadonlySet<unknown> = new Set<Offer['architecture']>(['x86_64', 'arm64', 'unknown']);
const availabilities: ReadonlySet<unknown> = new Set<Offer['availability']>([
	...(['available', 'unknown', 'unavailable', 'no quota', 'no credentials'] as const),
]);
const deadlines: ReadonlySet<unknown> = new Set<Offer['deadline']>(['provider', 'guest', 'none']);

/** Whether an offer's fields are what they have to be; `backend` is who told of it. */
export const isOffer = (backend: string, offer: Offer): boolean =>
	offer.backend === backend &&
	[offer.id, offer.region, offer.zone, offer.instanceType, offer.priceSource, offer.interruption, offer.quotaFamily].every(
		isPlain,
	) &&
	[offer.cpu, offer.memory, offer.disk, offer.price, offer.quota?.limit, offer.quota?.used].every(isAmount) &&
	architectures.has(offer.architecture) &&
	availabilities.has(offer.availability) &&
	deadlines.has(offer.deadline) &&
	[offer.spot, offer.estimated ?? false].every(each => typeof each === 'boolean') &&
	moment.is(offer.priceDate) &&
	Array.isArray(offer.gpus) &&
	offer.gpus.every(({vendor, name, count, memory}) => isPlain(vendor) && isPlain(name) && isAmount(count) && isAmount(memory)) &&
	Array.isArray(offer.notes);

/** With notes that can be drawn. Most are the same few, and good. */
export const withGoodNotes = (offer: Offer): Offer =>
	offer.notes.every(note => plainLine.is(note)) ? offer : {...offer, notes: offer.notes.map(line)};
