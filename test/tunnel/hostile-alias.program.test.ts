import {access, mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {knownHostsFile} from '../../source/tunnel/ssh-config/alias-file.js';
import {installAliases} from '../../source/tunnel/ssh-config/install-aliases.js';
import {runSsh} from '../../source/tunnel/ssh-config/run-ssh.js';
import {adoptNextHostKey, writeNextHostKey, writeRunFiles} from '../../source/runs/journal/run-folder.js';
import {RefusedValue} from '../../source/system/values.js';
import {temporaryFolder} from '../support/folders.js';
import {hostileTexts, hostileValues} from '../support/hostile.js';
import {hasSshd} from '../support/sshd.js';
import {sshPlaces} from '../support/ssh-places.js';

const isThere = async (file: string): Promise<boolean> =>
	access(file).then(
		() => true,
		() => false,
	);

test.skipIf(!hasSshd)('an address that is a command to ssh is written nowhere, and `ssh NAME-host` runs nothing', async () => {
	const home = await temporaryFolder();
	const paths = await sshPlaces(home);
	const folder = path.join(paths.runs, 'fast-moth-1');
	const touched = path.join(home, 'touched');
	await mkdir(folder, {recursive: true});
	const good = {name: 'fast-moth-1', folder, host: '127.0.0.1', port: 9, user: 'root'};
	expect(await installAliases(paths, good)).toBeUndefined();
	const trouble = await installAliases(paths, {...good, host: `203.0.113.9\n\tProxyCommand touch ${touched}`});
	expect(trouble?.why).toMatch(
		/^`ssh fast-moth-1` leads nowhere: the address of the instance is refused: '203\.0\.113\.9\\u\{a\}\\u\{9\}ProxyCommand/,
	);
	await runSsh(['-F', paths.userSshConfig, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=1', 'fast-moth-1-host', 'true'], {
		limit: 5000,
	});
	expect(await isThere(touched)).toBe(false);
	// Nor does the file of before lead anywhere.
	expect(await isThere(path.join(folder, 'ssh.config'))).toBe(false);
	expect(await installAliases(paths, good)).toBeUndefined();
	expect(await isThere(path.join(folder, 'ssh.config'))).toBe(true);
});

test('whatever stands in a journal as address, port, user or name: the aliases hold what was meant, or are not there', async () => {
	const home = await temporaryFolder();
	const paths = await sshPlaces(home);
	const folder = path.join(paths.runs, 'fast-moth-1');
	const file = path.join(folder, 'ssh.config');
	await mkdir(folder, {recursive: true});
	const good = {name: 'fast-moth-1', folder, host: '127.0.0.1', port: 9, user: 'root', inside: {port: 10_022, user: 'root'}};
	await installAliases(paths, good);
	const meant = (await readFile(file, 'utf8')).split('\n').map(line => line.trim().split(' ')[0]);
	for (const value of hostileValues) {
		for (const changes of [{host: value}, {port: value}, {user: value}, {name: value}, {inside: {port: 10_022, user: value}}]) {
			const trouble = await installAliases(paths, {...good, ...changes} as typeof good);
			if (trouble) {
				expect(trouble.why).toMatch(/^[ -~…]+$/);
				expect(await isThere(file)).toBe(false);
			} else {
				const lines = (await readFile(file, 'utf8')).split('\n');
				expect(lines.map(line => line.trim().split(' ')[0])).toEqual(meant);
			}
		}
	}
});

test('a host key that is a line more is trusted nowhere', async () => {
	const folder = await temporaryFolder();
	await writeRunFiles(folder, 'fast-moth-1', {env: {}, registryAuth: undefined});
	const file = path.join(folder, knownHostsFile);
	const before = await readFile(file, 'utf8');
	const key = await readFile(path.join(folder, 'environment_host_key.pub'), 'utf8');
	for (const text of hostileTexts.filter(each => each.trim() !== '')) {
		await writeFile(path.join(folder, 'environment_host_key.pub'), `${key.trim()}\n${text}\n`);
		await expect(writeNextHostKey(folder, 'fast-moth-1'), text).rejects.toBeInstanceOf(RefusedValue);
		await expect(adoptNextHostKey(folder, 'fast-moth-1'), text).rejects.toBeInstanceOf(RefusedValue);
		expect(await readFile(file, 'utf8')).toBe(before);
	}
});
