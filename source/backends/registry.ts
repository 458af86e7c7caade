import {Problem} from '../system/problem.js';
import type {Backend} from './backend.js';
import {createLocalBackend} from './local/index.js';

const all: readonly Backend[] = [createLocalBackend()];

/** All backends that this program knows. */
export const backends = (): readonly Backend[] => all;

/** The backend called `name`. Throws a `configuration` problem for one that is not known. */
export function backendNamed(name: string): Backend {
	const backend = all.find(each => each.name === name);
	if (!backend) {
		throw new Problem('configuration', `There is no backend called ${name}`, {
			next: `Known: ${all.map(each => each.name).join(', ')}.`,
		});
	}

	return backend;
}
