import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, mkdirSync, openSync} from 'node:fs';
import {constants, homedir, setPriority} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {backendNamed} from '../backends/registry.js';
import {requireFolder} from '../configuration/files/discover.js';
import type {RunContext} from '../runs/context.js';
import type {Core} from '../runs/core.js';
import {createCore} from '../runs/create-core.js';
import type {ImageSource} from '../runs/model/image-choice.js';
import {loadImageSettings} from '../runs/settings/preferences.js';
import {logFolder, runFolder} from '../runs/journal/run-folder.js';
import {type Clock, systemClock} from '../system/clock.js';
import {resolvePaths} from '../system/paths.js';
import {type Wait, Waits} from '../system/waits.js';
import {systemRandom} from '../system/random.js';

/** The core for a folder, on the real clock, with `program` as the way to start this program anew; `onWait` is called
	with what it waits for. Throws for a missing folder. */
export async function openCore(
	directory: string | undefined,
	program: string,
	onWait?: (wait: Wait) => void,
): Promise<{core: Core; clock: Clock}> {
	// `ps` and its like work from a folder that was deleted under the shell as well.
	const folder = directory === undefined ? currentFolder() : path.resolve(directory);
	if (directory !== undefined) {
		await requireFolder(folder);
	}

	const paths = resolvePaths();
	const context: RunContext = {
		paths,
		clock: systemClock,
		random: systemRandom,
		waits: new Waits(systemClock, onWait),
		variables: process.env,
		backend: async name => backendNamed(name),
		images: lazyImages(async () =>
			(await import('../runs/plan/image-source.js')).createImageSource(paths, systemClock, process.env),
		),
		ideOrigin: async () => (await loadImageSettings(paths)).ideOrigin,
		continueInBackground(name) {
			const logs = logFolder(runFolder(paths, name));
			mkdirSync(logs, {recursive: true, mode: 0o700});
			const log = openSync(path.join(logs, 'background.txt'), 'a', 0o600);
			spawn(process.execPath, [program, 'attach', name, '--plain', '--detach'], {
				detached: true,
				stdio: ['ignore', log, log],
			}).unref();
			closeSync(log);
		},
		...(process.env['DSTACK_TUI_NO_REFRESH'] ? {} : {startUpdate: clouds => startUpdate(program, clouds)}),
	};
	return {core: await createCore(context, folder), clock: systemClock};
}

/** Nothing of it is needed before a plan is made. */
const lazyImages = (load: () => Promise<ImageSource>): ImageSource => ({
	choose: async (question, signal) => (await load()).choose(question, signal),
	login: async (reference, environment) => (await load()).login(reference, environment),
	cache: async keys => (await load()).cache(keys),
	engine: async () => (await load()).engine(),
});

/** Whatever else this machine does goes before it. */
function startUpdate(program: string, clouds: readonly string[]): ChildProcess {
	const named = clouds.flatMap(cloud => ['--cloud', cloud]);
	const child = spawn(process.execPath, [program, 'catalog', 'update', '--json', ...named], {
		stdio: ['ignore', 'pipe', 'ignore'],
	});
	if (child.pid !== undefined) {
		try {
			setPriority(child.pid, constants.priority.PRIORITY_LOW);
		} catch {
			// It has ended already, or this system does not allow it: it does its work all the same.
		}
	}

	return child;
}

function currentFolder(): string {
	try {
		return process.cwd();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return homedir();
		}

		throw error;
	}
}
