import {guestStateFolder} from '../../agents/machine/guest-account.js';
import type {DevEnvironment} from '../../configuration/model.js';
import type {ScriptStep, StepContext} from '../../environment/step.js';
import {quote, viaSh} from '../../system/shell.js';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {performScript} from './in-environment.js';
import {withMachineLink, type Stage, stepContext} from './step.js';

/** The context of scripts that run on the machine itself, outside of the environment. */
const machineContext = (stage: Stage): StepContext => ({
	...stepContext(stage.state()),
	workspace: guestStateFolder,
	stateFolder: guestStateFolder,
	subfolder: '',
});

/** Runs a script on the machine as a visible step. Rejects with `StepFailed`. */
export const performOnMachine = async (stage: Stage, step: ScriptStep): Promise<void> =>
	performScript(stage, step, withMachineLink, machineContext(stage));

/** Writes a file on the machine that only root reads, in one piece. Throws a `Problem`. */
export async function putOnMachine(stage: Stage, file: string, content: string | Buffer): Promise<void> {
	const target = quote(file);
	const script = `umask 077; mkdir -p ${quote(file.slice(0, file.lastIndexOf('/')))} && cat > ${target}.new && mv -f ${target}.new ${target}`;
	const {code, stderr} = await withMachineLink(stage, async link =>
		link.exec(viaSh(script), {stdin: content, signal: stage.signal}),
	);
	if (code !== 0) {
		throw new Problem('failed', `${file} could not be written there: ${neutraliseLine(stderr.trim()) || `exit code ${code}`}`);
	}
}

/** What is kept in the registry of the settings is no image that a configuration names. */
export const ownRegistry = {image: undefined, registryAuth: undefined} as const;

/** In memory, not on its disk. One name for all: what a killed program left there is replaced by the next login, and goes with it. */
const loginFile = '/run/dstack-tui/registry-login';

/** Lays the login for an image's registry into the machine's memory for as long as `act` lasts; its script takes it from there at once. */
export async function withLogin<T>(
	stage: Stage,
	reference: string,
	environment: Pick<DevEnvironment, 'image' | 'registryAuth'>,
	act: (authFile: string | undefined) => Promise<T>,
): Promise<T> {
	const login = await stage.context.images.login(reference, environment);
	if (!login) {
		return act(undefined);
	}

	await putOnMachine(stage, loginFile, JSON.stringify(login));
	try {
		return await act(loginFile);
	} finally {
		if (!stage.signal.aborted) {
			await withMachineLink(stage, async link => link.exec(viaSh(`rm -f ${loginFile}`)));
		}
	}
}
