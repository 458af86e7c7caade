import {execFileSync, spawnSync} from 'node:child_process';
import {chmod, link, lstat, mkdir, readFile, readlink, rm, stat, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {includeLine, placeOfInclude} from '../../source/tunnel/ssh-config/include-line.js';
import {installAliases, removeAliases, sshCommand, sweepAliases} from '../../source/tunnel/ssh-config/install-aliases.js';
import {temporaryFolder} from '../support/folders.js';
import {aliasTarget, sshPlaces, writeUserConfig} from '../support/ssh-places.js';
import {hasSshd, sshReads} from '../support/sshd.js';

const name = 'fast-moth-1';
const noneLeft = async () => false;

/** Installs, has the real ssh read it, and removes again. */
async function livesWith(content: string | Buffer, home?: string) {
	const paths = await sshPlaces(home);
	await writeUserConfig(paths, content);
	const target = await aliasTarget(paths, name);
	expect(await installAliases(paths, target)).toBeUndefined();
	const read = sshReads(paths.userSshConfig, name);
	const during = await readFile(paths.userSshConfig, 'latin1');
	expect(await removeAliases(paths, target.folder, noneLeft)).toBeUndefined();
	expect((await readFile(paths.userSshConfig)).equals(Buffer.from(content))).toBe(true);
	return {read: `\n${read}`, during};
}

/** A config that cannot be used stays as it is, and a command that works is given. */
async function cannotUse(paths: Awaited<ReturnType<typeof sshPlaces>>, why: RegExp) {
	const target = await aliasTarget(paths, name);
	const trouble = await installAliases(paths, target);
	expect(trouble?.why).toMatch(why);
	expect(trouble?.next).toContain(includeLine(paths.sshConfig));
	expect(trouble?.next).toContain(`remote.SSH.configFile: ${paths.sshConfig}`);
	expect(sshCommand(paths, name)).toBe(`ssh -F ${paths.sshConfig} ${name}`);
	expect(sshReads(paths.sshConfig, name)).toContain('port 2001');
	return target;
}

describe.skipIf(!hasSshd)('a person’s ssh config of any shape, read by the real ssh (needs ssh)', () => {
	test.each([
		['empty', ''],
		['without a newline at its end', 'Host a\n\tPort 5'],
		['with Windows’ line ends', 'Host a\r\n\tPort 5\r\nHost *\r\n\tUser me\r\n'],
		['with Match blocks first', 'Match host * exec "true"\n\tPort 99\nMatch all\n\tUser me\n\tProxyCommand false\n'],
		['with bytes of another encoding', Buffer.from([0x23, 0xe9, 0xff, 0x0a])],
		['with an Include of the person’s own', 'Include ~/.ssh/nothing-here-*\nHost *\n\tPort 99\n'],
		['very large', Array.from({length: 40_000}, (_, host) => `Host host-${host}\n\tPort ${(host % 60_000) + 1}\n`).join('')],
	])('%s', async (_, content) => {
		const {read} = await livesWith(content);
		expect(read).toContain('\nport 2001\n');
		expect(read).toContain('\nuser someone\n');
		expect(read).not.toContain('proxycommand');
	});

	test('our line ends as all others do', async () => {
		expect((await livesWith('Host a\r\n\tPort 5\r\n')).during).toMatch(/^Include "[^\n]*"\r\nHost a\r\n/);
		expect((await livesWith('Host a\r\n\tPort 5\n')).during).toMatch(/^Include "[^\r]*"\nHost a\r\n/);
	});

	test('what a Host * would break is set back, also what only newer ssh know', async () => {
		const theirs = [
			...['RequestTTY force', 'PermitLocalCommand yes', 'LocalCommand echo hi', 'Tunnel yes', 'VisualHostKey yes'],
			...['AddKeysToAgent yes', 'CanonicalizeHostname always', 'VerifyHostKeyDNS yes', 'ExitOnForwardFailure yes'],
			...['ClearAllForwardings yes', 'PreferredAuthentications password', 'PubkeyAuthentication no', 'ConnectTimeout 1'],
			...['PubkeyAcceptedAlgorithms ssh-rsa', 'AddressFamily inet6', 'BindAddress 10.0.0.1', 'ForwardX11 yes'],
			...['NoHostAuthenticationForLocalhost yes', 'CheckHostIP yes', 'HostbasedAuthentication yes', 'IdentityAgent /a'],
			...['HostKeyAlgorithms ssh-rsa', 'IdentityFile /theirs', 'ProxyJump elsewhere', 'ProxyUseFdpass yes', 'User me', 'Port 9'],
			...['RemoteCommand tmux', 'KnownHostsCommand /bin/false', 'StdinNull yes', 'SessionType none'],
		];
		const paths = await sshPlaces();
		await writeUserConfig(paths, `Host *\n${theirs.map(line => `\t${line}\n`).join('')}`);
		const target = await aliasTarget(paths, name);
		expect(await installAliases(paths, {...target, inside: {port: 10_022, user: 'dev'}})).toBeUndefined();
		for (const [alias, route] of [
			[name, ['user dev', 'port 10022', `proxyjump ${name}-host`, 'clearallforwardings no', 'exitonforwardfailure no']],
			[`${name}-host`, ['user someone', 'port 2001', 'bindaddress 0.0.0.0']],
		] as const) {
			const read = sshReads(paths.userSshConfig, alias).split('\n');
			expect(read).toEqual(
				expect.arrayContaining([
					...route,
					...['requesttty auto', 'permitlocalcommand no', 'tunnel false', 'visualhostkey no', 'addkeystoagent false'],
					...['canonicalizehostname false', 'verifyhostkeydns false', 'preferredauthentications publickey'],
					...['pubkeyauthentication true', 'pubkeyacceptedalgorithms ssh-ed25519', 'connecttimeout 30', 'addressfamily any'],
					...['forwardx11 no', 'nohostauthenticationforlocalhost no', 'checkhostip no', 'hostbasedauthentication no'],
					...['identityagent none', 'hostkeyalgorithms ssh-ed25519', 'proxyusefdpass no', 'stdinnull no', 'sessiontype default'],
				]),
			);
			expect(read.find(line => line.startsWith('identityfile'))).toBe(`identityfile ${path.join(target.folder, 'id_ed25519')}`);
			expect(read.filter(line => /^(?:remotecommand|knownhostscommand|proxycommand)/.test(line))).toEqual([]);
		}
	});

	test('nothing is written again that has not changed, also with what was set back; what others may write is', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host *\n\tRemoteCommand tmux\n');
		const target = await aliasTarget(paths, name);
		const files = [paths.userSshConfig, paths.sshConfig, path.join(target.folder, 'ssh.config')];
		const stamps = async () => Promise.all(files.map(async file => stat(file).then(({ino, mtimeMs}) => `${ino} ${mtimeMs}`)));
		await installAliases(paths, target);
		const before = await stamps();
		await installAliases(paths, target);
		await installAliases(paths, await aliasTarget(paths, 'calm-owl-1'));
		expect(await stamps()).toEqual(before);
		expect(sshReads(paths.userSshConfig, name)).not.toContain('remotecommand tmux');

		await chmod(paths.sshConfig, 0o666);
		await installAliases(paths, {...target, port: 2002});
		expect((await stat(paths.sshConfig)).mode & 0o777).toBe(0o600);
		expect(sshReads(paths.userSshConfig, name)).toContain('port 2002');
		expect(sshReads(paths.userSshConfig, name)).not.toContain('remotecommand tmux');
	});

	test('a person who sends every ssh to the background still reaches the environment', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host *\n\tForkAfterAuthentication yes\n');
		await installAliases(paths, await aliasTarget(paths, name));
		expect(sshReads(paths.userSshConfig, name)).toContain('forkafterauthentication no');
	});

	test('without a setting of theirs, nothing is written that an older ssh would not know', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host *\n\tUser me\n');
		const {folder} = await aliasTarget(paths, name);
		await installAliases(paths, await aliasTarget(paths, name));
		expect(await readFile(path.join(folder, 'ssh.config'), 'utf8')).not.toMatch(
			/RemoteCommand|SessionType|StdinNull|KnownHostsCommand/,
		);
	});

	test('an Include of another program before ours stays there; ours below a Host is moved up', async () => {
		const paths = await sshPlaces();
		const ours = includeLine(paths.sshConfig);
		await writeUserConfig(paths, `# Added by another\nInclude ~/.other/ssh/config\n\n${ours}\nHost *\n\tPort 99\n`);
		const before = await readFile(paths.userSshConfig, 'utf8');
		await installAliases(paths, await aliasTarget(paths, name));
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe(before);
		expect(sshReads(paths.userSshConfig, name)).toContain('port 2001');
		await writeUserConfig(paths, `Host a\n\tPort 5\n${ours}\n# ${ours}\n`);
		expect(placeOfInclude(await readFile(paths.userSshConfig, 'latin1'), paths.sshConfig)).toBe(3);
		await installAliases(paths, await aliasTarget(paths, name));
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe(`${ours}\nHost a\n\tPort 5\n# ${ours}\n`);
	});

	test('a line that the person wrote themself stays at the end, also where it had to be moved', async () => {
		const paths = await sshPlaces();
		const ours = includeLine(paths.sshConfig);
		const target = await aliasTarget(paths, name);
		for (const [config, left] of [
			[`${ours}\nHost mine\n`, `${ours}\nHost mine\n`],
			[`Host mine\n${ours}\n`, `${ours}\nHost mine\n`],
			[`${ours}\n`, `${ours}\n`],
		] as const) {
			await writeUserConfig(paths, config);
			expect(await installAliases(paths, target)).toBeUndefined();
			expect(await removeAliases(paths, target.folder, noneLeft)).toBeUndefined();
			expect(await readFile(paths.userSshConfig, 'utf8')).toBe(left);
			expect(spawnSync('ssh', ['-G', '-F', paths.userSshConfig, 'mine']).status).toBe(0);
		}

		// One of ours is told from it again.
		await writeUserConfig(paths, 'Host mine\n');
		await installAliases(paths, target);
		await installAliases(paths, target);
		const mark = path.join(path.dirname(paths.sshConfig), 'created');
		expect((await stat(mark)).mode & 0o777).toBe(0o600);
		await removeAliases(paths, target.folder, noneLeft);
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe('Host mine\n');
		await expect(stat(mark)).rejects.toThrow('ENOENT');
	});

	test.each([
		['UTF-8', [0xef, 0xbb, 0xbf]],
		['UTF-16', [0xff, 0xfe]],
	])('a byte order mark of %s, which ssh cannot read either', async (_, mark) => {
		const paths = await sshPlaces();
		const content = Buffer.from([...mark, ...Buffer.from('Host a\n')]);
		await writeUserConfig(paths, content);
		expect(spawnSync('ssh', ['-G', '-F', paths.userSshConfig, 'a']).status).toBe(255);
		await cannotUse(paths, /byte order mark/);
		expect((await readFile(paths.userSshConfig)).equals(content)).toBe(true);
	});

	test('a folder, a pipe, a link to itself and a link into nowhere are left alone', async () => {
		const folder = await sshPlaces();
		await mkdir(folder.userSshConfig, {recursive: true});
		await cannotUse(folder, /it is a folder/);
		const pipe = await sshPlaces();
		await mkdir(path.dirname(pipe.userSshConfig));
		execFileSync('mkfifo', [pipe.userSshConfig]);
		await cannotUse(pipe, /no plain file/);
		const loop = await sshPlaces();
		await mkdir(path.dirname(loop.userSshConfig));
		await symlink('config', loop.userSshConfig);
		await cannotUse(loop, /leads back to itself/);
		const nowhere = await sshPlaces();
		await mkdir(path.dirname(nowhere.userSshConfig));
		await symlink('/nonexistent/folder/config', nowhere.userSshConfig);
		await cannotUse(nowhere, /leads to \/nonexistent\/folder\/config/);
		expect(await readlink(nowhere.userSshConfig)).toBe('/nonexistent/folder/config');
	});

	test('one that its owner may not write stays as it is, and is told of; the same at the end', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host a\n', 0o444);
		const target = await cannotUse(paths, /write-protected|may not be written/);
		expect(await removeAliases(paths, target.folder, noneLeft)).toBeUndefined();
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe('Host a\n');
		await chmod(paths.userSshConfig, 0o644);
		await installAliases(paths, target);
		await chmod(paths.userSshConfig, 0o444);
		const trouble = await removeAliases(paths, target.folder, noneLeft);
		expect(trouble?.why).toMatch(/write-protected|may not be written/);
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe(`${includeLine(paths.sshConfig)}\nHost a\n`);
		expect((await stat(paths.userSshConfig)).mode & 0o777).toBe(0o444);
	});

	test('a chain of links is written at its end; a dangling one’s end is made, and gone again afterwards', async () => {
		const paths = await sshPlaces();
		const dotfiles = path.join(paths.home, 'dotfiles');
		await mkdir(dotfiles);
		await mkdir(path.dirname(paths.userSshConfig));
		await symlink('../dotfiles/link', paths.userSshConfig);
		await symlink('real', path.join(dotfiles, 'link'));
		const target = await aliasTarget(paths, name);
		await installAliases(paths, target);
		expect((await lstat(paths.userSshConfig)).isSymbolicLink()).toBe(true);
		expect((await lstat(path.join(dotfiles, 'real'))).isFile()).toBe(true);
		expect(sshReads(paths.userSshConfig, name)).toContain('port 2001');
		await removeAliases(paths, target.folder, noneLeft);
		expect((await lstat(paths.userSshConfig)).isSymbolicLink()).toBe(true);
		await expect(stat(path.join(dotfiles, 'real'))).rejects.toThrow('ENOENT');
	});

	test('a file with another name (a hard link) stays the same file', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host a\n');
		const other = path.join(paths.home, 'other');
		await link(paths.userSshConfig, other);
		const target = await aliasTarget(paths, name);
		await installAliases(paths, target);
		expect(await readFile(other, 'utf8')).toBe(`${includeLine(paths.sshConfig)}\nHost a\n`);
		await removeAliases(paths, target.folder, noneLeft);
		expect(await readFile(other, 'utf8')).toBe('Host a\n');
		expect((await stat(other)).ino).toBe((await stat(paths.userSshConfig)).ino);
	});

	test('two installations at once, and an editor between them, lose nothing', async () => {
		const home = await temporaryFolder();
		const [one, two] = await Promise.all([sshPlaces(home, 'one'), sshPlaces(home, 'two')]);
		await writeUserConfig(one, 'Host mine\n');
		const targets = await Promise.all(
			[one, two].flatMap(paths =>
				Array.from({length: 4}, async (_, run) => ({paths, target: await aliasTarget(paths, `run-${run}`)})),
			),
		);
		await Promise.all(targets.map(async ({paths, target}) => installAliases(paths, target)));
		const text = await readFile(one.userSshConfig, 'utf8');
		expect(text.split('\n').sort()).toEqual([includeLine(one.sshConfig), includeLine(two.sshConfig), 'Host mine', ''].sort());
		expect([one, two].map(paths => placeOfInclude(text, paths.sshConfig))).toEqual(['first', 'first']);
		await Promise.all(
			targets.map(async ({paths, target}) => removeAliases(paths, target.folder, async () => !target.name.endsWith('3'))),
		);
		expect(await readFile(one.userSshConfig, 'utf8')).toBe('Host mine\n');
	});

	test('what runs left that ended elsewhere, or whose folders vanished, is swept; a living one keeps its own', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host mine\n');
		const [dead, alive] = [await aliasTarget(paths, 'dead-1'), await aliasTarget(paths, 'alive-1', 2002)];
		await installAliases(paths, dead);
		await installAliases(paths, alive);
		await sweepAliases(paths, async run => run === 'alive-1');
		expect(sshReads(paths.userSshConfig, 'dead-1')).toContain('hostname dead-1');
		expect(sshReads(paths.userSshConfig, 'alive-1')).toContain('port 2002');
		await rm(alive.folder, {recursive: true});
		await sweepAliases(paths, async () => true);
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe('Host mine\n');
		await expect(stat(paths.sshConfig)).rejects.toThrow('ENOENT');
	});
});

const canForbid =
	process.getuid?.() === 0 &&
	spawnSync('unshare', ['-m', 'true']).status === 0 &&
	spawnSync('chattr', ['-V']).error === undefined;

describe.skipIf(!canForbid || !hasSshd)('a config that may not be written (needs root, chattr and ssh)', () => {
	test('one that is locked stays as it is; the end of the run is no failure either', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host a\n');
		execFileSync('chattr', ['+i', paths.userSshConfig]);
		onTestFinished(() => void execFileSync('chattr', ['-i', paths.userSshConfig]));
		const target = await cannotUse(paths, /may not be written/);
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe('Host a\n');
		expect(await removeAliases(paths, target.folder, noneLeft)).toBeUndefined();
	});

	test('where the person followed the advice, nothing is to be complained of at the end', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host a\n');
		const lock = (sign: string) => void execFileSync('chattr', [`${sign}i`, paths.userSshConfig]);
		lock('+');
		onTestFinished(() => lock('-'));
		const target = await cannotUse(paths, /may not be written/);
		lock('-');
		await writeUserConfig(paths, `${includeLine(paths.sshConfig)}\nHost a\n`);
		lock('+');
		expect(await installAliases(paths, target)).toBeUndefined();
		expect(sshCommand(paths, name)).not.toContain(paths.sshConfig);
		expect(await removeAliases(paths, target.folder, noneLeft)).toBeUndefined();
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe(`${includeLine(paths.sshConfig)}\nHost a\n`);
	});

	test('one that was locked after our line was written is told of at the end', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host a\n');
		const target = await aliasTarget(paths, name);
		await installAliases(paths, target);
		execFileSync('chattr', ['+i', paths.userSshConfig]);
		onTestFinished(() => void execFileSync('chattr', ['-i', paths.userSshConfig]));
		const trouble = await removeAliases(paths, target.folder, noneLeft);
		expect(trouble?.why).toMatch(/may not be written/);
		expect(spawnSync('ssh', ['-G', '-F', paths.userSshConfig, 'a']).status).toBe(0);
	});

	test('a folder that is locked: the file itself is written', async () => {
		const paths = await sshPlaces();
		await writeUserConfig(paths, 'Host a\n');
		const folder = path.dirname(paths.userSshConfig);
		execFileSync('chattr', ['+i', folder]);
		onTestFinished(() => void execFileSync('chattr', ['-i', folder]));
		const target = await aliasTarget(paths, name);
		expect(await installAliases(paths, target)).toBeUndefined();
		expect(sshReads(paths.userSshConfig, name)).toContain('port 2001');
		await removeAliases(paths, target.folder, noneLeft);
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe('Host a\n');
	});

	test('a link into a store that is read-only', async () => {
		const paths = await sshPlaces();
		const store = path.join(paths.home, 'store');
		await mkdir(store);
		await writeFile(path.join(store, 'config'), 'Host a\n', {mode: 0o444});
		await mkdir(path.dirname(paths.userSshConfig));
		await symlink(path.join(store, 'config'), paths.userSshConfig);
		execFileSync('mount', ['--bind', store, store]);
		onTestFinished(() => void execFileSync('umount', [store]));
		execFileSync('mount', ['-o', 'remount,bind,ro', store]);
		await cannotUse(paths, /nothing can be written/);
		expect(await readlink(paths.userSshConfig)).toBe(path.join(store, 'config'));
	});
});
