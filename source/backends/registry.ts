import {Problem} from '../system/problem.js';
import type {PriceOf} from './aws/offers.js';
import type {Backend, OfferSource} from './backend.js';
import {createLocalBackend} from './local/index.js';

const all: readonly Backend[] = [createLocalBackend()];

/** The backends that this version can launch on. */
export const backends = (): readonly Backend[] => all;

/** What sources may need from elsewhere in the program. */
export type SourceNeeds = {
	/** AWS's on-demand prices, which its own API does not tell. Read when first needed. */
	readonly awsPrices?: () => Promise<PriceOf>;
};

const noPrices = async (): Promise<PriceOf> => () => undefined;

/** Everything whose offers are compared, the backends first; on some of them this version cannot launch yet. */
export const offerSources = ({awsPrices = noPrices}: SourceNeeds = {}): readonly OfferSource[] => [
	...all,
	withHistory(lazySource('aws', 'guest', async () => (await import('./aws/process.js')).createAwsProcess({prices: awsPrices}))),
	lazySource('lambda', 'none', async () => (await import('./lambda/index.js')).createLambdaSource()),
	lazySource('runpod', 'provider', async () => (await import('./runpod/index.js')).createRunpodSource()),
];

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

type LazySource = OfferSource & {readonly setup: NonNullable<OfferSource['setup']>; readonly source: () => Promise<OfferSource>};

/** A source whose code is read when it is first asked. */
function lazySource(name: OfferSource['name'], deadline: OfferSource['deadline'], load: () => Promise<OfferSource>): LazySource {
	let loading: Promise<OfferSource> | undefined;
	const source = async () => (loading ??= load());
	return {
		name,
		deadline,
		source,
		status: async signal => (await source()).status(signal),
		async *offers(requirements, signal, note) {
			yield* (await source()).offers(requirements, signal, note);
		},
		async setup() {
			const {setup} = await source();
			if (!setup) {
				throw new Error(`${name} does not say how it is set up`);
			}

			return setup();
		},
	};
}

/** The same source, of which is known that it tells what spot markets cost before. */
const withHistory = (lazy: LazySource): OfferSource => ({
	...lazy,
	async priceHistory(market, signal) {
		const {priceHistory} = await lazy.source();
		if (!priceHistory) {
			throw new Error(`${lazy.name} does not tell what its spot markets cost before`);
		}

		return priceHistory(market, signal);
	},
});
