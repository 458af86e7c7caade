import {stringify} from 'yaml';
import {quote} from '../../system/shell.js';
import type {KeyPair} from '../../system/key-pair.js';
import {guardScript} from './guard/index.js';
import {defaultLease} from './lease.js';
import {guestStateFolder, guestUser, guestWorkspace} from './guest-account.js';
import {guardFile, startedUnits, units} from './units.js';

export type GuestOptions = {
	/** The only key that may log in, as root; one line. */
	readonly authorizedKey: string;
	/** An ed25519 pair in OpenSSH's format: the machine's only host key. */
	readonly hostKey: KeyPair;
	/** Whole seconds from the guest's first boot until it ends itself; undefined for never. */
	readonly duration: number | undefined;
	/** Whole seconds from the first boot after which it ends itself unless the lease was lifted. @default 1800 */
	readonly lease?: number;
	/** Whole seconds without a connection of the user after which it ends itself; undefined for never. */
	readonly inactivity: number | undefined;
	/** Where a spot notice is asked for, `http://HOST` or `http://HOST:PORT`; undefined to ask nobody. @default http://169.254.169.254 */
	readonly metadataUrl?: string | undefined;
	/** Whether the machine can be taken back by its provider. */
	readonly spot: boolean;
};

/** What EC2 takes, before base64. */
const limit = 16 * 1024;
const defaultMetadata = 'http://169.254.169.254';

const sshd = `HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding yes
UseDNS no
LoginGraceTime 30
ClientAliveInterval 30
ClientAliveCountMax 4
`;

// No line of what is written is this word; a quoted here-document changes nothing of it.
const end = 'DSTACK_TUI_END';

const write = (file: string, text: string): string =>
	[`cat >${quote(file)} <<'${end}'`, text.replace(/\n$/, ''), end, ''].join('\n');

/**
Runs at every boot, in the first stage that knows the user data and before everything else in it. The guard comes whole or not at all;
what it knows of its first boot, it keeps.
*/
const boot = (script: string): string =>
	[
		`mkdir -p ${guestWorkspace} ${guestStateFolder} /var/lib/dstack-tui`,
		`chmod 755 ${guestWorkspace}`,
		`chmod 700 ${guestStateFolder} /var/lib/dstack-tui`,
		`${write(`${guardFile}.new`, script)}chmod 700 ${guardFile}.new`,
		`cp -p ${guardFile}.new ${guestStateFolder}/guard.new`,
		`mv -f ${guestStateFolder}/guard.new ${guestStateFolder}/guard`,
		`mv -f ${guardFile}.new ${guardFile}`,
		...Object.entries(units).map(([name, text]) => write(`/etc/systemd/system/${name}`, text).trimEnd()),
		`/bin/sh ${guardFile} begin "$INSTANCE_ID"`,
		'systemctl daemon-reload',
		`systemctl enable ${startedUnits.join(' ')}`,
		`systemctl start --no-block ${startedUnits.join(' ')}`,
		'',
	].join('\n');

const seconds = (name: string, value: number): number => {
	if (!Number.isSafeInteger(value) || value < 1 || value >= 1e9) {
		throw new RangeError(`${name}: ${value} is no number of seconds`);
	}

	return value;
};

const oneLine = (name: string, text: string): string => {
	const line = text.trim();
	if (!/^(?:ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/]+={0,2}(?: [\x20-\x7E]*)?$/.test(line)) {
		throw new Error(`${name}: not one line with a public key`);
	}

	return line;
};

const metadataHost = (url: string): string => {
	const host = /^http:\/\/([a-z\d][a-z\d.-]*(?::\d{1,5})?)\/?$/i.exec(url)?.[1];
	if (host === undefined) {
		throw new Error(`metadataUrl: ${url} is not http://HOST or http://HOST:PORT`);
	}

	return host;
};

/**
Cloud-init user data for a machine that ends itself with nobody watching: `#cloud-config`, at most 16 KiB before base64, and the same bytes
for the same options, so that a repeated request is the same request. Throws on options that it cannot hold, which are the caller's mistake.
*/
export function guestUserData(options: GuestOptions): string {
	const {duration, inactivity, spot, lease = defaultLease} = options;
	const url = 'metadataUrl' in options ? options.metadataUrl : defaultMetadata;
	const script = guardScript({
		duration: duration === undefined ? undefined : seconds('duration', duration),
		lease: seconds('lease', lease),
		inactivity: inactivity === undefined ? undefined : seconds('inactivity', inactivity),
		metadata: spot && url !== undefined ? metadataHost(url) : undefined,
	});
	const document = {
		bootcmd: [boot(script)],
		// No user but root, who has no password, and no key of the provider's beside the run's own.
		users: [{name: guestUser, lock_passwd: true}],
		disable_root: false,
		allow_public_ssh_keys: false,
		ssh_authorized_keys: [oneLine('authorizedKey', options.authorizedKey)],
		ssh_deletekeys: true,
		ssh_keys: {
			ed25519_private: options.hostKey.private,
			ed25519_public: oneLine('hostKey', options.hostKey.public),
		},
		// Before the image's own: the first value of each holds.
		write_files: [{path: '/etc/ssh/sshd_config.d/00-dstack-tui.conf', permissions: '0644', content: sshd}],
		package_update: false,
		package_upgrade: false,
	};
	const text = `#cloud-config\n${stringify(document, {version: '1.1', lineWidth: 0, indent: 1, indentSeq: false})}`;
	const size = Buffer.byteLength(text);
	if (size > limit) {
		throw new Error(`user data of ${size} bytes, of which a cloud takes ${limit}`);
	}

	return text;
}
