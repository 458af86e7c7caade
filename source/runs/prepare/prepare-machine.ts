import pMap from 'p-map';
import {containerName, hostStateFolder} from '../../agents/container/paths.js';
import {stateFiles} from '../../agents/container/state-files.js';
import {containerScript} from '../../environment/machine/container.js';
import {engineScript} from '../../environment/machine/engine.js';
import {gpuCheckScript} from '../../environment/machine/gpu-check.js';
import {imageScript} from '../../environment/machine/image.js';
import {containerEnd} from '../steps/explain-environment.js';
import {secureMachine} from './secure-machine.js';
import {isDone} from '../steps/in-environment.js';
import {makeIntent} from '../launch/launch-intent.js';
import {performOnMachine, putOnMachine, withLogin} from '../steps/on-machine.js';
import {awaitInstanceSsh} from './await-ssh.js';
import {readKeys} from '../journal/run-folder.js';
import {environmentOf} from '../model/specification.js';
import {quote, viaSh} from '../../system/shell.js';
import {withMachineLink, type Stage, StepFailed} from '../steps/step.js';

/**
Makes the environment's container on a machine of a cloud: the guard first, then the engine, the image, the container. Rejects with
`StepFailed` or `RunOver`.
*/
export async function prepareMachine(stage: Stage): Promise<void> {
	await awaitInstanceSsh(stage, stage.tunnels.machine);
	await secureMachine(stage);
	const {offer} = stage.state();
	await performOnMachine(stage, {
		id: 'engine',
		title: 'Make Docker ready',
		pane: 'events',
		script: engineScript({gpus: offer.gpus.length > 0, ...(await stage.context.images.engine())}),
		when: 'once',
		optional: false,
	});
	await getImage(stage);
	await makeContainer(stage);
}

const imageOf = (stage: Stage): string => {
	const reference = stage.state().image?.reference;
	if (reference === undefined) {
		throw new Error('no image was chosen for the environment');
	}

	return reference;
};

async function getImage(stage: Stage): Promise<void> {
	if (isDone(stage, 'image')) {
		return;
	}

	const reference = imageOf(stage);
	const {offer, specification} = stage.state();
	const environment = environmentOf(specification, stage.secrets);
	await withLogin(stage, reference, environment, async authFile =>
		performOnMachine(stage, {
			id: 'image',
			title: 'Get the image',
			pane: 'build',
			script: imageScript({reference, architecture: offer.architecture, ...(authFile === undefined ? {} : {authFile})}),
			when: 'once',
			optional: false,
		}),
	);
}

async function makeContainer(stage: Stage): Promise<void> {
	if (isDone(stage, 'container')) {
		return;
	}

	const {name, offer, specification, intentId} = stage.state();
	const {privileged, docker} = environmentOf(specification);
	await putState(stage);
	const gpus = offer.gpus[0];
	const container = containerScript({
		image: imageOf(stage),
		hostname: name,
		run: name,
		intent: intentId,
		shmSize: specification.shmSize,
		gpus: gpus !== undefined,
		privileged: privileged || docker,
	});
	try {
		await performOnMachine(stage, {
			id: 'container',
			title: 'Start its container',
			pane: 'events',
			script:
				gpus === undefined
					? container
					: `(\n${container}\n) || exit\n${gpuCheckScript({container: containerName, expected: gpus})}`,
			when: 'once',
			optional: false,
		});
	} catch (error) {
		// It knows itself why it cannot be an environment, and better than the engine that saw it end.
		throw (error instanceof StepFailed && (await containerEnd(stage, 'container'))) || error;
	}
}

/** At a time: a server takes ten of a connection, and others are open. */
const sessions = 4;

/** What its first process needs, before there is one. */
async function putState(stage: Stage): Promise<void> {
	const [intent, {environmentHostKey}] = await Promise.all([makeIntent(stage), readKeys(stage.folder)]);
	const files = stateFiles({...intent, hostKey: environmentHostKey}, {listen: 'loopback', ownGuard: false});
	if (await isRunning(stage)) {
		// An earlier try came so far: by now they belong to the environment's user.
		return;
	}

	await pMap(Object.entries(files), async ([name, text]) => putOnMachine(stage, `${hostStateFolder}/${name}`, text), {
		concurrency: sessions,
	});
}

/** Whether the container runs; where it does not, the reason that an earlier try left is taken away. */
async function isRunning(stage: Stage): Promise<boolean> {
	const script = `if [ "$(docker inspect -f '{{.State.Running}}' ${containerName} 2>/dev/null)" = true ]; then echo yes; else rm -f ${quote(`${hostStateFolder}/ended`)}; fi`;
	const {stdout} = await withMachineLink(stage, async link => link.exec(viaSh(script), {signal: stage.signal}));
	return stdout.trim() === 'yes';
}
