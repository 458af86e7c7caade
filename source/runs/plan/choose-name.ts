import {Problem} from '../../system/problem.js';
import type {Random} from '../../system/random.js';
import {ownHost} from '../../tunnel/ssh-config/user-hosts.js';
import type {RunContext} from '../context.js';
import {readState} from '../journal/journal.js';
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

const adjectives =
	'able bold brave brisk calm clever cool curious eager fast fresh gentle glad grand happy honest jolly keen kind light lively lucky mellow modest neat nimble noble polite proud quick quiet ready shy silent smart smooth snug soft spry steady sunny swift tidy warm wise witty'.split(
		' ',
	);
const animals =
	'ant badger bat bear beaver bee bison cat cobra cod crab crane crow deer dingo dog dove duck eagle eel elk ewe falcon finch fox frog gecko goat goose gull hare hawk heron ibis jay koala lark lion lynx mole moose moth mouse newt otter owl panda pike puma quail rabbit raven robin seal shrew skunk sloth snail swan tiger toad trout turkey vole wasp whale wolf wren yak zebra'.split(
		' ',
	);

const pick = (list: readonly string[], random: Random): string => list[random.integerBelow(list.length)] ?? '';

/** A name like `fast-moth-1`, none of `taken`. */
export function generateName(random: Random, taken: ReadonlySet<string>): string {
	const stem = `${pick(adjectives, random)}-${pick(animals, random)}`;
	for (let number = 1; ; number++) {
		const name = `${stem}-${number}`;
		if (!taken.has(name)) {
			return name;
		}
	}
}

/** Checks a name that a person chose; it becomes a host alias and a folder. Throws a `usage` problem. */
export function checkName(name: string): void {
	if (!/^[a-z][a-z0-9-]{0,59}$/.test(name) || name.endsWith('-host')) {
		throw new Problem('usage', `'${name.slice(0, 80)}' cannot be a run's name`, {
			next: 'Use lower-case letters, digits and dashes, starting with a letter, at most 60, not ending in -host: fast-moth-1.',
		});
	}
}
