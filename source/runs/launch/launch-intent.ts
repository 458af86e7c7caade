import type {LaunchIntent} from '../../backends/backend.js';
import {containerWishes} from '../../agents/container/options.js';
import {isOwnImage} from '../../environment/images/credentials.js';
import {readKeys} from '../journal/run-folder.js';
import {environmentOf} from '../model/specification.js';
import type {Stage} from '../steps/step.js';

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
		container: containerWishes(environment, specification),
		hold: image?.build?.due === true,
		registryAuth: isOwnImage(environment, image?.reference) ? environment.registryAuth : undefined,
		python: environment.python,
		shmSize: specification.shmSize,
		folder: stage.folder,
	};
}
