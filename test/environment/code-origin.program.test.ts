import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {urlsOf} from '../../source/environment/code/origin.js';
import {copyCode} from '../../source/environment/code/upload.js';
import type {Link} from '../../source/system/link.js';
import {freePort} from '../support/sshd.js';
import {git, hasGit, hasTar, localLink, makePlaces, tryGit} from './support.js';
import {historyOf, treeOf} from './trees.js';

describe('where a machine may ask', () => {
	it.each([
		['https://me:secret@github.com/a/b.git', ['https://github.com/a/b.git']],
		['http://example.org/a', ['http://example.org/a']],
		['git@github.com:a/b.git', ['https://github.com/a/b.git', 'git@github.com:a/b.git']],
		['ssh://git@example.org/a/b', ['https://example.org/a/b', 'ssh://git@example.org/a/b']],
		['ssh://git:secret@example.org:2222/a', ['ssh://git@example.org:2222/a']],
		['/srv/a.git', []],
		['../a', []],
		['file:///srv/a.git', []],
		['ext::sh -c true', []],
		['-oProxyCommand=x:y', []],
		['', []],
	])('%s', (url, urls) => {
		expect(urlsOf(url)).toEqual(urls);
	});
});

const execPath = spawnSync('git', ['--exec-path'], {encoding: 'utf8'}).stdout?.trim() ?? '';
const hasDaemon = hasGit && spawnSync('ls', [path.join(execPath, 'git-daemon')], {stdio: 'ignore'}).status === 0;

/** Git's own server for a folder of repositories. */
async function serve(folder: string): Promise<{port: number; stop: () => void}> {
	const port = await freePort();
	const options = ['--reuseaddr', '--export-all', `--base-path=${folder}`, '--listen=127.0.0.1', `--port=${port}`];
	const server: ChildProcess = spawn(path.join(execPath, 'git-daemon'), [...options, folder], {stdio: 'ignore'});
	const stop = () => void server.kill('SIGKILL');
	onTestFinished(stop);
	for (;;) {
		const open = await new Promise(resolve => {
			const socket = connect(port, '127.0.0.1', () => {
				socket.destroy();
				resolve(true);
			});
			socket.once('error', () => resolve(false));
		});
		if (open) {
			return {port, stop};
		}
	}
}

const counted = (home: string, variables: Record<string, string> = {}) => {
	const link = localLink(home, variables);
	const count = {bytes: 0};
	const counting: Link = {
		...link,
		async exec(command, options = {}) {
			if (options.stdin && typeof options.stdin === 'object' && 'pipe' in options.stdin) {
				options.stdin.on('data', (piece: Buffer) => {
					count.bytes += piece.length;
				});
			}

			return link.exec(command, options);
		},
	};
	return {link: counting, count};
};

/** A clone of a served repository with 6 MB of history, and work on top that origin knows nothing of. */
async function cloned() {
	const places = await makePlaces();
	const {folder, here} = places;
	const origin = path.join(folder, 'origin');
	mkdirSync(origin);
	git(origin, 'init', '-q');
	writeFileSync(path.join(origin, 'big'), randomBytes(6_000_000));
	git(origin, 'add', '.');
	git(origin, 'commit', '-qm', 'big');
	git(origin, 'rm', '-q', 'big');
	writeFileSync(path.join(origin, 'a'), 'a\n'.repeat(5000));
	git(origin, 'add', '.');
	git(origin, 'commit', '-qm', 'small');
	git(origin, 'branch', 'other', 'HEAD~1');
	git(origin, 'tag', '-am', 'tagged', 'v1');
	const {port, stop} = await serve(folder);
	rmSync(here, {recursive: true});
	git(folder, 'clone', '-q', `git://127.0.0.1:${port}/origin`, here);
	git(here, 'gc', '-q');
	writeFileSync(path.join(here, 'a'), `${'a\n'.repeat(4999)}local\n`);
	git(here, 'commit', '-qam', 'local');
	git(here, 'tag', '-am', 'mine', 'v2');
	writeFileSync(path.join(here, 'a'), 'stashed');
	git(here, 'stash');
	writeFileSync(path.join(here, 'a'), 'dangling');
	git(here, 'commit', '-qam', 'dangling');
	const dangling = git(here, 'rev-parse', 'HEAD').trim();
	git(here, 'reset', '-q', '--hard', 'HEAD~1');
	git(here, 'reflog', 'expire', '--expire=now', 'HEAD', 'main');
	writeFileSync(path.join(here, 'staged'), 'staged');
	git(here, 'add', 'staged');
	writeFileSync(path.join(here, 'new'), 'new');
	return {...places, origin, stop, dangling};
}

describe.skipIf(!hasDaemon || !hasTar)("history from origin (needs git, git's daemon, tar)", () => {
	const same = (here: string, there: string, dangling: string) => {
		expect(treeOf(there)).toEqual(treeOf(here));
		expect(historyOf(there)).toEqual(historyOf(here));
		expect(git(there, 'cat-file', '-t', dangling)).toBe('commit\n');
		expect(git(there, 'fsck', '--full', '--dangling')).toContain(dangling);
		expect(readdirSync(there).filter(name => name.startsWith('.dstack'))).toEqual([]);
	};

	it('is fetched there, and only the rest is sent', async () => {
		const {here, home, context, dangling} = await cloned();
		const {link, count} = counted(home);
		const {note} = await copyCode(link, here, context, () => undefined, undefined, {fetch: true});
		expect(note).toMatch(/^3 files, .*; \S+ sent, history fetched from origin$/);
		expect(count.bytes).toBeLessThan(200_000);
		same(here, context.workspace, dangling);
	});

	it('is fetched as far as it is known here, when origin has gone on, and where it has forgotten a branch', async () => {
		const {here, home, origin, context, dangling} = await cloned();
		writeFileSync(path.join(origin, 'later'), randomBytes(3_000_000));
		git(origin, 'add', '.');
		git(origin, 'commit', '-qm', 'later');
		const first = counted(home);
		await copyCode(first.link, here, context, () => undefined, undefined, {fetch: true});
		expect(first.count.bytes).toBeLessThan(200_000);
		same(here, context.workspace, dangling);

		git(here, 'update-ref', 'refs/remotes/origin/forgotten', 'HEAD');
		git(origin, 'branch', '-f', 'main2', 'HEAD~1');
		const second = counted(home);
		const {note} = await copyCode(second.link, here, {...context, intentId: 'second'}, () => undefined, undefined, {fetch: true});
		expect(note).toContain('history fetched from origin');
		expect(second.count.bytes).toBeLessThan(200_000);
		same(here, context.workspace, dangling);
	});

	it.each(['a main tree', 'a linked working tree'])('is fetched once, though the link dies afterwards: %s', async kind => {
		const {here, folder, home, context, stop, dangling} = await cloned();
		const top = kind === 'a main tree' ? here : path.join(folder, 'linked');
		if (top !== here) {
			git(here, 'worktree', 'add', '-q', top, 'v1');
		}

		const {link} = counted(home);
		const dying: Link = {
			...link,
			async exec(command, options) {
				if (command.includes('settling') && command.includes('code-copied\nw=')) {
					throw new Error('the connection was lost');
				}

				return link.exec(command, options);
			},
		};
		await expect(copyCode(dying, top, context, () => undefined, undefined, {fetch: true})).rejects.toThrow(/lost/);
		stop();
		const {link: second, count} = counted(home);
		const {note} = await copyCode(second, top, context, () => undefined, undefined, {fetch: true});
		expect(note).toContain('history fetched from origin');
		expect(count.bytes).toBeLessThan(100_000);
		if (top === here) {
			same(here, context.workspace, dangling);
		} else {
			expect(git(context.workspace, 'log', '--all', '--format=%H')).toBe(git(here, 'log', '--all', '--format=%H'));
			expect(git(context.workspace, 'fsck', '--full', '--no-dangling')).toBe('');
		}
	});

	it('is sent where origin is gone, silent, refuses, or there is no git, and that is said', async () => {
		const {here, home, folder, context, stop, dangling} = await cloned();
		const logs: string[] = [];
		const copyAs = async (intentId: string, variables: Record<string, string> = {}) => {
			logs.length = 0;
			const {link, count} = counted(home, variables);
			const {note} = await copyCode(link, here, {...context, intentId}, ({log}) => logs.push(log ?? ''), undefined, {
				fetch: true,
			});
			expect(note).not.toContain('fetched');
			expect(count.bytes).toBeGreaterThan(6_000_000);
			same(here, context.workspace, dangling);
		};

		const bin = path.join(folder, 'bin');
		mkdirSync(bin);
		for (const name of (process.env['PATH'] ?? '').split(':').flatMap(each => {
			try {
				return readdirSync(each).map(file => path.join(each, file));
			} catch {
				return [];
			}
		})) {
			if (!path.basename(name).startsWith('git')) {
				try {
					symlinkSync(name, path.join(bin, path.basename(name)));
				} catch {
					// The first of a name counts.
				}
			}
		}

		await copyAs('no-git', {PATH: bin});
		expect(logs.join('')).toMatch(/no git there/);

		stop();
		await copyAs('gone');
		expect(logs.join('')).toMatch(/cannot be fetched there \(.*(?:refused|unable to connect).*\): all of it is sent/i);

		const silent = createServer(() => undefined);
		await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
		onTestFinished(() => void silent.close());
		const address = silent.address();
		git(here, 'config', 'remote.origin.url', `git://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/origin`);
		await copyAs('silent');
		expect(logs.join('')).toMatch(/no answer in 10 s/);

		git(here, 'config', 'remote.origin.url', path.join(folder, 'origin'));
		await copyAs('a folder');
		expect(logs.join('')).not.toMatch(/fetch/);
	}, 120_000);
});

describe.skipIf(!hasGit || !hasTar)('files that git makes there (needs git and tar)', () => {
	it('are the same in every byte and right, whatever filters and settings are around', async () => {
		const {here, home, context} = await makePlaces();
		git(here, 'init', '-q');
		git(here, 'config', 'filter.upper.clean', 'tr a-z A-Z');
		git(here, 'config', 'filter.upper.smudge', 'tr A-Z a-z');
		git(here, 'config', 'core.autocrlf', 'input');
		const write = (name: string, text: string | Buffer, mode = 0o644) => writeFileSync(path.join(here, name), text, {mode});
		write('.gitattributes', '*.up filter=upper\n*.crlf text eol=crlf\n*.id ident\n*.utf working-tree-encoding=UTF-16\n');
		mkdirSync(path.join(here, 'sub'));
		write('sub/.gitattributes', '*.txt eol=crlf\n');
		write('sub/a.txt', 'one\r\ntwo\r\n');
		write('x.up', 'lower');
		write('y.up', 'UPPER');
		write('x.crlf', 'one\r\n');
		write('x.id', '$Id$\n');
		write('x.utf', Buffer.from('\uFEFFwide\n', 'utf16le'));
		write('plain', randomBytes(100_000));
		write('run', randomBytes(1000), 0o755);
		write('tight', 'tight', 0o600);
		write('-rf', 'dash');
		write('new\nline', 'newline');
		write('later', 'later');
		git(here, 'add', '.');
		git(here, 'commit', '-qm', 'all');
		rmSync(path.join(here, 'x.id'));
		git(here, 'checkout', '--', 'x.id');
		git(here, 'update-index', '--assume-unchanged', 'later');
		write('later', 'LATER');
		write('meant', 'not yet');
		git(here, 'add', '-N', 'meant');
		symlinkSync('plain', path.join(here, 'link'));
		git(here, 'add', 'link');
		// What the environment itself has set must not change files either.
		writeFileSync(path.join(home, '.gitconfig'), '[core]\n\tautocrlf = true\n\teol = crlf\n[filter "upper"]\n\tsmudge = false\n');
		const before = [treeOf(here), historyOf(here)];
		const {link, count} = counted(home);
		await copyCode(link, here, context, () => undefined, undefined, {checkout: true});
		expect([treeOf(context.workspace), historyOf(context.workspace)]).toEqual(before);
		expect(count.bytes).toBeLessThan(190_000);
		expect(tryGit(context.workspace, 'status', '--porcelain')).toBe(tryGit(here, 'status', '--porcelain'));
	});
});
