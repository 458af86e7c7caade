import {containerEnd} from '../steps/explain-environment.js';
import {hostStateFolder} from '../../agents/container/paths.js';
import {openSessions} from '../../environment/variables.js';
import {quote, viaSh} from '../../system/shell.js';
import {furnish} from './place-files.js';
import {inEnvironment, isDone} from '../steps/in-environment.js';
import {reach} from './await-ssh.js';
import {environmentOf} from '../model/specification.js';
import {withMachineLink, perform, type Stage, stepContext} from '../steps/step.js';

/**
Sees to it that the environment answers over SSH of its own: before `setup`, so that a person can look in while it runs. What waited for
its build goes on. Rejects with `RunOver` or `StepFailed`.
*/
export async function openEnvironment(stage: Stage): Promise<void> {
	const {environment} = stage.tunnels;
	if (stage.state().opened) {
		environment.start();
		await environment.link(stage.signal);
		return;
	}

	await perform(stage, 'sshd', 'Open it over SSH', async report => {
		if (stage.state().guarded) {
			await releaseOnMachine(stage);
			await reach(stage, environment, 'sshd', async () => containerEnd(stage, 'sshd'));
			await stage.append({type: 'opened'});
		} else {
			await releaseHere(stage);
			await reach(stage, environment, 'sshd');
			await stage.append({type: 'reachable'});
		}

		// What was copied before had no sessions to be seen in.
		if (isDone(stage, 'code')) {
			const {env} = environmentOf(stage.state().specification, stage.secrets);
			const unheard = await inEnvironment(stage, async link => openSessions(link, stepContext(stage.state()), env));
			const missed = await inEnvironment(stage, async link => furnish(stage, link, report));
			const warnings = [...unheard, ...missed];
			return {note: warnings.join('; '), warning: warnings.length > 0};
		}
	});
}

async function releaseHere(stage: Stage): Promise<void> {
	const {offer, instanceId} = stage.state();
	await (await stage.context.backend(offer.backend)).release?.(instanceId ?? '', stage.signal);
}

async function releaseOnMachine(stage: Stage): Promise<void> {
	const place = quote(hostStateFolder);
	await withMachineLink(stage, async link => link.exec(viaSh(`rm -f ${place}/ended ${place}/hold`), {signal: stage.signal}));
}
