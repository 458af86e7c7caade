import {instanceKind, isWeakerIsolation} from '../../offers/instance-kind.js';
import type {InstanceKind, Offer} from '../../offers/offer.js';
import type {Plan} from './choice.js';
import type {RunSpecification} from './events.js';
import type {DevEnvironment} from '../../configuration/model.js';
import {reverseOf} from '../../configuration/resolve/requirements.js';

/** What the journal keeps of a plan; secrets apart. */
export function specify(plan: Plan, intentId: string, installation: string, duration: number | undefined): RunSpecification {
	const {choice, environment, requirements} = plan.request;
	const {inactivityDuration, retry} = requirements;
	// Values may be secret: only the names go into the journal.
	const configuration = {
		...environment,
		registryAuth: undefined,
		env: Object.fromEntries(Object.keys(environment.env).map(key => [key, ''])),
	};
	return {
		intentId,
		installation,
		folder: choice.folder,
		subfolder: plan.code.subfolder,
		configurationFile: choice.configuration.path,
		configurationLabel: choice.configuration.label,
		profile: choice.profile?.name,
		configuration,
		offer: {...plan.offer},
		others: plan.others.map(offer => ({...offer})),
		ports: plan.ports.map(port => ({...port})),
		reverse: reverseOf(choice.flags).map(({remote, local}) => ({remote, local})),
		shmSize: requirements.shmSize,
		disk: requirements.disk?.min,
		duration: duration ?? null,
		inactivity: inactivityDuration === undefined || inactivityDuration === 'off' ? null : inactivityDuration,
		maxPrice: requirements.maxPrice,
		retry: retry === 'off' ? null : {limit: retry.limit, on: [...retry.on]},
		agreed: plan.agreed,
		tags: {...requirements.tags},
		build: choice.flags.build ?? 'use',
		isolation: leastIsolated(plan),
		trusted: plan.code.trusted,
		forwardAgent: choice.flags.forwardAgent ?? false,
	};
}

/** The configuration as it was asked for; with the secrets laid back in where they are at hand. */
export function environmentOf(specification: RunSpecification, secrets?: RunSecrets): DevEnvironment {
	const configuration = specification.configuration as unknown as DevEnvironment;
	return secrets ? {...configuration, env: secrets.env, registryAuth: secrets.registryAuth} : configuration;
}

/** What a run must remember and its journal must not hold. */
export type RunSecrets = {
	readonly env: Readonly<Record<string, string>>;
	readonly registryAuth: {readonly username: string; readonly password: string} | undefined;
	/** What a build is known by, as the configuration writes it. */
	readonly declared?: {readonly build: readonly string[]; readonly env: Readonly<Record<string, string>>};
};

/** The kind that is kept apart least among the offers that a plan shows: who says yes to the plan says yes to that, and to nothing below it. */
export const leastIsolated = ({offer, others}: Pick<Plan, 'offer' | 'others'>): InstanceKind =>
	others.map(instanceKind).reduce((least, kind) => (isWeakerIsolation(kind, least) ? kind : least), instanceKind(offer));

/** What was said yes to. Older journals do not tell: then it is what was asked for first. */
export const agreedKind = ({isolation, offer}: Pick<RunSpecification, 'isolation' | 'offer'>): InstanceKind =>
	isolation ?? instanceKind(offer as unknown as Offer);
