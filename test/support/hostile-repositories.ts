import {execFileSync} from 'node:child_process';
import {chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** What must not leave this machine: a key, and what a private repository holds. */
export const canary = 'CANARY-6b1f';

export type Hostile = {
	/** The folder that a person starts in. */
	readonly start: string;
	/** Whether plain git, used there, would have run something: then it is armed. */
	readonly armed: boolean;
	/** What a person would put before their PATH there, as npm does and some do by hand. */
	readonly search: string;
};

export type HostileFolder = {
	readonly folder: string;
	/** Takes away the marks of what ran. */
	forget(): void;
	readonly repositories: Readonly<Record<string, Hostile>>;
	/** Names of what ran, whoever ran it. */
	ran(): readonly string[];
	/** Uses plain git where a repository is armed, and tells what that ran. */
	provoke(name: string): readonly string[];
	/** The commit and blob of the private repository. */
	readonly secrets: readonly string[];
};

const environment = (): NodeJS.ProcessEnv => ({
	...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))),
	GIT_AUTHOR_NAME: 'A',
	GIT_AUTHOR_EMAIL: 'a@example.org',
	GIT_COMMITTER_NAME: 'A',
	GIT_COMMITTER_EMAIL: 'a@example.org',
	GIT_CONFIG_GLOBAL: '/dev/null',
	GIT_CONFIG_SYSTEM: '/dev/null',
});

const git = (folder: string, ...args: string[]): string =>
	execFileSync('git', ['-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', ...args], {
		cwd: folder,
		env: environment(),
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'pipe'],
	}).trim();

function write(folder: string, name: string, text: string, mode = 0o644): void {
	const file = path.join(folder, name);
	mkdirSync(path.dirname(file), {recursive: true});
	writeFileSync(file, text);
	chmodSync(file, mode);
}

const hooks = ['reference-transaction', 'post-index-change', 'post-checkout', 'pre-auto-gc', 'fsmonitor-watchman', 'pre-commit'];

/** Makes below `folder` repositories as a stranger may hand them over, which run a command or reach out of themselves at the first touch. */
export function makeHostileRepositories(folder: string): HostileFolder {
	const marks = path.join(folder, 'marks');
	const aside = path.join(folder, 'private');
	mkdirSync(marks, {recursive: true});
	mkdirSync(path.join(aside, 'keys/pack'), {recursive: true});
	write(aside, 'keys/id_rsa', `-----BEGIN OPENSSH PRIVATE KEY-----\n${canary}\n`, 0o600);
	write(aside, 'keys/pack/secret.txt', canary);
	mkdirSync(path.join(aside, 'repository'));
	git(path.join(aside, 'repository'), 'init', '-q');
	write(aside, 'repository/secret.txt', canary);
	git(path.join(aside, 'repository'), 'add', '.');
	git(path.join(aside, 'repository'), 'commit', '-qm', canary);
	git(path.join(aside, 'repository'), 'gc', '-q');
	const foreign = path.join(aside, 'repository/.git');

	const mark = (name: string): string => `touch '${path.join(marks, name)}'`;
	/** Every setting that names a command, each with a mark of its own. */
	const settings = (name: string): string => {
		const run = (what: string) => `"${mark(`${name}-${what}`)}; false"`;
		return `
[core]
	fsmonitor = ${run('fsmonitor')}
	hooksPath = hooks-of-mine
	sshCommand = ${run('ssh')}
	pager = ${run('pager')}
	editor = ${run('editor')}
	askPass = ${run('askpass')}
	gitProxy = ${run('proxy')}
	alternateRefsCommand = ${run('alternates')}
[sequence]
	editor = ${run('sequence')}
[diff]
	external = ${run('external')}
[diff "evil"]
	command = ${run('diff')}
	textconv = ${run('textconv')}
[filter "evil"]
	clean = ${run('clean')}
	smudge = ${run('smudge')}
	process = ${run('process')}
[merge "evil"]
	driver = ${run('merge')}
[credential]
	helper = "!${mark(`${name}-helper`)}"
[pager]
	ls-files = ${run('pager-ls')}
	log = ${run('pager-log')}
[gpg]
	program = ${run('gpg')}
[log]
	showSignature = true
[alias]
	ls-files = "!${mark(`${name}-alias`)}"
[include]
	path = included
[includeIf "gitdir:**"]
	path = included
[remote "origin"]
	url = "ext::sh -c ${mark(`${name}-ext`).replaceAll("'", '')}"
	uploadpack = ${run('uploadpack')}
	promisor = true
	partialclonefilter = blob:none
[extensions]
	partialClone = origin
[uploadpack]
	packObjectsHook = ${run('packhook')}
[submodule "module"]
	update = "!${mark(`${name}-update`)}"
`;
	};

	const configuration =
		'type: dev-environment\nname: hostile\npython: "3.99"\nbuild:\n  - pip install -r requirements.txt\nide: vscode\n';
	const plain = (name: string): string => {
		const top = path.join(folder, name);
		mkdirSync(top, {recursive: true});
		git(top, 'init', '-q');
		write(top, '.dstack.yml', configuration.replace('python: "3.99"\n', '').replace(/build:\n.*\n/, ''));
		write(top, 'code.txt', 'code');
		git(top, 'add', '.');
		git(top, 'commit', '-qm', 'first');
		return top;
	};

	const arm = (gitFolder: string, name: string) => {
		const config = path.join(gitFolder, 'config');
		writeFileSync(config, execFileSync('cat', [config], {encoding: 'utf8'}) + settings(name));
		write(gitFolder, 'included', `[core]\n\tfsmonitor = "${mark(`${name}-included`)}; false"\n`);
		write(gitFolder, 'info/attributes', '* filter=evil diff=evil merge=evil\n');
		for (const hook of hooks) {
			write(gitFolder, `hooks/${hook}`, `#!/bin/sh\n${mark(`${name}-hook`)}\n`, 0o755);
			write(path.dirname(gitFolder), `hooks-of-mine/${hook}`, `#!/bin/sh\n${mark(`${name}-hook`)}\n`, 0o755);
		}
	};

	const repositories: Record<string, Hostile> = {};
	const add = (name: string, start: string, armed = false, search = '') => {
		repositories[name] = {start, armed, search};
	};

	const withSettings = plain('settings');
	arm(path.join(withSettings, '.git'), 'settings');
	write(withSettings, '.gitattributes', '* filter=evil diff=evil merge=evil\n');
	write(withSettings, 'code.txt', 'changed');
	add('settings', withSettings, true);

	const inTree = plain('worktree-settings');
	git(inTree, 'config', 'extensions.worktreeConfig', 'true');
	write(inTree, '.git/config.worktree', `[core]\n\tfsmonitor = "${mark('worktree-settings-fsmonitor')}; false"\n`);
	add('worktree-settings', inTree, true);

	// A repository that is not called `.git`, in a clone: git takes it for a bare one where a person stands in it.
	const around = plain('bare-inside');
	git(around, 'init', '-q', '--bare', 'examples/demo');
	write(around, 'examples/demo/refs/heads/.keep', '');
	write(around, 'examples/demo/objects/pack/.keep', '');
	write(
		around,
		'examples/demo/config',
		`[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ..\n${settings('bare-inside')}`,
	);
	write(around, 'examples/demo/.dstack.yml', 'type: dev-environment\n');
	add('bare-inside', path.join(around, 'examples/demo'), true);
	add('bare-inside-top', around);

	const elsewhere = plain('tree-elsewhere');
	git(elsewhere, 'config', 'core.worktree', path.join(aside, 'keys'));
	add('tree-elsewhere', elsewhere);

	const borrowing = plain('alternates');
	write(borrowing, '.git/objects/info/alternates', `${path.join(aside, 'keys')}\n`);
	write(borrowing, '.git/objects/info/http-alternates', `file://${foreign}/objects\n`);
	add('alternates', borrowing);

	const linkedList = plain('alternates-link');
	symlinkSync(path.join(aside, 'keys/id_rsa'), path.join(linkedList, '.git/objects/info/alternates'));
	add('alternates-link', linkedList);

	for (const [name, link] of [
		['pointer', (top: string) => write(top, '.git', `gitdir: ${foreign}\n`)],
		['pointer-link', (top: string) => symlinkSync(foreign, path.join(top, '.git'))],
	] as const) {
		const top = path.join(folder, name);
		mkdirSync(top);
		write(top, '.dstack.yml', 'type: dev-environment\n');
		write(top, 'code.txt', 'code');
		link(top);
		add(name, top);
	}

	const common = plain('common-elsewhere');
	write(common, '.git/commondir', `${foreign}\n`);
	add('common-elsewhere', common);

	const packs = plain('objects-elsewhere');
	execFileSync('rm', ['-rf', path.join(packs, '.git/objects/pack')]);
	symlinkSync(path.join(foreign, 'objects/pack'), path.join(packs, '.git/objects/pack'));
	symlinkSync(path.join(aside, 'keys/id_rsa'), path.join(packs, '.git/description-of-mine'));
	git(packs, 'config', 'remote.origin.url', 'https://127.0.0.1:1/stranger.git');
	add('objects-elsewhere', packs);

	const nested = plain('nested');
	for (const place of ['vendor/inner', 'deep/er/inner']) {
		git(nested, 'init', '-q', place);
		write(nested, `${place}/file`, 'inner');
		git(path.join(nested, place), 'add', '.');
		git(path.join(nested, place), 'commit', '-qm', 'inner');
		arm(path.join(nested, place, '.git'), 'nested');
	}

	write(nested, 'vendor/pointer/.git', `gitdir: ${foreign}\n`);
	write(nested, 'vendor/pointer/file', 'inner');
	git(nested, 'init', '-q', 'module-source');
	write(nested, 'module-source/file', 'module');
	git(path.join(nested, 'module-source'), 'add', '.');
	git(path.join(nested, 'module-source'), 'commit', '-qm', 'module');
	git(nested, 'submodule', '--quiet', 'add', './module-source', 'module');
	arm(path.join(nested, '.git/modules/module'), 'nested');
	add('nested', nested, true);

	// What stands around in it, for programs that look where they are started.
	const tools = plain('programs');
	for (const program of [
		'git',
		'ssh',
		'sh',
		'uv',
		'pyenv',
		'python',
		'python3',
		'docker',
		'nvidia-smi',
		'code',
		'lsof',
		'ps',
		'conda',
		'tmux',
	]) {
		for (const place of ['node_modules/.bin', 'bin', '.']) {
			write(tools, `${place}/${program}`, `#!/bin/sh\n${mark(`programs-${program}`)}\nexit 1\n`, 0o755);
		}
	}

	write(tools, '.dstack.yml', configuration);
	write(tools, '.venv/bin/python', `#!/bin/sh\n${mark('programs-venv')}\n`, 0o755);
	write(tools, '.python-version', '../../programs\n');
	write(tools, '.envrc', `${mark('programs-envrc')}\n`);
	write(tools, '.npmrc', `node-options=--require ./evil.cjs\nscript-shell=./bin/sh\n`);
	write(
		tools,
		'.vscode/tasks.json',
		`{"tasks": [{"command": "${mark('programs-task')}", "runOptions": {"runOn": "folderOpen"}}]}`,
	);
	write(tools, 'package.json', `{"scripts": {"prepare": "${mark('programs-npm')}", "start": "${mark('programs-npm')}"}}`);
	for (const module of ['sitecustomize.py', 'usercustomize.py', 'sys.py', 'setup.py', 'conftest.py', 'venv.py']) {
		write(tools, module, `import os\nos.system("${mark('programs-python')}")\n`);
	}

	write(tools, 'requirements.txt', '-e .\n');
	add(
		'programs',
		tools,
		false,
		['node_modules/.bin', './bin', '.', path.join(tools, 'node_modules/.bin'), path.join(tools, 'bin')].join(':'),
	);

	const ran = () => readdirSync(marks).toSorted();
	const names = git(path.join(aside, 'repository'), 'rev-parse', 'HEAD', 'HEAD:secret.txt').split('\n');
	return {
		folder,
		forget() {
			for (const each of ran()) {
				rmSync(path.join(marks, each));
			}
		},
		repositories,
		ran,
		secrets: names,
		provoke(name) {
			const {start} = repositories[name] ?? {};
			const places = name === 'nested' ? ['vendor/inner', 'deep/er/inner', 'module'] : ['.'];
			for (const place of places) {
				try {
					git(path.join(start ?? folder, place), 'status');
				} catch {
					// What it ran is what counts.
				}
			}

			const found = ran();
			this.forget();
			return found;
		},
	};
}
