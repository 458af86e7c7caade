import {execFileSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {takeBaseline, unsavedWork} from '../../source/environment/work.js';
import type {StepContext} from '../../source/environment/step.js';
import {git, hasGit, localLink, makePlaces, write} from './support.js';

function fill(folder: string) {
	mkdirSync(folder, {recursive: true});
	git(folder, 'init', '-q');
	write(folder, '.gitignore', 'ignored\nbuild/\n');
	write(folder, 'a');
	write(folder, 'b');
	git(folder, 'add', '.');
	git(folder, 'commit', '-qm', 'first');
	write(folder, 'a', 'changed before');
	write(folder, 'untracked before');
}

type Act = (workspace: string, folder: string) => void;

/** Sets the workspace up, takes the baseline, acts, and asks; what it says twice is the same. */
async function after(make: Act, act: Act, changes: Partial<StepContext> = {}) {
	const {context, link, folder} = await makePlaces(changes);
	const {workspace} = context;
	make(workspace, folder);
	await takeBaseline(link, context);
	act(workspace, folder);
	const work = await unsavedWork(link, context);
	expect(await unsavedWork(link, context)).toEqual(work);
	expect(readFileSync(path.join(context.stateFolder, 'work'), 'utf8').trim()).toBe(work.changed ? 'changed' : 'clean');
	return work.changed ? work.lines : 'clean';
}

const push = (workspace: string, folder: string) => {
	mkdirSync(folder, {recursive: true});
	git(folder, 'init', '-q', '--bare', 'origin.git');
	git(workspace, 'remote', 'add', 'origin', path.join(folder, 'origin.git'));
	git(workspace, 'push', '-q', '--all', 'origin');
};

describe.skipIf(!hasGit)('work in a repository (needs git)', () => {
	const table: Record<string, [Act, 'clean' | readonly unknown[]]> = {
		nothing: [() => undefined, 'clean'],
		'only looking': [workspace => void git(workspace, 'status'), 'clean'],
		'an ignored file': [workspace => write(workspace, 'build/out.o'), 'clean'],
		'an edit': [workspace => write(workspace, 'b', 'edited'), ['b']],
		'an edit of what was changed before': [workspace => write(workspace, 'a', 'edited again'), ['a']],
		'an edit taken back': [workspace => (write(workspace, 'b', 'edited'), write(workspace, 'b', 'b')), 'clean'],
		'what was changed before, taken back to the commit': [workspace => void git(workspace, 'checkout', '-q', 'a'), 'clean'],
		'a new file with a strange name': [workspace => write(workspace, 'new file\u001B[31m'), [expect.stringMatching(/new file/)]],
		'a deletion': [workspace => rmSync(path.join(workspace, 'b')), ['b']],
		'a deletion of what git did not know': [workspace => rmSync(path.join(workspace, 'untracked before')), 'clean'],
		'a link in place of a file': [
			workspace => (rmSync(path.join(workspace, 'b')), symlinkSync('a', path.join(workspace, 'b'))),
			['b'],
		],
		'a commit': [workspace => void git(workspace, 'commit', '-qam', 'mine'), [expect.stringMatching(/^commit \w+ mine$/)]],
		'a commit on a branch that was left': [
			workspace => {
				git(workspace, 'stash', '-qu');
				git(workspace, 'checkout', '-qb', 'side');
				write(workspace, 'c');
				git(workspace, 'add', 'c');
				git(workspace, 'commit', '-qm', 'side');
				git(workspace, 'checkout', '-q', 'main');
				git(workspace, 'stash', 'pop', '-q');
			},
			[expect.stringMatching(/^commit \w+ side$/)],
		],
		'a branch, but no commit': [workspace => void git(workspace, 'checkout', '-qb', 'side'), 'clean'],
		'a stash': [
			workspace => void git(workspace, 'stash', '-q'),
			expect.arrayContaining([expect.stringMatching(/^commit \w+ WIP on main/)]),
		],
		'a commit that was pushed': [
			(workspace, folder) => {
				git(workspace, 'add', '.');
				git(workspace, 'commit', '-qm', 'mine');
				push(workspace, folder);
			},
			'clean',
		],
		'one commit that was pushed, one that was not': [
			(workspace, folder) => {
				git(workspace, 'commit', '-qam', 'pushed');
				push(workspace, folder);
				write(workspace, 'b', 'kept');
				git(workspace, 'commit', '-qam', 'kept');
			},
			[expect.stringMatching(/^commit \w+ kept$/)],
		],
		'pushed, while what was changed before stays so': [
			(workspace, folder) => {
				write(workspace, 'b', 'edited');
				git(workspace, 'commit', '-qm', 'mine', 'b');
				push(workspace, folder);
			},
			'clean',
		],
		'a commit that was pushed to a folder inside': [
			workspace => {
				git(workspace, 'commit', '-qam', 'mine');
				push(workspace, path.join(workspace, 'build'));
			},
			[expect.stringMatching(/^commit \w+ mine$/)],
		],
		'a commit on no branch that was left': [
			workspace => {
				git(workspace, 'checkout', '-q', '--detach');
				git(workspace, 'commit', '-qam', 'on no branch');
				git(workspace, 'checkout', '-q', 'main');
			},
			[expect.stringMatching(/^commit \w+ on no branch$/)],
		],
		'a commit that was amended, and then pushed': [
			(workspace, folder) => {
				git(workspace, 'commit', '-qam', 'mine');
				git(workspace, 'commit', '-qm', 'better', '--amend');
				push(workspace, folder);
			},
			'clean',
		],
		'what is staged and gone again': [
			workspace => (write(workspace, 'b', 'staged only'), git(workspace, 'add', 'b'), write(workspace, 'b', 'b')),
			['b (staged)'],
		],
		'what was changed before, staged': [workspace => void git(workspace, 'add', 'a'), 'clean'],
		'a branch deleted and its objects swept': [
			workspace => (git(workspace, 'reflog', 'expire', '--expire=all', '--all'), git(workspace, 'gc', '-q', '--prune=now')),
			'clean',
		],
		'a clone that was only looked at': [
			(workspace, folder) => {
				fill(path.join(folder, 'elsewhere'));
				git(workspace, 'clone', '-q', path.join(folder, 'elsewhere'), 'inside');
			},
			'clean',
		],
		'a clone that was worked in': [
			(workspace, folder) => {
				fill(path.join(folder, 'elsewhere'));
				git(workspace, 'clone', '-q', path.join(folder, 'elsewhere'), 'inside');
				write(workspace, 'inside/b', 'edited');
				write(workspace, 'inside/new');
			},
			['inside/b', 'inside/new'],
		],
		'a repository of its own that is ignored': [
			workspace => (mkdirSync(path.join(workspace, 'build')), fill(path.join(workspace, 'build/deps'))),
			['build/deps/a', 'build/deps/untracked before', expect.stringMatching(/^build\/deps\/commit \w+ first$/)],
		],
		'a working tree that nobody worked in': [
			workspace => void git(workspace, 'worktree', 'add', '-q', 'build/w', '-b', 'w'),
			'clean',
		],
		'a working tree in an ignored folder': [
			workspace => (git(workspace, 'worktree', 'add', '-q', 'build/w', '-b', 'w'), write(workspace, 'build/w/b', 'edited')),
			['build/w/b'],
		],
		'a working tree outside': [
			(workspace, folder) => {
				git(workspace, 'worktree', 'add', '-q', '../out side', '-b', 'w');
				write(folder, 'there/out side/b', 'edited');
			},
			[expect.stringMatching(/^\/.*\/there\/out side\/b$/)],
		],
		'a new repository inside': [
			workspace => {
				git(workspace, 'init', '-q', 'fresh');
				write(workspace, 'fresh/file');
			},
			['fresh/file'],
		],
	};
	for (const [name, [act, expected]] of Object.entries(table)) {
		it(`${name}: ${expected === 'clean' ? 'clean' : 'told'}`, async () => {
			expect(await after(fill, act)).toEqual(expected);
		});
	}

	it('knows what was there before: stash, unpushed commits, a merge in conflict', async () => {
		const make: Act = workspace => {
			fill(workspace);
			git(workspace, 'stash', '-qu');
			git(workspace, 'checkout', '-qb', 'side');
			write(workspace, 'b', 'side');
			git(workspace, 'commit', '-qam', 'side');
			git(workspace, 'checkout', '-q', 'main');
			write(workspace, 'b', 'main');
			git(workspace, 'commit', '-qam', 'main');
			try {
				git(workspace, 'merge', 'side');
			} catch {
				// In conflict, as meant.
			}
		};
		expect(await after(make, () => undefined)).toBe('clean');
		expect(await after(make, workspace => write(workspace, 'b', 'solved'))).toEqual(['b']);
	});

	it('asks submodules and repositories inside, by their own ignore files', async () => {
		const make: Act = (workspace, folder) => {
			fill(path.join(folder, 'module'));
			fill(workspace);
			git(workspace, 'submodule', '--quiet', 'add', path.join(folder, 'module'), 'sub');
			fill(path.join(workspace, 'vendor it/own'));
			git(workspace, 'init', '-q', 'none-yet');
			write(workspace, 'none-yet/file');
		};
		expect(await after(make, () => undefined)).toBe('clean');
		const act: Act = workspace => {
			write(workspace, 'sub/build/out.o');
			write(workspace, 'sub/a', 'edited');
			write(workspace, 'vendor it/own/b', 'edited');
			write(workspace, 'none-yet/file', 'edited');
		};
		const told = await after(make, act);
		expect([...told].sort()).toEqual(['none-yet/file', 'sub/a', 'vendor it/own/b']);
	});

	describe('filters', () => {
		const filters: Record<string, string> = {
			'a program that is missing': '/opt/missing/strip',
			'one that fails': 'false',
			'one that works': 'sed s/output//',
		};
		const names = ['strip', 'a.b c="\\'];
		const filtered =
			(clean: string): Act =>
			workspace => {
				fill(workspace);
				write(workspace, '.gitattributes', '*.ipynb filter=strip\n*.other filter=unknown\n');
				for (const name of names) {
					git(workspace, 'config', `filter.${name}.clean`, 'sed s/output//');
					git(workspace, 'config', `filter.${name}.required`, 'true');
				}

				write(workspace, 'one.ipynb', 'code output');
				git(workspace, 'add', '.');
				git(workspace, 'commit', '-qm', 'with a filter');
				for (const name of names) {
					git(workspace, 'config', `filter.${name}.clean`, clean);
				}
			};

		it.each(Object.entries(filters))('%s hides nothing, and what nobody touched is clean', async (_name, clean) => {
			expect(await after(filtered(clean), () => undefined)).toBe('clean');
			const act: Act = workspace => {
				write(workspace, 'b', 'edited');
				write(workspace, 'new.ipynb');
				write(workspace, 'one.ipynb', 'other code output');
				write(workspace, 'x.other');
			};
			expect(await after(filtered(clean), act)).toEqual(['b', 'new.ipynb', 'one.ipynb', 'x.other']);
		});

		it('what was filtered stays clean when the index is refreshed, or was not before', async () => {
			const copied: Act = workspace => {
				filtered('sed s/output//')(workspace, '');
				utimesSync(path.join(workspace, 'one.ipynb'), 1000, 1000);
			};
			expect(await after(copied, () => undefined)).toBe('clean');
			expect(await after(copied, workspace => void git(workspace, 'status'))).toBe('clean');
		});
	});

	it('sees an edit of the same size in the second in which git wrote its index', {timeout: 60_000}, async () => {
		const make: Act = workspace => (git(workspace, 'init', '-q'), write(workspace, 'VERSION', 'v0'));
		for (let round = 1; round <= 4; round++) {
			const act: Act = workspace => {
				write(workspace, 'VERSION', `v${round}`);
				git(workspace, 'add', '.');
				git(workspace, 'commit', '-qm', 'mine');
				write(workspace, 'VERSION', `w${round}`);
				// Its index is of an earlier second than any copy of it.
				execFileSync('sleep', ['1.1']);
			};
			expect(await after(make, act)).toEqual(['VERSION', expect.stringMatching(/^commit/)]);
		}
	});

	describe('files that the index hides', () => {
		const wide: Act = workspace => {
			fill(workspace);
			for (const name of ['in/x', 'out/y', 'out/new\nline', 'deep/out/z']) {
				write(workspace, name);
			}

			git(workspace, 'add', '.');
			git(workspace, 'commit', '-qm', 'folders');
		};
		const sparse =
			(...options: string[]): Act =>
			(workspace, folder) => {
				wide(workspace, folder);
				git(workspace, 'sparse-checkout', 'init', ...options);
				git(workspace, 'sparse-checkout', 'set', 'in');
			};

		it.each([
			['a sparse checkout', sparse('--cone')],
			['a sparse checkout with a sparse index', sparse('--cone', '--sparse-index')],
			['a sparse checkout by patterns', sparse('--no-cone')],
		])('%s: what is not there is not deleted, what is there counts', async (_name, make) => {
			expect(await after(make, () => undefined)).toBe('clean');
			const act: Act = workspace => {
				write(workspace, 'out/y', 'edited');
				write(workspace, 'out/new');
				write(workspace, 'in/x', 'edited');
			};
			expect(await after(make, act)).toEqual(['in/x', 'out/new', 'out/y']);
			expect(await after(wide, (workspace, folder) => sparse('--cone')(workspace, folder))).not.toContain('out/y');
		});

		it.each(['--assume-unchanged', '--skip-worktree'])('%s hides no edit', async flag => {
			const make: Act = (workspace, folder) => {
				wide(workspace, folder);
				git(workspace, 'update-index', flag, 'in/x', 'out/new\nline', 'b');
				write(workspace, 'b', 'local');
			};
			expect(await after(make, () => undefined)).toBe('clean');
			const act: Act = workspace => {
				write(workspace, 'in/x', 'edited');
				write(workspace, 'out/new\nline', 'edited');
			};
			expect(await after(make, act)).toEqual(['"out/new\\nline"', 'in/x']);
		});
	});

	it('never takes for clean what git gave up on, even if it did before', async () => {
		const make: Act = workspace => {
			fill(workspace);
			write(workspace, '.gitattributes', '*.wide working-tree-encoding=UTF-16\n');
			write(workspace, 'bad.wide', 'odd');
		};
		expect(await after(make, workspace => write(workspace, 'b', 'edited'))).toEqual(
			expect.arrayContaining([expect.stringMatching(/^fatal: .*bad\.wide/)]),
		);
	});

	it('knows ignored repositories and working trees from the start, and tells what changed in them', async () => {
		const make: Act = workspace => {
			fill(workspace);
			fill(path.join(workspace, 'build/deps/one'));
			git(workspace, 'worktree', 'add', '-q', '../outside', '-b', 'outside');
			write(workspace, '../outside/b', 'before');
		};
		expect(await after(make, () => undefined)).toBe('clean');
		const act: Act = workspace => {
			write(workspace, 'build/deps/one/b', 'edited');
			write(workspace, '../outside/a', 'edited');
		};
		expect(await after(make, act)).toEqual(['build/deps/one/b', expect.stringMatching(/outside\/a$/)]);
	});

	it('trusts no remote that is a folder of a machine of its own', async () => {
		const made = [expect.stringMatching(/^commit \w+ mine$/)];
		const pushed =
			(url?: (folder: string) => string): Act =>
			(workspace, folder) => {
				git(workspace, 'commit', '-qam', 'mine');
				push(workspace, folder);
				if (url) {
					git(workspace, 'remote', 'set-url', 'origin', url(folder));
				}
			};
		const isolated = {isolated: true};
		expect(await after(fill, pushed(), isolated)).toEqual(made);
		expect(
			await after(
				fill,
				pushed(folder => `file://${folder}/origin.git`),
				isolated,
			),
		).toEqual(made);
		expect(
			await after(
				fill,
				pushed(() => '../origin:x.git'),
				isolated,
			),
		).toEqual(made);
		for (const url of ['ssh://git@example.org/x.git', 'git@example.org:x.git', 'https://example.org/x.git']) {
			expect(
				await after(
					fill,
					pushed(() => url),
					isolated,
				),
			).toBe('clean');
		}

		// One of two that goes to another machine is enough, and what came from a folder before was not made there.
		const second: Act = (workspace, folder) => {
			pushed()(workspace, folder);
			git(workspace, 'update-ref', 'refs/remotes/other/main', 'main');
			git(workspace, 'config', 'remote.other.url', 'host:x.git');
		};
		expect(await after(fill, second, isolated)).toBe('clean');
		const known: Act = (workspace, folder) => {
			fill(workspace);
			pushed()(workspace, folder);
			git(workspace, 'reset', '-q', '--hard', 'HEAD^');
		};
		expect(await after(known, workspace => void git(workspace, 'checkout', '-qb', 'x', 'origin/main'), isolated)).toBe('clean');
	});

	it('knows a clone of one tag for what it is', async () => {
		const clone: Act = (workspace, folder) => {
			fill(path.join(folder, 'elsewhere'));
			git(path.join(folder, 'elsewhere'), 'tag', 'v1');
			git(workspace, 'clone', '-q', '--depth', '1', '--branch', 'v1', `file://${folder}/elsewhere`, 'inside');
		};
		expect(await after(fill, clone)).toBe('clean');
		expect(await after(fill, clone, {isolated: true})).toEqual([expect.stringMatching(/^inside\/commit/)]);
	});

	it.each([
		['a repository', fill],
		['a folder', (workspace: string) => write(workspace, '.gitignore', 'build/\n')],
	])('compares large files in %s without keeping their content', async (_name, make) => {
		const large = (workspace: string, name: string) => (write(workspace, name), truncateSync(path.join(workspace, name), 70e6));
		const before: Act = workspace => {
			make(workspace);
			for (const name of ['old.bin', 'new\nline.bin', 'build/ignored.bin', 'grows.bin']) {
				large(workspace, name);
			}

			truncateSync(path.join(workspace, 'grows.bin'), 10);
		};
		const act: Act = workspace => {
			const state = path.join(path.dirname(workspace), "state's");
			const hash = git(workspace, 'hash-object', 'old.bin');
			const kept = readdirSync(state, {recursive: true, encoding: 'utf8'});
			expect(kept.some(file => file.endsWith(`objects/${hash.slice(0, 2)}/${hash.slice(2).trim()}`))).toBe(false);
		};
		expect(await after(before, act)).toBe('clean');
		const change: Act = workspace => {
			truncateSync(path.join(workspace, 'old.bin'), 70e6);
			large(workspace, 'grows.bin');
			large(workspace, '[n]ew.bin');
		};
		expect(await after(before, change)).toEqual(['[n]ew.bin', 'grows.bin', 'old.bin']);
	});

	it('counts what a push brings to a bare repository', async () => {
		const make: Act = (workspace, folder) => {
			fill(path.join(folder, 'here'));
			git(workspace, 'init', '-q', '--bare', '.');
			git(path.join(folder, 'here'), 'push', '-q', workspace, 'main');
		};
		expect(await after(make, () => undefined)).toBe('clean');
		const act: Act = (workspace, folder) => {
			git(path.join(folder, 'here'), 'commit', '-qam', 'pushed here');
			git(path.join(folder, 'here'), 'push', '-q', workspace, 'main');
		};
		expect(await after(make, act)).toEqual([expect.stringMatching(/pushed here/)]);
	});

	it('compares a folder that is no repository, also when it becomes one', async () => {
		const make: Act = workspace => {
			write(workspace, '.gitignore', '*.log\ndeps/\n');
			write(workspace, 'a');
			write(workspace, 'b/c');
		};
		expect(await after(make, () => undefined)).toBe('clean');
		expect(await after(make, workspace => write(workspace, 'x.log'))).toBe('clean');
		expect(await after(make, workspace => fill(path.join(workspace, 'deps/one')))).toContain('deps/one/a');
		expect(await after(make, workspace => write(workspace, 'b/d'))).toEqual(['b/d']);
		const commit: Act = workspace => {
			git(workspace, 'init', '-q');
			git(workspace, 'add', '.');
			git(workspace, 'commit', '-qm', 'now a repository');
		};
		expect(await after(make, commit)).toEqual([expect.stringMatching(/now a repository/)]);
	});

	it('copes with an empty workspace, and one in a folder that is a repository', async () => {
		expect(
			await after(
				() => undefined,
				() => undefined,
			),
		).toBe('clean');
		const around: Act = (_workspace, folder) => fill(folder);
		expect(await after(around, () => undefined)).toBe('clean');
		expect(await after(around, workspace => write(workspace, 'new'))).toEqual(['new']);
	});
});

describe('work where there is no git', () => {
	it('compares all files', async () => {
		const {context, home, folder} = await makePlaces();
		// All tools but git, by links.
		const tools = path.join(folder, 'tools');
		mkdirSync(tools);
		const all = await localLink(home).exec(
			`cd '${tools}' && for tool in sh cat mv rm mkdir touch sed sort uniq tr cut cksum find ls grep head; do ln -s "$(command -v $tool)" .; done`,
		);
		expect(all.code).toBe(0);
		const link = localLink(home, {PATH: tools});
		write(context.workspace, 'a b');
		write(context.workspace, 'c');
		symlinkSync('nowhere', path.join(context.workspace, 'link'));
		await takeBaseline(link, context);
		expect(await unsavedWork(link, context)).toMatchObject({changed: false, lines: []});
		write(context.workspace, 'a b', 'edited');
		rmSync(path.join(context.workspace, 'link'));
		symlinkSync('elsewhere', path.join(context.workspace, 'link'));
		const {changed, lines} = await unsavedWork(link, context);
		expect(changed).toBe(true);
		expect(lines).toEqual(expect.arrayContaining(['a b', 'link -> elsewhere']));
	});

	it('calls nothing clean that could not be compared', async () => {
		const {context, link, home, folder} = await makePlaces();
		write(context.workspace, 'a');
		await takeBaseline(link, context);
		const tools = path.join(folder, 'tools');
		mkdirSync(tools);
		await link.exec(`cd '${tools}' && for tool in sh cat rm mkdir; do ln -s "$(command -v $tool)" .; done`);
		expect(await unsavedWork(localLink(home, {PATH: tools}), context)).toEqual({
			mark: undefined,
			changed: true,
			lines: [expect.stringMatching(/^\w+ is missing: the workspace cannot be compared$/) as string],
		});
	});

	it.skipIf(!hasGit)('does not take a broken repository for a clean one (needs git)', async () => {
		const {context, link} = await makePlaces();
		fill(context.workspace);
		await takeBaseline(link, context);
		writeFileSync(path.join(context.workspace, '.git/index'), 'broken');
		writeFileSync(path.join(context.workspace, 'a'), 'edited');
		expect(await unsavedWork(link, context)).toMatchObject({changed: true});
	});

	it('knows of no work before there is a baseline', async () => {
		const {context, link} = await makePlaces();
		expect(await unsavedWork(link, context)).toMatchObject({changed: false, lines: []});
	});
});
