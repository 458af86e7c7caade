import {chmod, mkdir, readFile, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import type {Paths} from '../../source/system/paths.js';
import {installAliases, removeAliases} from '../../source/tunnel/ssh-config/install-aliases.js';
import {temporaryFolder} from '../support/folders.js';
import {hasSshd, sshReads} from '../support/sshd.js';

async function makePaths(home?: string): Promise<Paths> {
	const root = home ?? (await temporaryFolder());
	return {
		config: path.join(root, 'state'),
		secrets: path.join(root, 'state', 'secrets'),
		home: root,
		runs: path.join(root, 'state', 'runs'),
		caches: path.join(root, 'state', 'caches'),
		stepTimes: '',
		brought: '/unused',
		ledger: '',
		fetched: path.join(root, 'state', 'fetched'),
		catalogue: path.join(root, 'state', 'catalog'),
		sshConfig: path.join(root, 'state', 'ssh', 'config'),
		userSshConfig: path.join(root, '.ssh', 'config'),
		sshReadsUserConfig: false,
	};
}

async function target(paths: Paths, name: string, port: number) {
	const folder = path.join(paths.runs, name);
	await mkdir(folder, {recursive: true});
	return {name, host: '127.0.0.1', port, user: 'someone', folder};
}

const noneLeft = async () => false;

describe('ssh config', () => {
	test('the Include is the first line and every other byte stays, through the whole life of two runs', async () => {
		const paths = await makePaths();
		const original = Buffer.from([
			...Buffer.from('# mine\r\nHost *\n\tUser caf'),
			0xe9,
			0xff,
			0x00,
			...Buffer.from('\nno newline at the end'),
		]);
		await mkdir(path.dirname(paths.userSshConfig));
		await writeFile(paths.userSshConfig, original, {mode: 0o644});
		await installAliases(paths, await target(paths, 'fast-moth-1', 2001));
		await installAliases(paths, await target(paths, 'calm-owl-1', 2002));
		const during = await readFile(paths.userSshConfig);
		expect(during.toString('latin1').split('\n')[0]).toBe(`Include "${paths.sshConfig}"`);
		expect(during.subarray(during.indexOf(0x0a) + 1).equals(original)).toBe(true);
		await removeAliases(paths, path.join(paths.runs, 'fast-moth-1'), async () => true);
		expect((await readFile(paths.userSshConfig)).equals(during)).toBe(true);
		await removeAliases(paths, path.join(paths.runs, 'calm-owl-1'), noneLeft);
		expect((await readFile(paths.userSshConfig)).equals(original)).toBe(true);
		expect((await stat(paths.userSshConfig)).mode & 0o777).toBe(0o644);
	});

	test('a config that was not there is not there again afterwards', async () => {
		const paths = await makePaths();
		await installAliases(paths, await target(paths, 'fast-moth-1', 2001));
		expect((await stat(paths.userSshConfig)).mode & 0o777).toBe(0o600);
		expect((await stat(path.dirname(paths.userSshConfig))).mode & 0o777).toBe(0o700);
		await removeAliases(paths, path.join(paths.runs, 'fast-moth-1'), noneLeft);
		await expect(stat(path.dirname(paths.userSshConfig))).rejects.toThrow('ENOENT');
	});

	test('what the person wrote in the meantime stays', async () => {
		const paths = await makePaths();
		await installAliases(paths, await target(paths, 'fast-moth-1', 2001));
		await writeFile(paths.userSshConfig, `${await readFile(paths.userSshConfig, 'utf8')}Host mine\n`);
		await removeAliases(paths, path.join(paths.runs, 'fast-moth-1'), noneLeft);
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe('Host mine\n');
	});

	test('a linked config is written where it lies, and stays a link', async () => {
		const paths = await makePaths();
		const real = path.join(paths.config, 'dotfiles-ssh-config');
		await mkdir(paths.config, {recursive: true});
		await mkdir(path.dirname(paths.userSshConfig));
		await writeFile(real, 'Host a\n');
		await chmod(real, 0o640);
		await symlink(real, paths.userSshConfig);
		await installAliases(paths, await target(paths, 'fast-moth-1', 2001));
		expect(await readFile(real, 'utf8')).toBe(`Include "${paths.sshConfig}"\nHost a\n`);
		await removeAliases(paths, path.join(paths.runs, 'fast-moth-1'), noneLeft);
		expect(await readFile(real, 'utf8')).toBe('Host a\n');
		expect((await stat(real)).mode & 0o777).toBe(0o640);
	});

	test('many at once do not lose each other', async () => {
		const paths = await makePaths();
		const targets = await Promise.all(Array.from({length: 8}, async (_, index) => target(paths, `run-${index}`, 3000 + index)));
		await Promise.all(targets.map(async each => installAliases(paths, each)));
		expect((await readFile(paths.userSshConfig, 'utf8')).match(/Include/g)).toHaveLength(1);
	});

	test('a lock that another program took over meanwhile throws from no timer: what was done is done again, or fails', async () => {
		const paths = await makePaths();
		await mkdir(path.dirname(paths.userSshConfig));
		await writeFile(paths.userSshConfig, 'Host mine\n');
		const {folder} = await target(paths, 'fast-moth-1', 2001);
		const lock = `${path.dirname(paths.sshConfig)}.lock`;
		const past = new Date(0);
		const rob = async () => {
			await utimes(lock, past, past);
			// It looks at its lock every two and a half seconds.
			await new Promise(resolve => setTimeout(resolve, 3000));
		};

		await installAliases(paths, await target(paths, 'fast-moth-1', 2001));
		let turns = 0;
		const robbedOnce = async () => {
			if (++turns === 1) {
				await rob();
			}

			return false;
		};

		expect(await removeAliases(paths, folder, robbedOnce)).toBeUndefined();
		expect(turns).toBe(2);
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe('Host mine\n');
		const robbed = async () => rob().then(() => false);
		await expect(removeAliases(paths, folder, robbed)).rejects.toMatchObject({
			name: 'Problem',
			message: expect.stringContaining('Another program holds') as string,
		});
	});

	test.skipIf(!hasSshd)('the real ssh reads it as it is meant, whatever the person’s own Host * says (needs ssh)', async () => {
		const root = path.join(await temporaryFolder(), 'a home with spaces');
		await mkdir(path.join(root, '.ssh'), {recursive: true});
		const paths = await makePaths(root);
		await writeFile(
			paths.userSshConfig,
			'Host *\n\tStrictHostKeyChecking no\n\tForwardAgent yes\n\tPort 99\n\tControlMaster auto\n\tControlPersist 10m\n',
		);
		await installAliases(paths, await target(paths, 'fast-moth-1', 2001));
		for (const alias of ['fast-moth-1', 'fast-moth-1-host']) {
			const read = sshReads(paths.userSshConfig, alias);
			for (const line of [
				'hostname 127.0.0.1',
				'port 2001',
				'user someone',
				'stricthostkeychecking true',
				'serveraliveinterval 15',
				'serveralivecountmax 3',
				'identitiesonly yes',
				'forwardagent no',
				'controlmaster false',
				`identityfile ${path.join(paths.runs, 'fast-moth-1', 'id_ed25519')}`,
				`userknownhostsfile ${path.join(paths.runs, 'fast-moth-1', 'known_hosts')}`,
			]) {
				expect(`\n${read}`).toContain(`\n${line}\n`);
			}
		}

		expect(sshReads(paths.userSshConfig, 'another-host')).toContain('port 99');
	});

	test.skipIf(!hasSshd)(
		'an environment on a machine is reached through it, and an agent is lent where that is asked for (needs ssh)',
		async () => {
			const paths = await makePaths();
			await writeFile(path.join(paths.home, 'unused'), '');
			const machine = await target(paths, 'fast-moth-1', 2001);
			await installAliases(paths, {...machine, inside: {port: 10_022, user: 'dev'}});
			const inside = sshReads(paths.userSshConfig, 'fast-moth-1');
			for (const line of [
				'hostname 127.0.0.1',
				'port 10022',
				'user dev',
				'proxyjump fast-moth-1-host',
				'hostkeyalias fast-moth-1',
				'forwardagent no',
			]) {
				expect(`\n${inside}`).toContain(`\n${line}\n`);
			}

			const outside = sshReads(paths.userSshConfig, 'fast-moth-1-host');
			for (const line of ['port 2001', 'user someone', 'hostkeyalias fast-moth-1-host']) {
				expect(`\n${outside}`).toContain(`\n${line}\n`);
			}

			expect(outside).not.toContain('proxyjump');
			await installAliases(paths, {...machine, inside: {port: 10_022, user: 'dev'}, forwardAgent: true});
			const lent = sshReads(paths.userSshConfig, 'fast-moth-1');
			expect(lent).toContain('forwardagent yes');
			expect(lent).not.toContain('identityagent none');
			expect(sshReads(paths.userSshConfig, 'fast-moth-1-host')).toContain('forwardagent no');
		},
	);
});
