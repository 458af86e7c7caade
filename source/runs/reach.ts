import type {Tunnel} from '../tunnel/tunnel.js';
import {over} from './obtain.js';
import {type Stage, StepFailed} from './stage.js';

const reachLimit = 180_000;

/**
Waits for a tunnel, as long as the instance lives. `whyNot` is asked once a second what keeps the environment from answering; what it
tells is final. Rejects with `RunOver` or `StepFailed`.
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
	const started = clock.now();
	const {instanceId, offer} = stage.state();
	const backend = await stage.context.backend(offer.backend);
	for (;;) {
		await clock.sleep(1000, stage.signal);
		const instance = await backend.describe(instanceId ?? '');
		if (instance?.state !== 'running') {
			throw over(instance, stage.state(), clock.now());
		}

		const failure = await whyNot();
		if (failure) {
			throw failure;
		}

		if (clock.now() - started > reachLimit) {
			throw new StepFailed(
				step,
				`no SSH server answers after ${reachLimit / 1000} s: ${tunnel.health.reason ?? 'no reason known'}`,
			);
		}
	}
}
