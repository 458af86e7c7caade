import {existsSync} from 'node:fs';
import type {Paths} from '../../system/paths.js';
import {type AliasTrouble, installAliases, sweepAliases} from '../../tunnel/ssh-config/install-aliases.js';
import {readState} from '../journal/journal.js';
import {runFolder} from '../journal/run-folder.js';
import {isOver, type RunState} from '../model/state.js';
import {sshPort} from '../../agents/container/paths.js';
import {loginName} from '../../configuration/grammar/environment-paths.js';
import {hasWindowsEditor} from '../../environment/ide/local-editor.js';
import {environmentOf} from '../model/specification.js';

/** Makes `ssh NAME` lead to where a run's SSH server is. A config of the person's that cannot be used is told of, and no failure. */
export async function layAliases(paths: Paths, state: RunState, folder: string): Promise<AliasTrouble | undefined> {
	const {name, address, guarded, specification} = state;
	if (!address) {
		return undefined;
	}

	const environment = environmentOf(specification);
	return installAliases(paths, {
		name,
		folder,
		...address,
		forwardAgent: specification.forwardAgent,
		forWindows: paths.windows !== undefined && (await hasWindowsEditor(environment.ide)),
		...(guarded ? {inside: {port: sshPort, user: loginName(environment.user)}} : {}),
	});
}

/** Takes away the aliases of runs that ended without it, or whose folders are gone. One that nothing is known of keeps its own. */
export async function sweepRunAliases(paths: Paths): Promise<void> {
	await sweepAliases(paths, async name => {
		const folder = runFolder(paths, name);
		if (!existsSync(folder)) {
			return false;
		}

		const state = await readState(folder).catch(() => undefined);
		return state === undefined || (state.address !== undefined && !isOver(state));
	});
}
