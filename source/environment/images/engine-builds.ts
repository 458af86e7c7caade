import type Docker from 'dockerode';
import pMap from 'p-map';
import {engineError, isGone} from '../../backends/local/docker/engine.js';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {type Build, buildLabels, buildTag, newestFirst, readLabels, tagPrefix} from './build-labels.js';
import type {BuildStore} from './build-store.js';

/** What all builds in an engine are called; the rest is in the tag. */
export const engineRepository = 'dstack-tui-build';

const atOnce = 4;
const where = 'this machine';

/** A build has our name, or none where a newer one has taken it; what was made from one inherits its labels, and bears another. */
const isOwn = (tags: readonly string[]): boolean => tags.length === 0 || tags.some(tag => tag.startsWith(`${engineRepository}:`));

/** A failure of the engine as a problem. */
function engineProblem(error: unknown): Problem {
	const {message, next} = engineError(error);
	return new Problem('failed', `The Docker engine here: ${message}`, {next, cause: error});
}

/** Builds in the store of an engine. */
export function engineStore(docker: Docker): BuildStore {
	async function inspect(name: string): Promise<Build | undefined> {
		let found: Docker.ImageInspectInfo;
		try {
			found = await docker.getImage(name).inspect();
		} catch (error) {
			if (isGone(error)) {
				return undefined;
			}

			throw engineProblem(error);
		}

		const told = readLabels(found.Config?.Labels);
		if (!told) {
			return undefined;
		}

		const own = `${engineRepository}:${buildTag(told, told.key)}`;
		const isNamed = (found.RepoTags ?? []).includes(own);
		const created = Date.parse(found.Created);
		return {
			...told,
			reference: isNamed ? own : found.Id,
			store: 'engine',
			where,
			size: found.Size,
			created: created > 0 ? created : undefined,
			inUse: (await usersOf(found.Id)).length > 0,
			replaced: !isNamed,
			id: found.Id,
		};
	}

	/** The containers that are made of an image, or of what was made of it. */
	async function usersOf(id: string): Promise<string[]> {
		try {
			const containers = await docker.listContainers({all: true, filters: {ancestor: [id]}});
			return containers.map(({Names, Id}) => neutraliseLine((Names[0] ?? Id.slice(0, 12)).replace(/^\//, '')));
		} catch (error) {
			// The engine says so of an image that has just gone.
			if (isGone(error)) {
				return [];
			}

			throw engineProblem(error);
		}
	}

	return {
		kind: 'engine',
		where,
		reference: (scope, key) => `${engineRepository}:${buildTag(scope, key)}`,
		async find(scope, key) {
			const build = await inspect(`${engineRepository}:${buildTag(scope, key)}`);
			return build?.key === key && !build.replaced ? build : undefined;
		},
		async list(scope) {
			const images = await docker
				.listImages({filters: {label: [buildLabels.key]}})
				.catch((error: unknown) => Promise.reject(engineProblem(error)));
			const own = images.filter(({RepoTags}) => isOwn((RepoTags ?? []).filter(tag => tag !== '<none>:<none>')));
			const builds = await pMap(own, async ({Id}) => inspect(Id), {concurrency: atOnce});
			const prefix = scope && tagPrefix(scope);
			return newestFirst(
				builds.filter((build): build is Build => build !== undefined && (prefix === undefined || tagPrefix(build) === prefix)),
			);
		},
		async remove({reference, id}) {
			const users = await usersOf(id);
			if (users.length > 0) {
				throw new Problem('failed', `${reference} is in use by ${users.join(', ')}`, {
					next: 'End that environment first (`dstack-tui ps` lists them).',
				});
			}

			try {
				await docker.getImage(reference).remove({force: false});
			} catch (error) {
				throw isGone(error) ? new Problem('failed', `${reference} is not there any more`) : engineProblem(error);
			}
		},
	};
}
