import {ensureImage, type Missing, type Recipe, type TestEngine} from '../engine.js';

/** A whole machine: systemd, cloud-init, sshd and a Docker engine of its own. */
export const machineRecipe: Recipe = {
	image: 'dstack-tui-testhost:1',
	packages: ['ca-certificates'],
	more: [
		...['systemd', 'systemd-sysv', 'dbus', 'cloud-init', 'openssh-server', 'git', 'curl', 'rsync'],
		...['iproute2', 'iptables', 'docker.io', 'python3', 'sudo', 'procps', 'locales'],
	],
};

export const ensureMachineImage = async (engine: TestEngine): Promise<{readonly image: string} | Missing> =>
	ensureImage(engine, machineRecipe);
