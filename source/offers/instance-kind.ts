import type {InstanceKind, Offer} from './offer.js';

/** Clouds whose instances are containers on machines of theirs, where an offer of the catalogue says nothing of its kind. */
const containerClouds: ReadonlySet<string> = new Set(['runpod', 'vastai', 'kubernetes']);

/** What an offer's instance is: as the offer says, else what its backend and type have always meant. */
export const instanceKind = ({kind, backend, instanceType}: Pick<Offer, 'kind' | 'backend' | 'instanceType'>): InstanceKind =>
	kind ?? usualKind(backend, instanceType);

function usualKind(backend: string, instanceType: string): InstanceKind {
	if (backend === 'local') {
		return instanceType === 'process' ? 'process' : 'container';
	}

	return containerClouds.has(backend) ? 'container' : 'machine';
}

/** From the least kept apart from what else is there to the most. */
const isolation: readonly InstanceKind[] = ['process', 'container', 'machine'];

/** Whether an instance of one kind is kept apart less than one of another. */
export const isWeakerIsolation = (kind: InstanceKind, than: InstanceKind): boolean =>
	isolation.indexOf(kind) < isolation.indexOf(than);
