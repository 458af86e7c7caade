import {mkdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {copyKeysForWindows} from '../../source/tunnel/ssh-config/windows-copy.js';
import {installAliases, removeAliases} from '../../source/tunnel/ssh-config/install-aliases.js';
import {windowsProfile} from '../../source/system/wsl.js';
import {temporaryFolder} from '../support/folders.js';
import {aliasTarget, sshPlaces} from '../support/ssh-places.js';
import {hasSshd, sshReads} from '../support/sshd.js';

/** A Windows drive with people's folders, as WSL mounts it. */
async function drive(people: readonly string[], mount = 'mnt/c') {
	const root = await temporaryFolder();
	for (const person of people) {
		await mkdir(path.join(root, mount, 'Users', person), {recursive: true});
	}

	return root;
}

const wsl = {WSL_DISTRO_NAME: 'Debian'};
const usual = '/usr/bin:/mnt/c/Windows/System32:/mnt/c/Users/Ann B/AppData/Local/Microsoft/WindowsApps';

describe('the Windows profile that WSL belongs to', () => {
	test('the PATH names it, or USERPROFILE, or it is the only one', async () => {
		const root = await drive(['Ann B', 'bob', 'Public', 'Default']);
		const ann = {here: path.join(root, 'mnt/c/Users/Ann B'), there: 'C:/Users/Ann B'};
		expect(windowsProfile({...wsl, PATH: usual}, root)).toEqual(ann);
		expect(windowsProfile({...wsl, USERPROFILE: String.raw`C:\Users\Ann B`}, root)).toEqual(ann);
		expect(windowsProfile({...wsl, USERPROFILE: '/mnt/c/Users/Ann B'}, root)).toEqual(ann);
		expect(windowsProfile({...wsl, PATH: '/usr/bin'}, root)).toBeUndefined();
		const single = await drive(['ann', 'Public', 'All Users']);
		expect(windowsProfile({...wsl, PATH: ''}, single)?.there).toBe('C:/Users/ann');
	});

	test('another drive, mounted elsewhere', async () => {
		const root = await drive(['ann'], 'd');
		expect(windowsProfile({...wsl, PATH: '/usr/bin:/d/Users/ann/AppData/Local/x'}, root)).toBeUndefined();
		const usualMount = await drive(['ann'], 'win/d');
		expect(windowsProfile({...wsl, PATH: '/bin:/win/d/Users/ann/AppData/Local/x'}, usualMount)).toEqual({
			here: path.join(usualMount, 'win/d/Users/ann'),
			there: 'D:/Users/ann',
		});
	});

	test('nothing outside of WSL, and nothing without the drive', async () => {
		const root = await drive(['ann']);
		expect(windowsProfile({PATH: usual}, root)).toBeUndefined();
		expect(windowsProfile({...wsl, PATH: usual}, await temporaryFolder())).toBeUndefined();
	});
});

async function world(content?: string) {
	const root = await drive(['ann']);
	const windows = windowsProfile({...wsl, PATH: ''}, root);
	const paths = {...(await sshPlaces()), windows};
	const config = path.join(windows?.here ?? '', '.ssh', 'config');
	if (content !== undefined) {
		await mkdir(path.dirname(config));
		await writeFile(config, content);
	}

	const run = async (name: string, port: number) => {
		const target = await aliasTarget(paths, name, port);
		await writeFile(path.join(target.folder, 'id_ed25519'), `key of ${name}`, {mode: 0o600});
		await writeFile(path.join(target.folder, 'known_hosts'), `host of ${name}`, {mode: 0o600});
		return {...target, forWindows: true};
	};

	return {paths, config, run, profile: windows?.here ?? ''};
}

describe('Windows’ own ssh config, seen from WSL', () => {
	test('its first line includes our aliases with paths of Windows, and afterwards every byte is as it was', async () => {
		const content = 'Host a\r\n\tPort 5\r\n';
		const {paths, config, run, profile} = await world(content);
		const [one, two] = [await run('fast-moth-1', 2001), await run('calm-owl-1', 2002)];
		expect(await installAliases(paths, one)).toBeUndefined();
		expect(await installAliases(paths, {...two, inside: {port: 10_022, user: 'dev'}})).toBeUndefined();
		const text = await readFile(config, 'latin1');
		const [, ours = ''] = /^Include "C:\/Users\/ann\/([^"]+)"\r\nHost a\r\n/.exec(text) ?? [];
		const aliases = await readFile(path.join(profile, ours), 'utf8');
		const folder = `C:/Users/ann/${path.dirname(ours)}`;
		expect(aliases).toContain(`IdentityFile "${folder}/fast-moth-1/id_ed25519"`);
		expect(aliases).toContain(`UserKnownHostsFile "${folder}/calm-owl-1/known_hosts"`);
		expect(aliases).not.toContain(paths.runs);
		const copy = path.join(profile, path.dirname(ours), 'fast-moth-1');
		expect(await readFile(path.join(copy, 'id_ed25519'), 'utf8')).toBe('key of fast-moth-1');
		if (hasSshd) {
			const read = sshReads(path.join(profile, ours), 'calm-owl-1');
			expect(read).toContain('proxyjump calm-owl-1-host');
			expect(sshReads(path.join(profile, ours), 'fast-moth-1')).toContain('port 2001');
		}

		await writeFile(path.join(one.folder, 'known_hosts'), 'another');
		await copyKeysForWindows(one.folder);
		expect(await readFile(path.join(copy, 'known_hosts'), 'utf8')).toBe('another');
		await removeAliases(paths, one.folder, async () => true);
		expect(await readFile(path.join(profile, ours), 'utf8')).not.toContain('fast-moth-1');
		await expect(stat(copy)).rejects.toThrow('ENOENT');
		await removeAliases(paths, two.folder, async () => false);
		expect(await readFile(config, 'latin1')).toBe(content);
		await expect(stat(path.join(profile, '.dstack-tui'))).rejects.toThrow('ENOENT');
	});

	test('a config that was not there is not there again', async () => {
		const {paths, config, run} = await world();
		const target = await run('fast-moth-1', 2001);
		await installAliases(paths, target);
		expect(await readFile(config, 'utf8')).toMatch(/^Include "C:/);
		await removeAliases(paths, target.folder, async () => false);
		await expect(stat(path.dirname(config))).rejects.toThrow('ENOENT');
	});

	test('one that cannot be used is told of, and ssh in here works all the same', async () => {
		const {paths, config, run} = await world('');
		const marked = Buffer.from([0xef, 0xbb, 0xbf, ...Buffer.from('Host a\r\n')]);
		await writeFile(config, marked);
		const trouble = await installAliases(paths, await run('fast-moth-1', 2001));
		expect(trouble?.why).toMatch(/byte order mark/);
		expect((await readFile(config)).equals(marked)).toBe(true);
		expect(await readFile(paths.userSshConfig, 'utf8')).toContain(paths.sshConfig);
	});

	test('an editor of Linux: Windows’ files are left alone', async () => {
		const {paths, config, run} = await world('Host a\n');
		await installAliases(paths, {...(await run('fast-moth-1', 2001)), forWindows: false});
		expect(await readFile(config, 'utf8')).toBe('Host a\n');
	});
});
