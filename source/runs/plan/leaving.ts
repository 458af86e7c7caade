import {realpath} from 'node:fs/promises';
import path from 'node:path';
import {cachePaths} from '../../configuration/resolve/cache-paths.js';
import {reverseOf} from '../../configuration/resolve/requirements.js';
import {ownValues, variableSources} from '../../configuration/resolve/value-sources.js';
import {workspace} from '../../agents/container/paths.js';
import {checkFiles, filesOf} from '../../environment/files.js';
import type {CodeSummary, Given, Leaving, Request} from '../model/choice.js';

/** What goes from this machine into the environment beside the code; see `checkFiles` for what it throws. */
export async function leavingOf({environment, choice}: Request, {root}: Pick<CodeSummary, 'root'>): Promise<Leaving> {
	const {files} = await checkFiles(filesOf(environment.files, choice.configuration.path));
	const code = await realpath(root);
	const variables = variableSources(environment, choice.flags.env);
	const {registryAuth} = environment;
	const login = registryAuth ? [registryAuth.username, registryAuth.password].flatMap(text => ownValues(text, variables)) : [];
	const secrets = [
		...variables.flatMap(each => each.secrets),
		...login.filter(value => value.startsWith('secrets.')).map(value => value.slice('secrets.'.length)),
	];
	return {
		files: files.map(({local, source, remote, bytes}) => ({local, source, remote, bytes, outside: !isBelow(source, code)})),
		variables,
		secrets: [...new Set(secrets)],
		agent: choice.flags.forwardAgent ?? false,
		reverse: reverseOf(choice.flags).map(({remote, local}) => ({remote, local})),
	};
}

const isBelow = (file: string, folder: string): boolean => {
	const relative = path.relative(folder, file);
	return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
};

/** What the environment is given where it runs. `settled` has all values in their places. */
export const givenOf = ({environment: settled}: Request, subfolder: string): Given => ({
	privileged: settled.privileged || settled.docker,
	docker: settled.docker,
	caches: cachePaths(settled, workspace, subfolder),
});
