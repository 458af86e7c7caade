import {chmod, mkdir, realpath, rm, writeFile} from 'node:fs/promises';
import {createServer, type Socket} from 'node:net';
import path from 'node:path';
import {userInfo} from 'node:os';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {checkSsh, type SshVerdict} from '../../source/tunnel/ssh-config/check-alias.js';
import {hostKeyAlias, installAliases} from '../../source/tunnel/ssh-config/install-aliases.js';
import {includeLine} from '../../source/tunnel/ssh-config/include-line.js';
import {runSsh} from '../../source/tunnel/ssh-config/run-ssh.js';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';
import {temporaryFolder} from '../support/folders.js';
import {aliasTarget, sshPlaces, writeUserConfig} from '../support/ssh-places.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

const name = 'fast-moth-1';

type Options = {lines?: readonly string[]; inside?: boolean; config?: string};

/** A run whose aliases lead to a real sshd; with `inside` through that one to a second one. */
async function world({lines, inside = false, config}: Options = {}) {
	const sshd = await makeSshd(await temporaryFolder(), {lines});
	const environment = inside ? await makeSshd(await temporaryFolder()) : undefined;
	const paths = await sshPlaces();
	if (config !== undefined) {
		await writeUserConfig(paths, config);
	}

	const target = await aliasTarget(paths, name, sshd.destination.port);
	const user = userInfo().username;
	const write = async (file: string, text: string) => writeFile(path.join(target.folder, file), text, {mode: 0o600});
	await write('id_ed25519', sshd.identity.private);
	await write('known_hosts', `${hostKeyAlias(name)} ${sshd.hostKey.public}\n${name} ${(environment ?? sshd).hostKey.public}\n`);
	if (environment) {
		// One key opens both.
		await environment.admit(sshd.identity.public);
	}

	await installAliases(paths, {
		...target,
		user,
		...(environment ? {inside: {port: environment.destination.port, user}} : {}),
	});
	const check = async (limit = 20_000, isPatient = true) => checkSsh({paths, name, folder: target.folder, limit, isPatient});
	return {sshd, environment, paths, target, check, write};
}

const works: SshVerdict = {status: 'works'};
const fails = (why: RegExp, next: RegExp | string = /./) => ({
	status: 'fails',
	why: expect.stringMatching(why) as string,
	next: (typeof next === 'string' ? expect.stringContaining(next) : expect.stringMatching(next)) as string,
});

describe.skipIf(!hasSshd)('whether ssh NAME works, asked of OpenSSH itself (needs sshd)', () => {
	test('it does; also through the machine, and with a login shell that talks', async () => {
		const direct = await world();
		expect(await direct.check()).toEqual(works);
		const through = await world({inside: true});
		expect(await through.check()).toEqual(works);
		const talking = await world({
			lines: ['ForceCommand echo hello; echo "$SSH_ORIGINAL_COMMAND" >/dev/null; eval "$SSH_ORIGINAL_COMMAND"'],
		});
		expect(await talking.check()).toEqual(works);
	});

	test('the Include is not there, is below a Host, or leads nowhere', async () => {
		const {paths, check} = await world({config: 'Host mine\n'});
		await writeUserConfig(paths, 'Host mine\n');
		expect(await check()).toEqual(fails(/does not include the environments/, includeLine(paths.sshConfig)));
		await writeUserConfig(paths, `Host mine\n\tPort 5\n${includeLine(paths.sshConfig)}\n`);
		expect(await check()).toEqual(fails(/^line 3 of .* only for what stands above it/, /first line/));
		await writeUserConfig(paths, `${includeLine(paths.sshConfig)}\nHost mine\n`);
		expect(await check()).toEqual(works);
		await rm(paths.sshConfig);
		expect(await check()).toEqual(fails(/cannot be read by ssh/));
		await rm(path.dirname(paths.userSshConfig), {recursive: true});
		expect(await check()).toEqual(fails(/Can.t open|cannot read|does not include/));
	});

	test('a setting before the Include wins: which one, and in which line', async () => {
		const {paths, check} = await world();
		await writeUserConfig(paths, `# mine\nPort 99\n${includeLine(paths.sshConfig)}\n`);
		expect(await check()).toEqual(fails(/^line 2 of .*config sets port to 99 for fast-moth-1/, /first line/));
	});

	test('a syntax error of the person’s stops ssh for every host: where it is', async () => {
		const {paths, check} = await world();
		await writeUserConfig(paths, `${includeLine(paths.sshConfig)}\nHost *\n\tPrt 5\n`);
		expect(await check()).toEqual(fails(/^line 3 of .*config stops ssh for every host: Bad configuration option: prt/));
		await writeUserConfig(paths, `${includeLine(paths.sshConfig)}\nHost *\n\tPort x\n`);
		expect(await check()).toEqual(fails(/^line 3 of .*config stops ssh for every host: Bad port 'x'/));
	});

	test('an old option that ssh complains of at every start is not the cause of anything', async () => {
		const {sshd, paths, check} = await world();
		const old = 'Host *\n\tRSAAuthentication no\n';
		await writeUserConfig(paths, `${includeLine(paths.sshConfig)}\n${old}`);
		expect(await check()).toEqual(works);
		await sshd.stop();
		expect(await check()).toEqual(fails(/cannot be reached at 127\.0\.0\.1:\d+: Connection refused/));
		await writeUserConfig(paths, `${includeLine(paths.sshConfig)}\n${old}\tPrt 5\n`);
		expect(await check()).toEqual(fails(/^line 4 of .*config stops ssh for every host: Bad configuration option: prt/));
	});

	test('a file that others may write is refused by ssh', async () => {
		const {paths, check} = await world();
		await chmod(paths.sshConfig, 0o666);
		expect(await check()).toEqual(fails(/ssh refuses .*ssh\/config/, /chmod 600/));
	});

	test('a RemoteCommand that came later is set back by the check itself', async () => {
		const {paths, check} = await world();
		await writeUserConfig(paths, `${includeLine(paths.sshConfig)}\nHost *\n\tRemoteCommand tmux\n\tRequestTTY force\n`);
		expect(await check()).toEqual(works);
	});

	test('another machine answers, the key is refused, nobody listens', async () => {
		const {sshd, check, write} = await world();
		await write('known_hosts', `${name}-host ${(await generateKeyPair('other')).public}\n`);
		expect(await check()).toEqual(fails(/another host key/, /do not trust/));
		await write('known_hosts', `${name}-host ${sshd.hostKey.public}\n`);
		expect(await check()).toEqual(works);
		await write('id_ed25519', (await generateKeyPair('other')).private);
		expect(await check()).toEqual(fails(/refuses the key/));
		await sshd.stop();
		expect(await check()).toEqual(fails(/cannot be reached at 127\.0\.0\.1:\d+: Connection refused/));
	});

	test('a key that others may read', async () => {
		const {target, check} = await world();
		await chmod(path.join(target.folder, 'id_ed25519'), 0o644);
		expect(await check()).toEqual(fails(/may be read by others/));
	});

	test('no cipher in common, by the person’s own settings', async () => {
		const {check} = await world({lines: ['Ciphers aes256-gcm@openssh.com'], config: 'Host *\n\tCiphers aes128-ctr\n'});
		expect(await check()).toEqual(fails(/no cipher in common/, /Ciphers/));
	});

	test('the way through: the machine is silent, or the environment’s own server is', async () => {
		const {sshd, environment, check} = await world({inside: true});
		await environment?.stop();
		expect(await check()).toEqual(
			fails(/fast-moth-1-host answers, but the environment’s own SSH server does not: Connection refused/),
		);
		await sshd.stop();
		expect(await check()).toEqual(fails(/fast-moth-1-host cannot be reached/));
	});

	test('a login shell that ends, or runs something else', async () => {
		const ending = await world({lines: ['ForceCommand echo "no such plan"; exit 3']});
		expect(await ending.check()).toEqual(fails(/ends with 3 .*no such plan/, /start files/));
		const other = await world({lines: ['ForceCommand echo menu']});
		expect(await other.check()).toEqual(fails(/does not run what it is given .*menu/));
	});

	test('one that does not come to an end is ended, with all that it started; in a hurry it is undecided', async () => {
		const hanging = await world({lines: ['ForceCommand sleep 1000']});
		expect(await hanging.check(3000)).toEqual(fails(/does not come to an end/, /ssh -v/));
		expect(await hanging.check(3000, false)).toEqual({status: 'undecided'});
	});

	test('a server that says nothing', async () => {
		const sockets = new Set<Socket>();
		const port = await freePort();
		const server = createServer(socket => void sockets.add(socket.on('error', () => undefined).resume())).listen(
			port,
			'127.0.0.1',
		);
		onTestFinished(() => {
			sockets.forEach(socket => socket.destroy());
			server.close();
		});
		const {paths, target, check} = await world();
		await installAliases(paths, {...target, port});
		const verdict = await check(3000);
		expect(verdict).toEqual(fails(/does not come to an end/));
		await vi.waitFor(() => expect([...sockets].every(socket => socket.readableEnded || socket.destroyed)).toBe(true));
	});

	test('no ssh at all', async () => {
		const {check} = await world();
		const empty = path.join(await temporaryFolder(), 'bin');
		await mkdir(empty);
		vi.stubEnv('PATH', empty);
		onTestFinished(() => void vi.unstubAllEnvs());
		expect(await check()).toEqual(fails(/no `ssh`/, /Install/));
	});

	test('an ssh that the system does not start is not called missing', async () => {
		const {check} = await world();
		const folder = await temporaryFolder();
		await writeFile(path.join(folder, 'ssh'), '', {mode: 0o644});
		vi.stubEnv('PATH', folder);
		onTestFinished(() => void vi.unstubAllEnvs());
		expect(await check()).toEqual(fails(/ssh cannot be started: .*EACCES/));
	});

	test('it runs where there is a folder, also when that of this program is gone', async () => {
		const folder = await temporaryFolder();
		await writeFile(path.join(folder, 'ssh'), '#!/bin/sh\npwd\n', {mode: 0o755});
		const [before, gone] = [process.cwd(), await temporaryFolder()];
		process.chdir(gone);
		onTestFinished(() => process.chdir(before));
		await rm(gone, {recursive: true});
		vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
		onTestFinished(() => void vi.unstubAllEnvs());
		for (const [home, where] of [
			[folder, await realpath(folder)],
			[path.join(folder, 'nothing'), '/'],
		] as const) {
			vi.stubEnv('HOME', home);
			expect(await runSsh([], {limit: 5000})).toMatchObject({code: 0, stdout: `${where}\n`, missing: false});
		}
	});
});
