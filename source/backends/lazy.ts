import {byHand, quotaFamily} from './aws/launch/ids.js';
import type {Backend, OfferSource} from './backend.js';

type Setup = NonNullable<OfferSource['setup']>;

/** A source whose code is read when it is first asked. */
export function lazySource(
	name: OfferSource['name'],
	deadline: OfferSource['deadline'],
	load: () => Promise<OfferSource>,
): OfferSource & {readonly setup: Setup} {
	let loading: Promise<OfferSource> | undefined;
	const source = async () => (loading ??= load());
	return {
		name,
		deadline,
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

/** What only a backend has whose instances are containers of an engine here. */
export type InContainers = 'quieten' | 'copyOut' | 'inside' | 'commit' | 'release';

/** AWS in full. */
export type AwsBackend = Required<Omit<Backend, InContainers>> & Required<OfferSource>;

/** AWS, whose code is read when it is first asked: hardly anything of it is needed to know what it is called. */
export function lazyAws(load: () => Promise<AwsBackend>): AwsBackend {
	let loading: Promise<AwsBackend> | undefined;
	const aws = async () => (loading ??= load());
	return {
		...lazySource('aws', 'guest', aws),
		priceHistory: async (market, signal) => (await aws()).priceHistory(market, signal),
		check: async (offer, signal) => (await aws()).check(offer, signal),
		launch: async (intent, signal, onProgress) => (await aws()).launch(intent, signal, onProgress),
		account: async (offer, signal) => (await aws()).account(offer, signal),
		find: async (intentId, offer, account, signal) => (await aws()).find(intentId, offer, account, signal),
		describe: async (id, account, signal) => (await aws()).describe(id, account, signal),
		terminate: async (id, account, signal) => (await aws()).terminate(id, account, signal),
		start: async (id, account, signal, onProgress) => (await aws()).start(id, account, signal, onProgress),
		list: async (installation, regions, unanswered, signal) => (await aws()).list(installation, regions, unanswered, signal),
		regions: async signal => (await aws()).regions(signal),
		sweep: async (installation, regions) => (await aws()).sweep(installation, regions),
		admit: async (id, signal) => (await aws()).admit(id, signal),
		quotaFamily,
		byHand,
	};
}
