import {collectCode} from '../environment/code/collect.js';
import {uploadCode} from '../environment/code/upload.js';
import {runScriptStep} from '../environment/runner.js';
import type {ScriptStep, StepReport} from '../environment/step.js';
import {scriptSteps} from '../environment/steps.js';
import {writeVariables} from '../environment/variables.js';
import {takeBaseline} from '../environment/work.js';
import {formatBytes} from '../offers/format.js';
import {furnish} from './furnish.js';
import {takeCharge} from './guard.js';
import {obtainInstance, over} from './obtain.js';
import {environmentOf} from './specification.js';
import {overTunnel, perform, type Stage, stepContext, StepFailed} from './stage.js';

/**
Takes a run from wherever it is to `ready`. Every part can be taken up again: after a crash, a lost link, a failed step.
Rejects with `StepFailed`, `RunOver`, `BackendError`, or the signal's reason.
*/
export async function prepare(stage: Stage): Promise<void> {
	await obtainInstance(stage);
	await reach(stage);
	const [guard, ...steps] = scriptSteps(stepContext(stage.state()));
	if (stage.state().guarded) {
		await takeCharge(stage);
	} else if (guard) {
		await performScript(stage, guard);
	}

	await copyCode(stage);
	for (const step of steps) {
		await performScript(stage, step);
	}

	await stage.append({type: 'ready'});
}

const reachLimit = 180_000;

async function reach(stage: Stage): Promise<void> {
	stage.tunnel.start();
	if (stage.state().reachable) {
		await stage.tunnel.link(stage.signal);
		return;
	}

	await perform(stage, 'ssh', 'Reach it over SSH', async () => {
		const stop = new AbortController();
		const signal = AbortSignal.any([stage.signal, stop.signal]);
		try {
			await Promise.race([stage.tunnel.link(signal), watchInstance(stage, signal)]);
		} finally {
			stop.abort();
		}

		await stage.append({type: 'reachable'});
		const {address} = stage.state();
		return {note: address ? `${address.host}:${address.port}` : ''};
	});
}

/** Never resolves: rejects when the instance stops, or SSH does not come up in time. */
async function watchInstance(stage: Stage, signal: AbortSignal): Promise<never> {
	const {clock} = stage.context;
	const started = clock.now();
	const {instanceId, offer} = stage.state();
	const backend = await stage.context.backend(offer.backend);
	for (;;) {
		await clock.sleep(1000, signal);
		const instance = await backend.describe(instanceId ?? '');
		if (instance?.state !== 'running') {
			throw over(instance, stage.state(), clock.now());
		}

		if (clock.now() - started > reachLimit) {
			throw new StepFailed(
				'ssh',
				`no SSH server answers after ${reachLimit / 1000} s: ${stage.tunnel.health.reason ?? 'no reason known'}`,
			);
		}
	}
}

async function copyCode(stage: Stage): Promise<void> {
	if (isDone(stage, 'code')) {
		return;
	}

	const {specification} = stage.state();
	await perform(stage, 'code', 'Copy the code', async report => {
		const manifest = await collectCode(specification.folder);
		const context = stepContext(stage.state());
		await overTunnel(stage, async link => writeVariables(link, context, environmentOf(specification, stage.secrets).env));
		await overTunnel(stage, async link => uploadCode(link, manifest, context, report, stage.signal));
		const missed = await overTunnel(stage, async link => furnish(stage, link, report));
		await overTunnel(stage, async link => takeBaseline(link, context));
		const copied = `${manifest.files} file${manifest.files === 1 ? '' : 's'}, ${formatBytes(manifest.bytes)}`;
		return {note: [copied, ...missed].join('; '), warning: missed.length > 0};
	});
}

const isDone = (stage: Stage, id: string): boolean =>
	stage.state().steps.some(step => step.id === id && (step.status === 'done' || step.status === 'warning'));

async function performScript(stage: Stage, step: ScriptStep): Promise<void> {
	if (step.when === 'once' && isDone(stage, step.id)) {
		return;
	}

	// After a failure the person may have been in there, mending: what they changed is theirs, and no part of the baseline.
	const untouched = stage.state().steps.every(({id}) => id !== step.id);
	await perform(stage, step.id, step.title, async report => runScript(stage, step, report));
	if (step.id === 'setup' && untouched) {
		await overTunnel(stage, async link => takeBaseline(link, stepContext(stage.state())));
	}
}

async function runScript(
	stage: Stage,
	step: ScriptStep,
	report: (report: StepReport) => void,
): Promise<{note?: string; warning?: boolean} | void> {
	const context = stepContext(stage.state());
	const result = await overTunnel(stage, async link => runScriptStep(link, step, context, report, stage.signal));
	if (result.code === 0) {
		return;
	}

	const last = result.lastLines.at(-1) ?? '';
	if (step.optional) {
		return {note: last || `exit code ${result.code}`, warning: true};
	}

	throw new StepFailed(
		step.id,
		result.command === undefined
			? last || `exit code ${result.code}`
			: `\`${result.command}\` ended with exit code ${result.code}`,
		{
			command: result.command,
			code: result.code,
			lastLines: result.lastLines,
			next: 'The environment is still there: look inside, mend it, and try again.',
		},
	);
}
