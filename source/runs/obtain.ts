import type {Instance, LaunchIntent, LaunchProgress} from '../backends/backend.js';
import {installAliases} from '../tunnel/ssh-config.js';
import {readKeys} from './run-folder.js';
import {environmentOf} from './specification.js';
import {perform, RunOver, type Stage, StepFailed} from './stage.js';

/** Sees to it that the run has an instance that runs, and that its aliases lead there. Throws `RunOver` when it has ended by itself. */
export async function obtainInstance(stage: Stage): Promise<void> {
	const {instanceId, offer} = stage.state();
	if (instanceId === undefined) {
		await launch(stage);
		return;
	}

	const backend = await stage.context.backend(offer.backend);
	const instance = await backend.describe(instanceId);
	if (instance?.state === 'running') {
		await noteAddress(stage, instance);
		return;
	}

	throw over(instance);
}

/** How a run ended whose instance does not run any more. */
export function over(instance: Instance | undefined): RunOver {
	const kept = instance?.state === 'stopped' && instance.leftWork !== false;
	return new RunOver(
		instance?.reason ?? (instance ? 'its instance does not run any more' : 'its instance is not there any more'),
		kept,
		kept ? instance.kept : undefined,
	);
}

async function makeIntent(stage: Stage): Promise<LaunchIntent> {
	const state = stage.state();
	const {specification, offer, name} = state;
	const keys = await readKeys(stage.folder);
	const environment = environmentOf(specification, stage.secrets);
	return {
		id: specification.intentId,
		run: name,
		installation: specification.installation,
		offer,
		authorizedKey: keys.identity.public,
		hostKey: keys.hostKey,
		deadline: state.deadline,
		image: environment.image,
		registryAuth: environment.registryAuth,
		python: environment.python,
		shmSize: specification.shmSize,
		folder: stage.folder,
	};
}

async function launch(stage: Stage): Promise<void> {
	const {specification, offer, deadline: known} = stage.state();
	const {duration, intentId} = specification;
	// Asked for before, and perhaps answered unheard: what was made then has the deadline of then.
	if (duration !== null && known === undefined) {
		await stage.append({type: 'deadline-set', deadline: stage.context.clock.now() + duration * 1000});
	}

	await stage.append({type: 'requested', intentId});
	const backend = await stage.context.backend(offer.backend);
	const intent = await makeIntent(stage);
	const image = imageStep(stage);
	try {
		await perform(stage, 'instance', `Start it on ${offer.backend} (${offer.instanceType})`, async report => {
			const instance = await backend.launch(intent, stage.signal, progress => {
				if (progress.step === 'image') {
					image.take(progress);
				} else {
					image.end('there');
					report({log: progress.log, text: progress.text, done: progress.done, total: progress.total, unit: progress.unit});
				}
			});
			image.end('there');
			await image.settled();
			const {id, workspace, stateFolder, sharesNetwork, launchedAt} = instance;
			await stage.append({type: 'created', instanceId: id, workspace, stateFolder, sharesNetwork, launchedAt});
			await noteAddress(stage, instance);
			return {note: id.length > 20 ? `${id.slice(0, 19)}…` : id};
		});
	} catch (error) {
		image.end('failed');
		await image.settled();
		throw error;
	}
}

/** Getting the image is a step of its own, which begins when the backend first speaks of it. */
function imageStep(stage: Stage) {
	const queue: LaunchProgress[] = [];
	let wake: (() => void) | undefined;
	let ended = false;
	let failed = false;
	let done: Promise<void> | undefined;

	const start = async () =>
		perform(stage, 'image', 'Get the image', async report => {
			let text = '';
			for (;;) {
				for (const progress of queue.splice(0)) {
					text = progress.text;
					report({log: progress.log, text, done: progress.done, total: progress.total, unit: progress.unit});
				}

				if (ended) {
					if (failed) {
						throw new StepFailed('image', 'not complete');
					}

					return {note: text};
				}

				await new Promise<void>(resolve => {
					wake = resolve;
				});
			}
		});

	return {
		take(progress: LaunchProgress) {
			queue.push(progress);
			done ??= start();
			// A failure is told by the launch itself.
			done.catch(() => undefined);
			wake?.();
		},
		/** `because` it is there, or because the launch failed. */
		end(because: 'there' | 'failed') {
			failed = because === 'failed' && !ended;
			ended = true;
			wake?.();
		},
		async settled() {
			await done?.catch(() => undefined);
		},
	};
}

/** Writes down where SSH is reached, and makes `ssh NAME` lead there. */
async function noteAddress(stage: Stage, instance: Instance): Promise<void> {
	const {endpoint} = instance;
	if (!endpoint) {
		throw new StepFailed('instance', 'the backend gave the instance no address');
	}

	const known = stage.state().address;
	if (known?.host !== endpoint.host || known.port !== endpoint.port || known.user !== endpoint.user) {
		await stage.append({type: 'address', host: endpoint.host, port: endpoint.port, user: endpoint.user});
	}

	await installAliases(stage.context.paths, {name: stage.state().name, folder: stage.folder, ...endpoint});
}
