import type Docker from 'dockerode';
import {viaSh} from '../../../system/shell.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {BackendError, type CommittedImage, type CommitWish, type LaunchProgress} from '../../backend.js';
import {beforeCommitScript} from '../../../agents/container/bootstrap.js';
import {isGone} from './engine.js';
import {openExecLink} from './exec-link.js';
import {labels as ownLabels} from './labels.js';

/**
Makes an image of a held container: its files without the volumes, and the configuration of the image that it started from. Rejects with
what the engine says.
*/
export async function commitContainer(
	docker: Docker,
	id: string,
	{reference, labels}: CommitWish,
	signal: AbortSignal,
	onProgress: (progress: LaunchProgress) => void,
): Promise<CommittedImage> {
	const kept = await findImage(docker, reference);
	if (kept && Object.entries(labels).every(([name, value]) => kept.Config.Labels?.[name] === value)) {
		return {reference, size: kept.Size};
	}

	const shown = neutraliseLine(reference);
	onProgress({step: 'image', text: `keeping it as ${shown}`, log: `Making the image ${shown}\n`});
	const container = docker.getContainer(id);
	const {Image} = await container.inspect();
	const base = await docker.getImage(Image).inspect();
	await settle(docker, id, signal);
	signal.throwIfAborted();
	const {repo, tag} = parts(reference);
	// Waited for: an image that nobody hears of would stay.
	await container.commit({repo, tag, pause: true, ...imageConfiguration(base.Config, labels)});
	const made = await findImage(docker, reference);
	if (!made) {
		throw new BackendError('unknown', `the engine does not know the image ${shown} that it has just made`);
	}

	return {reference, size: made.Size};
}

/**
What the image is to start with. The engine fills what is empty here from the container, so nothing is left out: an empty list is the
image's own, and a mark of ours is there without its value, or a container of that image would be taken for an environment.
*/
const imageConfiguration = (base: Docker.ImageInspectInfo['Config'], labels: CommitWish['labels']) => ({
	...base,
	Hostname: '',
	User: base.User || '0',
	Entrypoint: base.Entrypoint ?? [],
	Cmd: base.Cmd ?? [],
	WorkingDir: base.WorkingDir || '/',
	Labels: {
		...base.Labels,
		...Object.fromEntries(Object.values(ownLabels).map(name => [name, ''])),
		...labels,
	},
});

async function findImage(docker: Docker, reference: string): Promise<Docker.ImageInspectInfo | undefined> {
	try {
		return await docker.getImage(reference).inspect();
	} catch (error) {
		if (isGone(error)) {
			return undefined;
		}

		throw error;
	}
}

async function settle(docker: Docker, id: string, signal: AbortSignal): Promise<void> {
	const link = openExecLink(docker, id);
	try {
		const {code, stderr} = await link.exec(viaSh(beforeCommitScript), {signal, idleLimit: 0});
		if (code !== 0) {
			throw new BackendError('unknown', `the image could not be made ready: ${neutraliseLine(stderr.trim())}`);
		}
	} finally {
		link.close();
	}
}

function parts(reference: string): {repo: string; tag: string} {
	const at = reference.lastIndexOf(':');
	return at > reference.lastIndexOf('/')
		? {repo: reference.slice(0, at), tag: reference.slice(at + 1)}
		: {repo: reference, tag: 'latest'};
}
