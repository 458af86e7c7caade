import {ownHost} from '../../tunnel/ssh-config/user-hosts.js';
import type {RunContext} from '../context.js';
import {readState} from '../journal/journal.js';
import {checkName, generateName} from './names.js';
import {ownHostProblem, takenProblem} from '../words/problems.js';
import {runFolder, runNames} from '../journal/run-folder.js';

/** So many generated names are tried; who has hosts by all of them has a pattern that means something else. */
const mostTries = 8;

type Context = Pick<RunContext, 'paths' | 'random'>;

/** The name that was asked for, or a new one. Throws a `usage` problem where `ssh NAME` leads somewhere else already. */
export async function chooseName(context: Context, wanted: string | undefined): Promise<string> {
	return wanted === undefined ? newName(context) : checked(context, wanted);
}

async function newName({paths, random}: Context): Promise<string> {
	const taken = new Set(await runNames(paths));
	for (let tries = 1; ; tries++) {
		const name = generateName(random, taken);
		if (tries === mostTries || !(await ownHostOf({paths}, name))) {
			return name;
		}

		taken.add(name);
	}
}

async function checked(context: Context, name: string): Promise<string> {
	checkName(name);
	const state = await readState(runFolder(context.paths, name));
	if (state && state.phase !== 'gone') {
		throw takenProblem(name);
	}

	const own = await ownHostOf(context, name);
	if (own) {
		throw ownHostProblem(name, own);
	}

	return name;
}

/** Both names that a run gets. */
async function ownHostOf({paths}: Pick<Context, 'paths'>, name: string) {
	const found = await Promise.all([name, `${name}-host`].map(async alias => ownHost(paths, alias)));
	return found.find(Boolean);
}
