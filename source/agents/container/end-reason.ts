import {neutraliseLine} from '../../system/terminal-text.js';

/** Why a container ended, and what the configuration lacks. */
export type ContainerEnd = {readonly reason: string; readonly next: string | undefined};

const installers: Readonly<Record<string, readonly string[]>> = {
	'apt-get': [
		'apt-get update',
		'DEBIAN_FRONTEND=noninteractive apt-get install -y openssh-server',
		'rm -rf /var/lib/apt/lists/*',
	],
	apk: ['apk add --no-cache openssh-server'],
	dnf: ['dnf install -y openssh-server'],
	microdnf: ['microdnf install -y openssh-server'],
	yum: ['yum install -y openssh-server'],
	zypper: ['zypper --non-interactive install openssh-server'],
	pacman: ['pacman -Sy --noconfirm openssh'],
};

/** Reads the file `ended` of a container's state folder. Undefined where it is empty. */
export function readEnd(text: string): ContainerEnd | undefined {
	const [reason = '', lack = ''] = text.split('\n').map(line => neutraliseLine(line.trim()));
	return reason === '' ? undefined : {reason, next: advise(lack)};
}

function advise(lack: string): string | undefined {
	const [kind, ...rest] = lack.split(' ');
	const manager = rest.at(-1) ?? '';
	switch (kind) {
		case 'sshd': {
			const lines = installers[manager];
			return lines
				? toBuild('An environment needs one', lines)
				: 'An environment needs openssh-server: choose an image that has it, or one with a package manager.';
		}

		case 'user': {
			return toBuild('It can be made', [
				manager === 'apk' ? `adduser -D ${rest[0] ?? ''}` : `useradd --create-home ${rest[0] ?? ''}`,
			]);
		}

		case 'group': {
			return toBuild('It can be made', [manager === 'apk' ? `addgroup ${rest[0] ?? ''}` : `groupadd ${rest[0] ?? ''}`]);
		}

		case 'docker': {
			return 'Leave out `image`, so that `docker: true` brings its own, or choose one with dockerd.';
		}

		default: {
			return undefined;
		}
	}
}

const toBuild = (why: string, commands: readonly string[]): string =>
	[`${why}: add to the configuration, and run with \`--build\`:`, 'build:', ...commands.map(command => `  - ${command}`)].join(
		'\n',
	);
