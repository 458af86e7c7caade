import {beforeCommitScript} from '../../agents/container/bootstrap.js';
import {containerName} from '../../agents/container/paths.js';
import {commitScript} from '../../environment/machine/commit.js';
import {pushScript} from '../../environment/machine/push.js';
import {takeBaseline} from '../../environment/work.js';
import {formatBytes} from '../../system/format.js';
import {viaSh} from '../../system/shell.js';
import {inEnvironment, isDone} from '../steps/in-environment.js';
import {ownRegistry, performOnMachine, withLogin} from '../steps/on-machine.js';
import {perform, type Stage, stepContext} from '../steps/step.js';

/** Makes an image of what the build commands have made, before anything secret comes into it, and brings it where the next run finds it. */
export async function keepImage(stage: Stage): Promise<void> {
	const {image, guarded} = stage.state();
	const build = image?.build;
	if (!build || image.reference === undefined) {
		return;
	}

	const isKept = isDone(stage, 'commit');
	if (!isKept) {
		await inEnvironment(stage, async link => takeBaseline(link, stepContext(stage.state())));
	}

	if (!guarded) {
		await commitHere(stage, build);
		return;
	}

	if (!isKept) {
		await inEnvironment(stage, async link => link.exec(viaSh(beforeCommitScript), {signal: stage.signal, idleLimit: 0}));
	}

	await performOnMachine(stage, {
		id: 'commit',
		title: 'Keep it as an image',
		pane: 'build',
		script: commitScript({
			container: containerName,
			reference: build.reference,
			labels: build.labels,
			baseImage: image.reference,
		}),
		when: 'once',
		optional: false,
	});
	await withLogin(stage, build.reference, ownRegistry, async authFile =>
		performOnMachine(stage, {
			id: 'upload',
			title: 'Upload the image',
			pane: 'build',
			script: pushScript({reference: build.reference, ...(authFile === undefined ? {} : {authFile})}),
			when: 'once',
			// The environment is whole without it; what is missing is missed by the next run.
			optional: true,
		}),
	);
}

async function commitHere(
	stage: Stage,
	{reference, labels}: {readonly reference: string; readonly labels: Readonly<Record<string, string>>},
): Promise<void> {
	if (isDone(stage, 'commit')) {
		return;
	}

	await perform(stage, 'commit', 'Keep it as an image', async report => {
		const {offer, instanceId} = stage.state();
		const backend = await stage.context.backend(offer.backend);
		const kept = await backend.commit?.(instanceId ?? '', {reference, labels}, stage.signal, ({text, done, total, unit, log}) =>
			report({text, done, total, unit, log}),
		);
		return {note: kept ? `${kept.reference}, ${formatBytes(kept.size)}` : ''};
	});
}
