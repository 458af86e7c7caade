import {execFileSync} from 'node:child_process';
import {generateKeyPairSync} from 'node:crypto';
import {parse} from 'yaml';
import {beforeAll, describe, expect, it} from 'vitest';
import type {KeyPair} from '../../../source/system/key-pair.js';
import {guestUserData, type GuestOptions} from '../../../source/agents/machine/user-data.js';
import {generateKeyPair} from '../../../source/tunnel/connection/keys.js';

let identity: KeyPair;
let hostKey: KeyPair;
beforeAll(async () => {
	[identity, hostKey] = await Promise.all([generateKeyPair('fast-moth-1'), generateKeyPair('host')]);
});

const make = (options: Partial<GuestOptions> = {}) =>
	guestUserData({authorizedKey: identity.public, hostKey, duration: 86_400, inactivity: undefined, spot: true, ...options});

describe('the user data of a guest', () => {
	it('is the same for the same options, and fits, also with the longest of keys', () => {
		expect(make()).toBe(make());
		const rsa = `ssh-rsa ${generateKeyPairSync('rsa', {modulusLength: 4096}).publicKey.export({format: 'der', type: 'pkcs1'}).toString('base64')}`;
		const text = make({authorizedKey: `${rsa} a comment`, duration: 999_999_999, inactivity: 999_999_999, lease: 999_999_999});
		expect(Buffer.byteLength(text)).toBeLessThanOrEqual(16 * 1024);
	});

	it('lets in only the run’s key, shows only its host key, and downloads nothing', () => {
		const text = make();
		expect(text.startsWith('#cloud-config\n')).toBe(true);
		const document = parse(text, {version: '1.1'});
		expect(document).toMatchObject({
			users: [{name: 'root', lock_passwd: true}],
			disable_root: false,
			allow_public_ssh_keys: false,
			ssh_authorized_keys: [identity.public],
			ssh_deletekeys: true,
			ssh_keys: {ed25519_private: hostKey.private, ed25519_public: hostKey.public},
		});
		expect(Object.keys(document)[0]).toBe('bootcmd');
		expect(text).not.toMatch(/packages:|apt-get|pip |https:/);
	});

	it('is a script that each shell reads', () => {
		const [script] = parse(make({inactivity: 60}), {version: '1.1'}).bootcmd as [string];
		for (const shell of ['sh', 'bash']) {
			execFileSync(shell, ['-n'], {input: script});
		}
	});

	it('asks for a spot notice only where there can be one', () => {
		expect(make()).toContain("metadata='169.254.169.254'\n");
		for (const options of [{spot: false}, {metadataUrl: undefined}]) {
			expect(make(options)).toContain("metadata=''\n");
		}

		expect(make({metadataUrl: 'http://10.0.0.1:8080/'})).toContain("metadata='10.0.0.1:8080'\n");
	});

	it.each<[string, Partial<GuestOptions>]>([
		['a second key', {authorizedKey: 'ssh-ed25519 AAAA one\nssh-ed25519 AAAA two'}],
		['no key', {authorizedKey: ''}],
		['options before a key', {authorizedKey: 'command="x" ssh-ed25519 AAAA one'}],
		['no seconds', {duration: 0}],
		['parts of seconds', {lease: 1.5}],
		['a number that is none', {inactivity: Number.NaN}],
		['a shell word', {metadataUrl: "http://x';reboot;'"}],
		['another protocol', {metadataUrl: 'https://169.254.169.254'}],
	])('refuses %s', (_name, options) => {
		expect(() => make(options)).toThrow();
	});
});
