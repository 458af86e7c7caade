import {instanceKind, isLessIsolated} from '../../offers/instance-kind.js';
import type {InstanceKind, Offer} from '../../offers/offer.js';
import type {Plan} from './choice.js';
import type {RunSpecification} from './events.js';

/** The kind that is kept apart least among the offers that a plan shows: who says yes to the plan says yes to that, and to nothing below it. */
export const leastIsolated = ({offer, others}: Pick<Plan, 'offer' | 'others'>): InstanceKind =>
	others.map(instanceKind).reduce((least, kind) => (isLessIsolated(kind, least) ? kind : least), instanceKind(offer));

/** What was said yes to. Older journals do not tell: then it is what was asked for first. */
export const agreedKind = ({isolation, offer}: Pick<RunSpecification, 'isolation' | 'offer'>): InstanceKind =>
	isolation ?? instanceKind(offer as unknown as Offer);
