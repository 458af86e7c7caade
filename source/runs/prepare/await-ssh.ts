import type {Tunnel} from '../../tunnel/tunnel.js';
import {describeInstance, haltedReason, isHalted} from '../steps/run-instance.js';
import {endOf, perform, type Stage, StepFailed} from '../steps/step.js';

const sshLimit = 180_000;

/** First contact with the instance over a tunnel that leads there; where that was before, its link is waited for. Rejects as `reach` does. */
export async function awaitInstanceSsh(stage: Stage, tunnel: Tunnel): Promise<void> {
	if (stage.state().reachable) {
		tunnel.start();
		await tunnel.link(stage.signal);
		return;
	}

	await perform(stage, 'ssh', 'Reach it over SSH', async () => {
		await reach(stage, tunnel, 'ssh');
		await stage.append({type: 'reachable'});
		const {address} = stage.state();
		return {note: address ? `${address.host}:${address.port}` : ''};
	});
}

/**
Waits for a tunnel, as long as the instance lives. `whyNot` is asked once a second what keeps the environment from answering; its answer
is final. Rejects with `RunOver` or `StepFailed`.
*/
export async function reach(
	stage: Stage,
	tunnel: Tunnel,
	step: 'ssh' | 'sshd',
	whyNot: () => Promise<StepFailed | undefined> = async () => undefined,
): Promise<void> {
	const stop = new AbortController();
	const signal = AbortSignal.any([stage.signal, stop.signal]);
	try {
		tunnel.start();
		await Promise.race([tunnel.link(signal), watchInstance({...stage, signal}, tunnel, step, whyNot)]);
	} finally {
		stop.abort();
	}
}

/** Never resolves: rejects when the instance stops, or SSH does not come up in time. */
async function watchInstance(
	stage: Stage,
	tunnel: Tunnel,
	step: 'ssh' | 'sshd',
	whyNot: () => Promise<StepFailed | undefined>,
): Promise<never> {
	const {clock} = stage.context;
	const started = clock.elapsed();
	const {offer} = stage.state();
	const backend = await stage.context.backend(offer.backend);
	for (;;) {
		await clock.sleep(1000, stage.signal);
		const instance = await describeInstance(backend, stage.state());
		if (isHalted(instance)) {
			throw new StepFailed(step, `its machine is stopped, not ended, and its disk is billed: ${haltedReason(instance)}`);
		}

		if (instance?.state !== 'running' && instance?.state !== 'pending') {
			throw endOf(instance, stage.state(), clock.now());
		}

		const failure = await whyNot();
		if (failure) {
			throw failure;
		}

		if (clock.elapsed() - started > sshLimit) {
			throw new StepFailed(
				step,
				`no SSH server answers after ${sshLimit / 1000} s: ${tunnel.health.reason ?? 'no reason known'}`,
			);
		}
	}
}
