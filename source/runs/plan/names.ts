import {Problem} from '../../system/problem.js';
import type {Random} from '../../system/random.js';

const adjectives =
	'able bold brave brisk calm clever cool curious eager fast fresh gentle glad grand happy honest jolly keen kind light lively lucky mellow modest neat nimble noble polite proud quick quiet ready shy silent smart smooth snug soft spry steady sunny swift tidy warm wise witty'.split(
		' ',
	);
const animals =
	'ant badger bat bear beaver bee bison cat cobra cod crab crane crow deer dingo dog dove duck eagle eel elk ewe falcon finch fox frog gecko goat goose gull hare hawk heron ibis jay koala lark lion lynx mole moose moth mouse newt otter owl panda pike puma quail rabbit raven robin seal shrew skunk sloth snail swan tiger toad trout turkey vole wasp whale wolf wren yak zebra'.split(
		' ',
	);

const pick = (list: readonly string[], random: Random): string => list[random.below(list.length)] ?? '';

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
