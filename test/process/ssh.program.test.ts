import {createHash, randomBytes} from 'node:crypto';
import {chmod, mkdir, readFile, stat, symlink, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {findSftpServer} from '../../source/backends/local/process/session.js';
import {eventually, hasCommand, makeWorld, objects, type World} from '../support/program.js';
import {freePort} from '../support/sshd.js';

const configuration = 'type: dev-environment\nenv:\n  - GREETING=hello there\nide: vscode\n';

/** A repository with one of each kind of change, and its environment, ready and let go of. */
async function ready(files: Readonly<Record<string, string>> = {}): Promise<World & {name: string; workspace: string}> {
	const world = await makeWorld();
	await world.write({
		'.dstack.yml': configuration,
		'.gitignore': 'ignored\n',
		'kept.txt': 'kept\n',
		'changed.txt': 'before\n',
		...files,
	});
	world.git('init', '-q');
	world.git('add', '-A');
	world.git('commit', '-qm', 'First');
	await world.write({'changed.txt': 'after\n', 'neu ä\n2.txt': 'new\n', ignored: 'no\n'});
	await symlink('kept.txt', path.join(world.project, 'link'));
	const {code, stdout, stderr} = await world.cli(['run', '.', '-y', '-d', '--json']);
	expect(code, stderr + stdout).toBe(0);
	const connected = objects<{type: string; name: string; workspace: string; ide: string}>(stdout).find(
		({type}) => type === 'connected',
	);
	expect(connected?.ide).toBe(`vscode://vscode-remote/ssh-remote+${connected?.name}${connected?.workspace}`);
	return {...world, name: connected?.name ?? '', workspace: connected?.workspace ?? ''};
}

describe.skipIf(!hasCommand('ssh'))(
	'the real ssh, scp, sftp, rsync and git through the alias, while the program is not running',
	() => {
		test('commands: the folder, variables, exit codes, streams and input are those of a login there', async () => {
			const {run, sshOptions, name, workspace, git} = await ready();
			const ssh = async (...args: string[]) => run('ssh', [...sshOptions, name, ...args]);
			expect(await ssh('pwd; echo "$GREETING"; echo to-stderr >&2; exit 7')).toMatchObject({
				code: 7,
				stdout: `${workspace}\nhello there\n`,
				stderr: 'to-stderr\n',
			});
			expect((await ssh('git status --porcelain')).stdout).toBe(git('status', '--porcelain'));
			expect((await ssh('git log --oneline')).stdout).toBe(git('log', '--oneline'));
			expect((await ssh('ls ignored')).code).not.toBe(0);
			const bytes = randomBytes(3_000_000);
			const hash = createHash('sha256').update(bytes).digest('hex');
			expect((await run('ssh', [...sshOptions, name, 'sha256sum'], {input: bytes})).stdout).toContain(hash);
			expect((await ssh('kill -TERM $$')).code).not.toBe(0);
		});

		test('files: scp in its own protocol and rsync, there and back', async () => {
			const {run, sshOptions, name, project, workspace} = await ready();
			const file = path.join(project, 'big file');
			const bytes = randomBytes(5_000_000);
			await writeFile(file, bytes, {mode: 0o640});
			const there = `${workspace}/copied there`;
			expect(await run('scp', ['-O', '-p', ...sshOptions, file, `${name}:'${there}'`])).toMatchObject({code: 0});
			expect((await readFile(there)).equals(bytes)).toBe(true);
			expect((await stat(there)).mode & 0o777).toBe(0o640);
			if (hasCommand('rsync')) {
				await chmod(file, 0o755);
				const remote = `ssh ${sshOptions.join(' ')}`;
				expect(await run('rsync', ['-a', '-e', remote, `${project}/`, `${name}:${workspace}/mirror/`])).toMatchObject({code: 0});
				const dry = await run('rsync', ['-ani', '--delete', '-e', remote, `${project}/`, `${name}:${workspace}/mirror/`]);
				expect(dry).toMatchObject({code: 0, stdout: ''});
			}
		});

		test.skipIf(!findSftpServer())('files: scp over SFTP and sftp, there and back (needs sftp-server)', async () => {
			const {run, sshOptions, name, project, workspace, home} = await ready();
			const file = path.join(project, 'big file');
			const bytes = randomBytes(5_000_000);
			await writeFile(file, bytes, {mode: 0o640});
			const there = `${workspace}/copied there`;
			expect(await run('scp', ['-s', '-p', ...sshOptions, file, `${name}:${there}`])).toMatchObject({code: 0});
			expect((await readFile(there)).equals(bytes)).toBe(true);
			expect((await stat(there)).mode & 0o777).toBe(0o640);
			const back = path.join(home, 'back');
			expect(await run('sftp', ['-b', '-', ...sshOptions, name], {input: `get "${there}" ${back}\n`})).toMatchObject({code: 0});
			expect((await readFile(back)).equals(bytes)).toBe(true);
		});

		test('git: clone from there, push to there', async () => {
			const {run, sshOptions, name, workspace, home, git} = await ready();
			const env = {GIT_SSH_COMMAND: `ssh ${sshOptions.join(' ')}`};
			const clone = path.join(home, 'clone');
			expect(await run('git', ['clone', '-q', `${name}:${workspace}`, clone], {env})).toMatchObject({code: 0});
			expect((await run('git', ['rev-parse', 'HEAD'], {cwd: clone})).stdout).toBe(git('rev-parse', 'HEAD'));
			await run('git', ['checkout', '-qb', 'topic'], {cwd: clone});
			await run('git', ['commit', '-q', '--allow-empty', '-m', 'Topic'], {cwd: clone});
			expect(await run('git', ['push', '-q', 'origin', 'topic'], {cwd: clone, env})).toMatchObject({code: 0});
			expect((await run('ssh', [...sshOptions, name, 'git rev-parse topic'])).stdout).toBe(
				(await run('git', ['rev-parse', 'HEAD'], {cwd: clone})).stdout,
			);
		});

		test('forwards: -L and -D reach a server there, and only on the loopback', async () => {
			const {run, sshOptions, name} = await ready();
			const server = createServer((_request, response) => response.end('served'));
			await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
			onTestFinished(() => void server.close());
			const target = (server.address() as AddressInfo).port;
			const [local, dynamic] = [await freePort(), await freePort()];
			const tunnel = await startTunnel(run, [
				...sshOptions,
				'-L',
				`127.0.0.1:${local}:127.0.0.1:${target}`,
				'-D',
				`127.0.0.1:${dynamic}`,
				'-N',
				'-f',
				name,
			]);
			expect(tunnel.code, tunnel.stderr).toBe(0);
			const curl = async (...args: string[]) => run('curl', ['-sS', '--max-time', '5', '--noproxy', '', ...args]);
			expect(
				(
					await eventually(
						async () => curl(`http://127.0.0.1:${local}/`),
						({code}) => code === 0,
					)
				).stdout,
			).toBe('served');
			expect((await curl('-x', `socks5h://127.0.0.1:${dynamic}`, `http://127.0.0.1:${target}/`)).stdout).toBe('served');
			expect((await curl('-x', `socks5h://127.0.0.1:${dynamic}`, `http://192.0.2.1:${target}/`)).code).not.toBe(0);
			await run('pkill', ['-f', `127.0.0.1:${local}:127.0.0.1:${target}`]);
			const refused = await run('ssh', [...sshOptions, '-W', `192.0.2.1:${target}`, name]);
			expect(refused.stderr).toContain('administratively prohibited: 192.0.2.1 is not this machine');
			const closed = await run('ssh', [...sshOptions, '-W', `127.0.0.1:${dynamic}`, name]);
			expect(closed.stderr).toMatch(/connect failed: .*ECONNREFUSED/);
		});

		test('a terminal: a pseudo-terminal of the size that is asked for, or a plain shell that says so', async () => {
			const world = await ready();
			const {run, sshOptions, name} = world;
			const shell = await run('script', ['-qec', `stty rows 31 cols 97; ssh ${sshOptions.join(' ')} -tt ${name}`, '/dev/null'], {
				input: 'stty size; tty; exit 3\n',
			});
			expect(shell.stdout).toMatch(/31 97/);
			expect(shell.stdout).toMatch(/\/dev\/(pts\/\d+|tty)/);
			expect(shell.code).toBe(3);
			await world.cli(['stop', name, '-y']);
			const plain = await world.cli(['run', '.', '-n', 'plain', '-y', '-d', '--json'], {env: {DSTACK_TUI_NO_PTY: '1'}});
			expect(plain.code).toBe(0);
			const second = await run('script', ['-qec', `ssh ${sshOptions.join(' ')} plain`, '/dev/null'], {
				input: 'echo "$GREETING" in $(pwd); exit 3\n',
			});
			expect(second.stdout).toContain('No pseudo-terminal: the optional package');
			expect(second.stdout).toMatch(/hello there in .*\/plain/);
			expect(second.code).toBe(3);
		});

		test('keys: another key, a password and another host key are refused', async () => {
			const {run, sshOptions, name, home} = await ready();
			const other = path.join(home, 'other');
			await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other]);
			const [hostname, port, user] = await Promise.all(
				['hostname', 'port', 'user'].map(
					async key => (await run('ssh', ['-G', ...sshOptions, name])).stdout.match(new RegExp(`^${key} (.*)$`, 'm'))?.[1] ?? '',
				),
			);
			expect(hostname).toBe('127.0.0.1');
			const plain = [
				'-F',
				'none',
				'-p',
				port ?? '',
				'-o',
				'BatchMode=yes',
				'-o',
				'UserKnownHostsFile=/dev/null',
				'-o',
				'IdentitiesOnly=yes',
			];
			const wrong = await run('ssh', [...plain, '-o', 'StrictHostKeyChecking=no', '-i', other, `${user}@${hostname}`, 'true']);
			expect(wrong.code).toBe(255);
			expect(wrong.stderr).toContain('Permission denied (publickey)');
			const unknown = await run('ssh', [
				...sshOptions,
				'-o',
				`UserKnownHostsFile=${await otherHostKey(run, home, name)}`,
				name,
				'true',
			]);
			expect(unknown.code).toBe(255);
			expect(unknown.stderr).toMatch(/host key|verification failed/i);
		});

		test('long sessions: keys are exchanged anew in the middle of a transfer', async () => {
			const {run, sshOptions, name} = await ready();
			const bytes = randomBytes(12_000_000);
			const echoed = await run('ssh', [...sshOptions, '-o', 'RekeyLimit=1M', name, 'sha256sum'], {input: bytes});
			expect(echoed.stdout).toContain(createHash('sha256').update(bytes).digest('hex'));
		});
	},
);

const startTunnel = async (run: World['run'], args: readonly string[]) => {
	// In the background it would hold the pipes of its output open.
	return run('sh', ['-c', 'exec "$0" "$@" >/dev/null 2>&1', 'ssh', ...args]);
};

async function otherHostKey(run: World['run'], home: string, name: string): Promise<string> {
	const folder = path.join(home, 'wrong-host');
	await mkdir(folder);
	await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(folder, 'key')]);
	const file = path.join(folder, 'known_hosts');
	const key = await readFile(path.join(folder, 'key.pub'), 'utf8');
	await writeFile(file, `${name} ${key}`);
	return file;
}
