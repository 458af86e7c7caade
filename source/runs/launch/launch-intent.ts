import {type Account, BackendError, type LaunchIntent} from '../../backends/backend.js';
import type {Offer} from '../../offers/offer.js';
import {backoffDelay} from '../../tunnel/backoff.js';
import {accountNow} from '../steps/run-instance.js';
import type {Stage} from '../steps/step.js';
import {containerOptions} from '../../agents/container/options.js';
import {isOwnImage} from '../../environment/images/credentials.js';
import {readKeys} from '../journal/run-folder.js';
import {environmentOf} from '../model/specification.js';

/** What the backend is told of the attempt that the journal has announced. The same whenever the attempt is repeated. */
export async function makeIntent(stage: Stage): Promise<LaunchIntent> {
	const {specification, intentId, offer, account, name, deadline, duration, image} = stage.state();
	const keys = await readKeys(stage.folder);
	const environment = environmentOf(specification, stage.secrets);
	return {
		id: intentId,
		run: name,
		installation: specification.installation,
		machine: specification.machine,
		offer,
		account,
		authorizedKey: keys.identity.public,
		hostKey: keys.hostKey,
		deadline,
		duration: duration ?? undefined,
		inactivity: specification.inactivity ?? undefined,
		maxPrice: specification.maxPrice,
		disk: specification.disk,
		tags: specification.tags,
		image: image?.reference,
		container: containerOptions(environment, specification),
		hold: image?.build?.due === true,
		registryAuth: isOwnImage(environment, image?.reference) ? environment.registryAuth : undefined,
		python: environment.python,
		shmSize: specification.shmSize,
		folder: stage.folder,
	};
}

const mostTries = 5;
const longestDelay = 20_000;

/**
The account that an attempt at `offer` is going to be in; undefined where the backend cannot tell it. A cloud that does not answer is asked
again for a while; what it said last is returned then.
*/
export async function announcedAccount({context, signal}: Stage, offer: Offer): Promise<Account | BackendError | undefined> {
	const backend = await context.backend(offer.backend);
	for (let tries = 1; ; tries++) {
		try {
			return await accountNow(backend, offer, signal);
		} catch (error) {
			signal.throwIfAborted();
			if (!(error instanceof BackendError) || offer.price === 0 || tries === mostTries) {
				return error instanceof BackendError ? error : new BackendError('unknown', String(error), {cause: error});
			}

			await context.clock.sleep(backoffDelay(tries, context.random, longestDelay), signal);
		}
	}
}
