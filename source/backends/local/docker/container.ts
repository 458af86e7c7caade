import type Docker from 'dockerode';
import {pack} from 'tar-stream';
import {loginName} from '../../../configuration/grammar/environment-paths.js';
import {systemClock} from '../../../system/clock.js';
import type {LaunchIntent} from '../../backend.js';
import {environmentImage} from '../../../agents/container/image-name.js';
import {sshPort, stateFolder, workspace} from '../../../agents/container/paths.js';
import {stateFiles} from '../../../agents/container/state-files.js';
import {cacheMount} from './caches.js';
import {labels} from './labels.js';

const mebibyte = 1024 * 1024;

/** Creates the container with everything in it, not started yet: its files are there before its first process is. */
export async function createContainer(docker: Docker, intent: LaunchIntent, host: string): Promise<Docker.Container> {
	const container = await docker.createContainer({
		name: `dstack-tui-${intent.run}-${intent.id.slice(0, 8)}`,
		Image: environmentImage(intent),
		User: '0',
		Entrypoint: ['/bin/sh', `${stateFolder}/bootstrap`],
		Cmd: [],
		WorkingDir: workspace,
		Hostname: intent.run,
		Labels: {
			[labels.run]: intent.run,
			[labels.intent]: intent.id,
			[labels.installation]: intent.installation,
			...(intent.machine && {[labels.machine]: intent.machine.id, [labels.machineName]: intent.machine.name}),
			[labels.launchedAt]: String(systemClock.now()),
			[labels.login]: loginName(intent.container.user),
		},
		ExposedPorts: {[`${sshPort}/tcp`]: {}},
		HostConfig: {
			PortBindings: {[`${sshPort}/tcp`]: [{HostIp: host === '127.0.0.1' ? host : '', HostPort: ''}]},
			Mounts: mounts(intent),
			...(intent.container.privileged ? {Privileged: true} : {}),
			...(intent.shmSize === undefined ? {} : {ShmSize: intent.shmSize * mebibyte}),
			...(intent.offer.gpus.length === 0 ? {} : {DeviceRequests: [{Driver: 'nvidia', Count: -1, Capabilities: [['gpu']]}]}),
		},
	});
	await container.putArchive(await makeArchive(intent), {path: '/'});
	return container;
}

/** An image that is made of the container never holds what is on a volume. Those without a name are removed with it. */
function mounts({container, installation}: LaunchIntent): Docker.MountSettings[] {
	const folders = [workspace, stateFolder, ...(container.docker ? ['/var/lib/docker'] : [])];
	return [...folders.map(nameless), ...container.caches.map(cache => cacheMount(cache, container.source, installation))];
}

/** What the image has in that place is not taken over. */
const nameless = (target: string): Docker.MountSettings =>
	({Type: 'volume', Target: target, VolumeOptions: {NoCopy: true}}) as Docker.MountSettings;

async function makeArchive(intent: LaunchIntent): Promise<Buffer> {
	const archive = pack();
	const folder = stateFolder.slice(1);
	archive.entry({name: folder, type: 'directory', mode: 0o700});
	archive.entry({name: workspace.slice(1), type: 'directory', mode: 0o755});
	for (const [name, text] of Object.entries(stateFiles(intent, {listen: 'all', ownGuard: true}))) {
		archive.entry({name: `${folder}/${name}`, mode: 0o600}, text);
	}

	archive.finalize();
	const pieces: Buffer[] = [];
	for await (const piece of archive) {
		pieces.push(piece as Buffer);
	}

	return Buffer.concat(pieces);
}
