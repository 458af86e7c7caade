import {isIP} from 'node:net';
import path from 'node:path';
import {absolutePath, admitValue, hostAddress, type Kind, loginName, portNumber, runName} from '../../system/values.js';

export type AliasTarget = {
	readonly name: string;
	readonly host: string;
	readonly port: number;
	readonly user: string;
	/** Where the environment is a container on that machine: its SSH server, which only the machine reaches. */
	readonly inside?: {readonly port: number; readonly user: string};
	/** Lends the person's SSH agent to sessions in the environment. */
	readonly forwardAgent?: boolean;
	/** The run's folder: keys and the pinned host key lie in it. */
	readonly folder: string;
	/** The person's editor is a program of Windows, and this one runs in WSL: its ssh is to know the run too. */
	readonly forWindows?: boolean;
};

/** The file in a run's folder that holds its aliases; our own config includes all of them. */
export const aliasFile = 'ssh.config';
export const identityFile = 'id_ed25519';
export const knownHostsFile = 'known_hosts';

/** The name that the instance's own host key is known by; that of an environment on a machine by the run's name. */
export const hostKeyAlias = (name: string): string => `${name}-host`;

/** ssh expands % and takes " as the end of a quoted word. Throws a `RefusedValue` for a path that it cannot hold. */
function quoted(file: string): string {
	const quotable: Kind<string> = {
		name: 'path that an ssh config can hold',
		is: (value): value is string => absolutePath.is(value) && !value.includes('"') && !value.includes('${'),
	};
	return `"${admitValue(quotable, file, 'the folder of the environment').replaceAll('%', '%%')}"`;
}

/**
What the person's `Host *` or `Match` would decide otherwise, and what would then break a login or the editor: the first value counts, and
ours come first. All of it is known to every ssh that knows `Include` (7.3, 2016): a word that one does not know stops it for every host.
Ciphers, MACs and key exchanges are left to the person and their system: there are policies about them. What adds up instead (LocalForward,
IdentityFile, SendEnv, …) cannot be taken back; ours is tried first, and a taken port is no failure.
*/
const pins = [
	'AddressFamily any',
	'CanonicalizeHostname no',
	'ConnectTimeout 30',
	'PreferredAuthentications publickey',
	'PubkeyAuthentication yes',
	'PubkeyAcceptedKeyTypes ssh-ed25519',
	'PasswordAuthentication no',
	'KbdInteractiveAuthentication no',
	'HostbasedAuthentication no',
	'AddKeysToAgent no',
	'GlobalKnownHostsFile /dev/null',
	'HostKeyAlgorithms ssh-ed25519',
	'StrictHostKeyChecking yes',
	'NoHostAuthenticationForLocalhost no',
	'CheckHostIP no',
	'VerifyHostKeyDNS no',
	'UpdateHostKeys no',
	'VisualHostKey no',
	'ServerAliveInterval 15',
	'ServerAliveCountMax 3',
	'ControlMaster no',
	'ControlPath none',
	'ProxyUseFdpass no',
	'RequestTTY auto',
	'PermitLocalCommand no',
	'Tunnel no',
	'ForwardX11 no',
];

/** On the way through (`ssh -W`), ssh clears forwards by itself as long as nothing is said about them. */
const endPins = ['ClearAllForwardings no', 'ExitOnForwardFailure no'];

/**
The same for what older ssh do not know, by the name in `ssh -G`: only pinned where the user's settings have it, which shows that every
ssh that reads them knows it.
*/
export const deferredPins: Readonly<Record<string, {readonly line: string; readonly usual: string | undefined}>> = {
	remotecommand: {line: 'RemoteCommand none', usual: undefined},
	knownhostscommand: {line: 'KnownHostsCommand none', usual: undefined},
	sessiontype: {line: 'SessionType default', usual: 'default'},
	stdinnull: {line: 'StdinNull no', usual: 'no'},
	forkafterauthentication: {line: 'ForkAfterAuthentication no', usual: 'no'},
};

type Route = {host: string; port: number; user: string; key: string; isEnd: boolean};

/**
The aliases of a run. `folder` is where keys and known hosts lie, as the ssh that reads this knows it. Each line of the file is a command to
ssh, so everything in it is read once more as what it has to be, wherever it has been since it came from a cloud. Throws a `RefusedValue`.
*/
export function aliasText(target: AliasTarget, folder = target.folder): string {
	const {host, port, user, inside} = target;
	const name = admitValue(runName, target.name, "the environment's name");
	const head = `# ${name}: made by dstack-tui, removed when the environment ends`;
	// An agent is lent to the environment, and not to the machine on the way.
	const lends = target.forwardAgent === true && !inside;
	const machine = entry(folder, lends, {host, port, user, key: hostKeyAlias(name), isEnd: !inside});
	if (!inside) {
		return [head, `Host ${name} ${name}-host`, ...machine, '\tProxyCommand none', ''].join('\n');
	}

	const environment = entry(folder, target.forwardAgent === true, {host: '127.0.0.1', ...inside, key: name, isEnd: true});
	return [
		...[head, `Host ${name}-host`, ...machine, '\tProxyCommand none'],
		...[`Host ${name}`, ...environment, `\tProxyJump ${name}-host`, ''],
	].join('\n');
}

const entry = (folder: string, lends: boolean, {host, port, user, key, isEnd}: Route): string[] => [
	`\tHostName ${admitValue(hostAddress, host, 'the address of the instance')}`,
	`\tPort ${admitValue(portNumber, port, 'the port of the instance')}`,
	`\tUser ${admitValue(loginName, user, 'the login name of the instance')}`,
	...anyAddress(host),
	`\tIdentityFile ${quoted(path.join(folder, identityFile))}`,
	'\tIdentitiesOnly yes',
	// An agent that is to be lent has to be found.
	...(lends ? ['\tForwardAgent yes'] : ['\tIdentityAgent none', '\tForwardAgent no']),
	`\tUserKnownHostsFile ${quoted(path.join(folder, knownHostsFile))}`,
	`\tHostKeyAlias ${key}`,
	...[...pins, ...(isEnd ? endPins : [])].map(line => `\t${line}`),
];

/** An address to come from that the person set for everything would not reach this machine's own containers. */
const anyAddress = (host: string): string[] => {
	const family = isIP(host);
	return family === 0 ? [] : [`\tBindAddress ${family === 6 ? '::' : '0.0.0.0'}`];
};

/** Adds lines to each alias in a text of `aliasText`; those that are there already stay as they are. */
export function withPins(text: string, lines: readonly string[]): string {
	const missing = lines.filter(line => !text.includes(`\t${line}\n`));
	return text.replaceAll(/^\tHostName .*\n/gm, hostName => hostName + missing.map(line => `\t${line}\n`).join(''));
}

/** The same text without any of `latePins`. */
export function withoutDeferredPins(text: string): string {
	const late = new Set(Object.values(deferredPins).map(({line}) => `\t${line}`));
	return text
		.split('\n')
		.filter(line => !late.has(line))
		.join('\n');
}

/** The keys that an alias sets, as `ssh -G` names them. */
export function pinnedKeys(text: string, name: string): string[] {
	const keys: string[] = [];
	let isOurs = false;
	for (const line of text.split('\n')) {
		const [word = '', ...rest] = line.trim().split(/\s+/);
		if (word === 'Host') {
			isOurs = rest.includes(name);
		} else if (isOurs && word !== '' && !word.startsWith('#')) {
			keys.push(word.toLowerCase());
		}
	}

	return keys;
}
