import {containerName, hostStateFolder, stateFolder, workspace} from '../../agents/container/paths.js';
import {labels} from '../../backends/local/docker/labels.js';
import {guestWorkspace} from '../../agents/machine/guest-account.js';
import {engineClient} from './engine-client.js';
import {programScript} from './program.js';

export type Mount = {
	/** Absolute path on the machine; has to be there. */
	readonly source: string;
	/** Absolute path in the container. */
	readonly target: string;
	readonly readOnly?: boolean;
};

/** The code and the environment's state folder. */
export const environmentMounts: readonly Mount[] = [
	{source: guestWorkspace, target: workspace},
	{source: hostStateFolder, target: stateFolder},
];

/** Labels by which a container is known as ours, and as this run's. */
export const containerLabels = {run: labels.run, intent: labels.intent, image: 'dstack-tui.image'} as const;

export type ContainerOptions = {
	/** Has to be on the machine. */
	readonly image: string;
	/** @default containerName */
	readonly name?: string;
	readonly hostname: string;
	readonly run: string;
	readonly intent: string;
	/** MiB. */
	readonly shmSize?: number | undefined;
	readonly gpus: boolean;
	readonly privileged: boolean;
	/** @default environmentMounts */
	readonly mounts?: readonly Mount[];
};

const main = String.raw`
name, labels = given['name'], given['labels']


def gpu_devices():
    found = []
    for parent, folders, files in os.walk('/dev'):
        if parent == '/dev':
            folders[:] = [each for each in folders if each == 'nvidia-caps']
            files = [each for each in files if re.match(r'^nvidia(\d+|ctl|-uvm|-uvm-tools|-modeset)$', each)]
        found += [os.path.join(parent, each) for each in sorted(files)]
    return [{'PathOnHost': each, 'PathInContainer': each, 'CgroupPermissions': 'rwm'} for each in found]


def wanted(image):
    host = {
        'NetworkMode': 'host',
        'RestartPolicy': {'Name': 'always'},
        'Privileged': given['privileged'],
        'Mounts': [dict(each, Type='bind') for each in given['mounts']],
        # With a network of the host's own, nothing else makes its name known in it.
        'ExtraHosts': [given['hostname'] + ':127.0.1.1'],
        'LogConfig': {'Type': 'json-file', 'Config': {'max-size': '10m', 'max-file': '2'}},
    }
    if given['shmSize']:
        host['ShmSize'] = given['shmSize'] * 1024 * 1024
    if given['gpus']:
        host['DeviceRequests'] = [{'Driver': 'nvidia', 'Count': -1, 'Capabilities': [['gpu']]}]
        # Named one by one too: else systemd's daemon-reload takes them away (NVIDIA/nvidia-container-toolkit#48).
        host['Devices'] = gpu_devices()
    config = {
        'Image': given['image'],
        'Entrypoint': ['/bin/sh', '/dstack-tui/bootstrap'],
        'Cmd': [],
        'WorkingDir': '/workflow',
        'Hostname': given['hostname'],
        'Labels': labels,
        'HostConfig': host,
    }
    # Where it is root's already it stays as the image has it: so it does in a build.
    if (image['Config'].get('User') or '') not in ('', '0', 'root'):
        config['User'] = '0'
    return config


def advise(message, image):
    if 'exec format error' in message:
        fail('the image %s is for %s, the machine is %s (exec format error)' % (given['image'], image.get('Architecture'), os.uname().machine),
             'Choose an image for the machine\'s architecture, or another offer.')
    if re.search(r'/bin/sh.*(no such file|not found)', message):
        fail('the image %s has no /bin/sh' % given['image'], 'Choose an image with a shell.')
    if 'could not select device driver' in message:
        fail('the Docker engine cannot give GPUs to containers: NVIDIA\'s container toolkit is missing or the engine was not restarted since',
             'Run \x60systemctl restart docker\x60 on the machine, then try again.')
    if 'unsatisfied condition' in message:
        fail('the image %s needs a newer NVIDIA driver than the machine has: %s' % (given['image'], message), 'Choose an image with an older CUDA.')
    if re.search(r'nvidia-container-cli|libnvidia-ml|nvml', message, re.I):
        fail('the machine\'s GPUs cannot be given to the container: %s' % message, 'Look at \x60nvidia-smi\x60 on the machine.')
    if 'bind source path does not exist' in message:
        fail('a folder to mount is missing on the machine: %s' % message)


def is_up(state):
    return state['Running'] and not state.get('Restarting') and not state.get('Paused')


# Up for a second without a restart: what fails at once has failed by then.
def watch(image):
    begun = time.monotonic()
    restarts = None
    while True:
        found = find(container_path(name, 'json'))
        if not found:
            fail('the container %s is gone' % name, 'Try again.')
        state = found['State']
        restarts = found.get('RestartCount', 0) if restarts is None else restarts
        if not is_up(state) or found.get('RestartCount', 0) != restarts:
            ended(found, image)
        if time.monotonic() - begun > 1:
            return
        time.sleep(0.2)


def ended(found, image):
    state = found['State']
    lines = last_lines(name)
    call('POST', container_path(name, 'stop'), {'t': '2'})
    for line in lines:
        say(line)
    words = '\n'.join(lines + [state.get('Error') or ''])
    advise(words, image)
    if state.get('OOMKilled'):
        fail('the container did not stay up: the machine has not enough memory (it was killed)', 'Ask for more memory with \x60memory:\x60 under \x60resources:\x60.')
    if 'no space left on device' in words.lower():
        fail('the container did not stay up: the disk is full', full_disk)
    # It may be up again already, with the code of none.
    code = state.get('ExitCode')
    about = 'exit code %d' % code if code or not state['Running'] else 'it ends again and again'
    fail('the container did not stay up (%s)%s' % (about, ': ' + lines[-1] if lines else ''), 'Mend the image, or choose another.')


def start(image):
    try:
        call('POST', container_path(name, 'start'))
    except Refused as error:
        advise(error.message, image)
        raise


def remove(found):
    if labels['dstack-tui.run'] and not (found['Config'].get('Labels') or {}).get('dstack-tui.run'):
        fail('there is a container %s on the machine that is not of this program' % name, 'Remove or rename it: \x60docker rename %s other\x60.' % name)
    say('Removing the container of another image or run')
    call('DELETE', '/containers/' + quote(found['Id']), {'force': '1', 'v': '1'})


def main():
    begin()
    image = find(image_path(given['image'], 'json'))
    if not image:
        fail('the image %s is not on the machine' % given['image'], 'Try again.')
    found = find(container_path(name, 'json'))
    if found:
        has = found['Config'].get('Labels') or {}
        if any(has.get(key) != value for key, value in labels.items()):
            remove(found)
            found = None
    if not found:
        say('Creating the container %s of %s' % (name, given['image']))
        call('POST', '/containers/create', {'name': name}, wanted(image))
    elif is_up(found['State']):
        say('The container %s runs' % name)
        return
    start(image)
    watch(image)
    say('The container %s runs' % name)


perform(main)
`;

/**
Creates and starts the environment's container; the same one again is started where it does not run. One of another image or run is
replaced, but never one that is not ours. No variables: what a container is created with, everybody reads, and a build would keep it.
*/
export function containerScript(options: ContainerOptions): string {
	const {image, name = containerName, hostname, run, intent, shmSize = 0, gpus, privileged} = options;
	const labels = {[containerLabels.run]: run, [containerLabels.intent]: intent, [containerLabels.image]: image};
	const mounts = (options.mounts ?? environmentMounts).map(({source, target, readOnly = false}) => ({
		Source: source,
		Target: target,
		ReadOnly: readOnly,
	}));
	return programScript({parts: [engineClient, main], given: {image, name, hostname, labels, shmSize, gpus, privileged, mounts}});
}
