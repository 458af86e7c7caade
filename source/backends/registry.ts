import {Problem} from '../system/problem.js';
import type {OnDemandPriceLookup} from '../offers/on-demand-price.js';
import {checkedBackend, checkedSource} from './answers.js';
import type {Backend, OfferSource} from './backend.js';
import {lazyAws, lazySource} from './lazy.js';
import {createLocalBackend} from './local/index.js';

const noPrices = async (): Promise<OnDemandPriceLookup> => () => undefined;

/** What `offerSources` was last given: a launch, too, needs to know what a spot instance would cost on demand. */
let awsPrices = noPrices;

const aws = lazyAws(async () => {
	const [{createAwsProcess}, {createAwsBackend}, {systemClock}] = await Promise.all([
		import('./aws/process.js'),
		import('./aws/launch/backend.js'),
		import('../system/clock.js'),
	]);
	const asked = createAwsProcess({prices: async () => awsPrices()});
	return createAwsBackend(asked, asked.operations, systemClock);
});

const all: readonly Backend[] = [createLocalBackend(), aws].map(each => checkedBackend<Backend>(each));

/** The backends that this version can launch on. */
export const backends = (): readonly Backend[] => all;

/** What sources may need from elsewhere in the program. */
export type SourceNeeds = {
	/** AWS's on-demand prices, which its own API does not tell. Read when first needed. */
	readonly awsPrices?: () => Promise<OnDemandPriceLookup>;
};

/** Everything whose offers are compared, the backends first; on some of them this version cannot launch yet. */
export function offerSources(needs: SourceNeeds = {}): readonly OfferSource[] {
	awsPrices = needs.awsPrices ?? awsPrices;
	return [
		...all,
		checkedSource(lazySource('lambda', 'none', async () => (await import('./lambda/index.js')).createLambdaSource())),
		checkedSource(lazySource('runpod', 'provider', async () => (await import('./runpod/index.js')).createRunpodSource())),
	];
}

/** Whether this version can launch an offer of the backend called `name`. */
export const canLaunch = (name: string): boolean => all.some(each => each.name === name);

/** The backend called `name`. Throws a `configuration` problem for one that is not known. */
export function backendNamed(name: string): Backend {
	const backend = all.find(each => each.name === name);
	if (!backend) {
		throw new Problem('configuration', `There is no backend called ${name}`, {
			next: `Known: ${all.map(each => each.name).join(', ')}.`,
		});
	}

	return backend;
}
