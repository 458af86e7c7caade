import path from 'node:path';
import {type Backend, BackendError, type Instance} from '../../backends/backend.js';
import type {Offer} from '../../offers/offer.js';
import type {Clock} from '../../system/clock.js';
import {layAliases} from '../link/aliases.js';
import {type Move, nextMove} from './failover.js';
import {imageStep} from './image-step.js';
import {announcedAccount, makeIntent} from './launch-intent.js';
import {describeInstance, haltedReason, isHalted} from '../steps/run-instance.js';
import {endOf, perform, RunOver, type Stage, StepFailed} from '../steps/step.js';
import {environmentOf} from '../model/specification.js';
import {launchSurely} from './launch-surely.js';
import type {RunSpecification} from '../model/events.js';
import type {RunState} from '../model/state.js';
import {programName} from '../../system/program-name.js';

/** No offer is left to be tried. `unasked` are dearer than was agreed to. */
export class NothingProvisioned extends Error {
	override readonly name = 'NothingProvisioned';
	readonly unasked: readonly Offer[];

	constructor(unasked: readonly Offer[]) {
		super('nothing could be provisioned');
		this.unasked = unasked;
	}
}

/** How often it is looked whether the person has answered. Milliseconds. */
const askInterval = 500;
/** A machine that would end itself sooner is of no use. Seconds. */
const shortestLife = 120;

/**
Sees to it that the run has an instance that runs, and that its aliases lead there: the one it has, or the first of the plan's offers that
can be had. Throws `RunOver` when it has ended by itself, `NothingProvisioned` when no offer is left.
*/
export async function obtainInstance(stage: Stage): Promise<void> {
	const {instanceId, offer} = stage.state();
	if (instanceId === undefined) {
		const now = steadyNow(stage.context.clock);
		while (!(await carryOut(stage, nextMove(stage.state(), now()), now))) {
			stage.signal.throwIfAborted();
		}

		return;
	}

	const backend = await stage.context.backend(offer.backend);
	const instance = await awaitBoot(stage, backend);
	if (isHalted(instance)) {
		throw haltedFailure(instance, stage.state());
	}

	if (instance?.state === 'running') {
		if (stage.state().halted) {
			await stage.append({type: 'resumed'});
		}

		await noteAddress(stage, instance);
		for (const line of (await backend.admit?.(instanceId, stage.signal)) ?? []) {
			stage.report('instance', {log: `${line}\n`});
		}

		return;
	}

	throw endOf(instance, stage.state(), stage.context.clock.now());
}

/** The time of day as it was at first, gone on by what has passed since: a clock that jumps neither ends what is tried nor prolongs a wait. */
function steadyNow(clock: Clock): () => number {
	const start = clock.now() - clock.elapsed();
	return () => start + clock.elapsed();
}

/** Milliseconds. */
const bootLimit = 5 * 60_000;
const bootPause = 2000;

/** The run's instance, not before it has come up: one that was started again a moment ago is on its way, and has not ended. */
async function awaitBoot(stage: Stage, backend: Backend): Promise<Instance | undefined> {
	const {clock} = stage.context;
	for (const start = clock.elapsed(); ; await clock.sleep(bootPause, stage.signal)) {
		const instance = await describeInstance(backend, stage.state());
		if (instance?.state !== 'pending') {
			return instance;
		}

		if (clock.elapsed() - start < bootPause) {
			stage.report('instance', {log: 'its cloud is starting it\n'});
		} else if (clock.elapsed() - start >= bootLimit) {
			throw new StepFailed('instance', 'its cloud has been starting it for 5 minutes, and it does not run yet');
		}
	}
}

const haltedFailure = (instance: Instance, {name}: RunState): StepFailed =>
	new StepFailed('instance', `its machine is stopped, not ended, and its disk is billed: ${haltedReason(instance)}`, {
		lastLines: [],
		next: `Start it again: ${programName} start ${name}`,
	});

/** True when there is an instance. */
async function carryOut(stage: Stage, move: Move, now: () => number): Promise<boolean> {
	const {clock} = stage.context;
	switch (move.type) {
		case 'repeat': {
			return tryOffer(stage, true);
		}

		case 'try': {
			return (await announce(stage, move.offer)) && tryOffer(stage, false);
		}

		case 'ask': {
			if (stage.state().asking?.id !== move.offer.id) {
				await stage.append({type: 'asking', offer: {...move.offer}, agreedPrice: stage.state().agreedPrice});
			}

			await clock.sleep(askInterval, stage.signal);
			return false;
		}

		case 'wait': {
			if (stage.state().waiting?.until !== move.until) {
				await stage.append({type: 'waiting', until: move.until, reason: move.reason});
			}

			await clock.sleep(Math.max(0, move.until - now()), stage.signal);
			return false;
		}

		case 'give-up': {
			throw new NothingProvisioned(move.unasked);
		}
	}
}

/**
A new attempt, with a token of its own, the account that it is for and the deadline that it will have, is on disk before anybody is asked to
make something. False where nobody says which account that is: then nothing is asked for.
*/
async function announce(stage: Stage, offer: Offer): Promise<boolean> {
	const {specification, attempts, billing, deadline: known, intentId, intendedAt} = stage.state();
	const {clock, random} = stage.context;
	const isFirst = attempts.length === 0 && billing.length === 0;
	const goesOn = billing.length > 0 && known !== undefined;
	// What is left is never more than the whole, whatever the clock was set to meanwhile.
	const duration = goesOn ? Math.ceil((known - Math.max(clock.now(), intendedAt)) / 1000) : specification.duration;
	if (goesOn && duration !== null && duration < shortestLife) {
		throw new RunOver('its deadline is too near for another instance', false);
	}

	if (!goesOn && duration !== null) {
		await stage.append({type: 'deadline-set', deadline: clock.now() + duration * 1000});
	}

	const token = isFirst ? intentId : random.uuid();
	const account = await announcedAccount(stage, offer);
	if (account instanceof BackendError) {
		const {class: errorClass, message, next} = account;
		await stage.append({type: 'requested', intentId: token, offer: {...offer}, duration});
		await stage.append({type: 'attempt-failed', errorClass, message, next});
		return false;
	}

	await stage.append({type: 'requested', intentId: token, offer: {...offer}, duration, account});
	return true;
}

/** Decides what the environment of this attempt starts from, before anything is spent on it. Rejects with `StepFailed` or a `Problem`. */
async function chooseImage(stage: Stage): Promise<void> {
	const {image: known, offer, specification} = stage.state();
	if (known) {
		return;
	}

	const environment = environmentOf(specification, stage.secrets);
	const {image, decision, build, why} = await stage.context.images.choose(
		{
			environment,
			declared: stage.secrets.declared ?? environment,
			offer,
			workspace: {root: rootOf(specification), subfolder: specification.subfolder},
			configuration: specification.configurationLabel,
			policy: specification.build,
		},
		stage.signal,
	);
	if (decision === 'missing') {
		throw new StepFailed('instance', `There is no image of the \`build\` commands for ${offer.instanceType}: ${why.join('; ')}`, {
			lastLines: [],
			next: 'Start again with --build.',
		});
	}

	await stage.append({
		type: 'image-chosen',
		image,
		...(build ? {build: {...build, labels: {...build.labels}, due: decision === 'build'}} : {}),
		why: [...why],
	});
}

/** The root of the code that is copied. */
const rootOf = ({folder, subfolder}: RunSpecification): string =>
	subfolder === '' ? folder : path.join(folder, ...subfolder.split('/').map(() => '..'));

/** One attempt at the offer that was announced; true when it gave an instance. What was refused is written down. */
async function tryOffer(stage: Stage, isRepeated: boolean): Promise<boolean> {
	const {offer} = stage.state();
	const backend = await stage.context.backend(offer.backend);
	await chooseImage(stage);
	const intent = await makeIntent(stage);
	const image = imageStep(stage);
	try {
		await perform(stage, 'instance', `Start it on ${offer.backend} (${placeOf(offer)})`, async report => {
			const instance = await launchSurely(stage, {backend, intent, isRepeated}, progress => {
				if (progress.step === 'image') {
					image.take(progress);
				} else {
					image.end('there');
					report({
						log: progress.log?.replace(/\n?$/, '\n'),
						text: progress.text,
						done: progress.done,
						total: progress.total,
						unit: progress.unit,
					});
				}
			});
			image.end('there');
			await image.settled();
			const {id, workspace, stateFolder, sharesNetwork, launchedAt, replaceHostKey: guarded} = instance;
			// Also when it is to be ended at once: what is known can be ended for sure.
			const {account} = instance;
			await stage.append({type: 'created', instanceId: id, workspace, stateFolder, sharesNetwork, launchedAt, guarded, account});
			stage.signal.throwIfAborted();
			await noteAddress(stage, instance);
			return {note: id.length > 40 ? `${id.slice(0, 19)}…` : id};
		});
		return true;
	} catch (error) {
		image.end('failed');
		await image.settled();
		// A refusal is written down also when the run is to be ended at once: then nothing need be looked for.
		if (!(error instanceof BackendError)) {
			throw error;
		}

		const {class: errorClass, message, next, zones} = error;
		await stage.append({type: 'attempt-failed', errorClass, message, next, zones: [...zones]});
		return false;
	}
}

const placeOf = ({instanceType, backend, region, zone, spot}: Offer): string =>
	backend === 'local' ? instanceType : `${instanceType}, ${zone ?? region}${spot ? ', spot' : ''}`;

/** Writes down where SSH is reached, and makes `ssh NAME` lead there. */
async function noteAddress(stage: Stage, instance: Instance): Promise<void> {
	const {endpoint, refused = []} = instance;
	if (!endpoint) {
		const why =
			refused.length > 0 ? `the instance cannot be reached: ${refused.join('; ')}` : 'the backend gave the instance no address';
		throw new StepFailed('instance', why);
	}

	for (const line of refused) {
		stage.report('instance', {log: `${line}\n`});
	}

	const known = stage.state().address;
	if (known?.host !== endpoint.host || known.port !== endpoint.port || known.user !== endpoint.user) {
		await stage.append({type: 'address', host: endpoint.host, port: endpoint.port, user: endpoint.user});
	}

	const trouble = await layAliases(stage.context.paths, stage.state(), stage.folder);
	if (trouble) {
		stage.report('instance', {log: `${trouble.why} ${trouble.next}\n`});
	}
}
