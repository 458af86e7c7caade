import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {beforeAll, describe, expect, test} from 'vitest';
import {stepFunctions} from '../../../source/environment/machine/engine.js';
import {signingKeyFunction} from '../../../source/environment/machine/signing-key.js';
import {nvidiaKey, toolkitFunctions} from '../../../source/environment/machine/toolkit.js';
import {temporaryFolder} from '../../support/folders.js';
import {hasCommand} from '../../support/program.js';

const shells = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(([name = '']) => hasCommand(name));
const hasGpg = hasCommand('gpg');
if (!hasGpg) {
	console.warn('the key of a repository: skipped, gpg is missing, which makes keys');
}

type Key = {readonly fingerprint: string; readonly armored: string};

/** Keys of several kinds. */
function makeKeys(): Key[] {
	const home = mkdtempSync(path.join(tmpdir(), 'dt-keys-'));
	const gpg = (...words: string[]) =>
		execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...words], {
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'],
		});
	const keys = ['rsa2048', 'rsa4096', 'ed25519'].map((kind, index) => {
		const name = `Key ${index} <key${index}@example.org>`;
		gpg('--quick-generate-key', name, kind, 'sign', 'never');
		const fingerprint = /^fpr:+([\dA-F]{40}):/m.exec(gpg('--with-colons', '--list-keys', name))?.[1] ?? '';
		if (kind === 'rsa4096') {
			// As NVIDIA's has one.
			gpg('--quick-add-key', fingerprint, 'rsa2048', 'sign', 'never');
		}

		return {fingerprint, armored: gpg('--armor', '--export', fingerprint)};
	});
	execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], {stdio: 'ignore'});
	rmSync(home, {recursive: true, force: true, maxRetries: 5});
	return keys;
}

let made: Key[] | undefined;

describe.skipIf(!hasGpg).each(shells.map(shell => [shell.join(' '), shell] as const))(
	'the key of a repository, in %s',
	(_, shell) => {
		let keys: Key[] = [];
		beforeAll(() => {
			made ??= makeKeys();
			keys = made;
		});

		async function pin(text: string, fingerprint: string) {
			const file = path.join(await temporaryFolder(), 'key');
			writeFileSync(file, text);
			const [name = '', ...words] = shell;
			const script = `${signingKeyFunction}pinned_key ${file} ${fingerprint}; code=$?; echo "$found" >&2; exit $code`;
			const {status, stdout, stderr} = spawnSync(name, [...words, '-s'], {input: script, encoding: 'utf8'});
			return {status, stdout, found: stderr.trim()};
		}

		test('is known by its fingerprint, and comes out as it went in', async () => {
			for (const {armored, fingerprint} of keys) {
				const {status, stdout} = await pin(armored, fingerprint);
				expect(status).toBe(0);
				expect(stdout.trim()).toBe(armored.replaceAll('\r', '').trim());
				const shown = execFileSync('gpg', ['--homedir', await temporaryFolder(), '--with-colons', '--show-keys'], {
					input: stdout,
					encoding: 'utf8',
					stdio: ['pipe', 'pipe', 'ignore'],
				});
				expect(/^fpr:+([\dA-F]{40}):/m.exec(shown)?.[1]).toBe(fingerprint);
			}
		});

		test('comes out without what stands around it', async () => {
			const [key] = keys as [Key];
			const around = `<html>\n${key.armored.replace('BLOCK-----\n', 'BLOCK-----\nComment: bXkga2V5\n')}\nmore\n`;
			expect(await pin(around, key.fingerprint)).toMatchObject({status: 0, stdout: key.armored});
		});

		test('is refused where it is another, more than one, or none', async () => {
			const [one, two, three] = keys as [Key, Key, Key];
			expect(await pin(two.armored, one.fingerprint)).toEqual({status: 1, stdout: '', found: two.fingerprint});
			const raw = ({armored}: Key) => Buffer.from((/\n\n([^=]+=*)\n/.exec(armored)?.[1] ?? '').replaceAll('\n', ''), 'base64');
			const armor = (bytes: Buffer) =>
				`-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${bytes.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END PGP PUBLIC KEY BLOCK-----\n`;
			expect(await pin(armor(raw(one)), one.fingerprint)).toMatchObject({status: 0});
			for (const text of [
				one.armored + two.armored,
				armor(Buffer.concat([raw(one), raw(three)])),
				armor(Buffer.concat([raw(three), raw(one)])),
				armor(raw(one).subarray(0, 200)),
				armor(Buffer.concat([raw(one), Buffer.from([0x99])])),
				armor(Buffer.concat([raw(one), Buffer.from('deb')])),
				one.armored.replace(/-----END.*/s, ''),
				'<html>Sign in to this network</html>',
				'',
			]) {
				expect(await pin(text, one.fingerprint), text.slice(0, 100)).toEqual({status: 1, stdout: '', found: 'no key'});
			}
		});

		/** Adds the repository on a machine whose system folders are below `folder`, and which gets this key. */
		async function add(manager: 'apt-get' | 'dnf', {armored}: Key, pinned: string) {
			const folder = await temporaryFolder();
			const bin = path.join(folder, 'bin');
			for (const name of ['bin', 'etc/apt/sources.list.d', 'etc/yum.repos.d', 'usr/share/keyrings']) {
				mkdirSync(path.join(folder, name), {recursive: true});
			}

			writeFileSync(path.join(folder, 'gpgkey'), armored);
			const [name = '', ...words] = shell;
			const script = `${stepFunctions}${toolkitFunctions}
fetch() { [ "$1" = https://nvidia.github.io/libnvidia-container/gpgkey ] && cat '${folder}/gpgkey'; }
command() { if [ "$2" = apt-get ] || [ "$2" = dnf ]; then [ "$2" = ${manager} ]; else echo "$2"; fi; }
add_repository`
				.replaceAll(nvidiaKey, pinned)
				.replaceAll(/=(\/(?:usr|etc)\/)/g, `=${folder}$1`);
			const {status, stdout} = spawnSync(name, [...words, '-s'], {
				input: script,
				encoding: 'utf8',
				env: {...process.env, STEP_FOLDER: bin},
			});
			const read = (file: string) =>
				existsSync(path.join(folder, file)) ? readFileSync(path.join(folder, file), 'utf8') : undefined;
			return {folder, status, stdout, next: read('bin/next'), read};
		}

		test("is what NVIDIA's repository is believed by, with nothing else of theirs", async () => {
			const [key] = keys as [Key];
			const apt = await add('apt-get', key, key.fingerprint);
			expect(apt).toMatchObject({status: 0});
			const place = 'usr/share/keyrings/nvidia-container-toolkit-keyring.asc';
			expect(apt.read(place)).toBe(key.armored);
			expect(apt.read('etc/apt/sources.list.d/nvidia-container-toolkit.list')).toBe(
				`deb [signed-by=${apt.folder}/${place}] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /\n`,
			);

			const dnf = await add('dnf', key, key.fingerprint);
			expect(dnf).toMatchObject({status: 0});
			const file = 'etc/pki/rpm-gpg/RPM-GPG-KEY-nvidia-container-toolkit';
			expect(dnf.read(file)).toBe(key.armored);
			expect(dnf.read('etc/yum.repos.d/nvidia-container-toolkit.repo')?.split('\n')).toEqual([
				'[nvidia-container-toolkit]',
				'name=nvidia-container-toolkit',
				'baseurl=https://nvidia.github.io/libnvidia-container/stable/rpm/$basearch',
				'repo_gpgcheck=1',
				'gpgcheck=0',
				'enabled=1',
				`gpgkey=file://${dnf.folder}/${file}`,
				'sslverify=1',
				'',
			]);
		});

		test('that is not the one written down ends the step, with both and what to do', async () => {
			for (const manager of ['apt-get', 'dnf'] as const) {
				const [one, two] = keys as [Key, Key];
				const {status, stdout, next, folder} = await add(manager, two, one.fingerprint);
				expect({status, stdout}).toEqual({
					status: 1,
					stdout: `the key that https://nvidia.github.io/libnvidia-container gives out is not NVIDIA's: its fingerprint is ${two.fingerprint}, and was to be ${one.fingerprint}\n`,
				});
				expect(next).toMatch(/^Nothing was installed\. Choose a machine image with the toolkit in it/);
				const made = readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter(name => name.includes('nvidia'));
				expect(made).toEqual([]);
			}
		});
	},
);
