import {sshPort} from '../../agents/container/places.js';
import {loginName} from '../../configuration/grammar/environment-paths.js';
import {hasWindowsEditor} from '../../environment/ide/local-editor.js';
import type {Paths} from '../../system/paths.js';
import {type AliasTrouble, installAliases} from '../../tunnel/ssh-config/install-aliases.js';
import {environmentOf} from '../model/specification.js';
import type {RunState} from '../model/state.js';

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
