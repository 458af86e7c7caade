import {execFileSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {withoutPasswords, withoutUser} from '../../source/environment/code/credentials.js';
import {includesOf, withoutCredentials} from '../../source/environment/code/git-config.js';
import {copyCode} from '../../source/environment/code/upload.js';
import {temporaryFolder} from '../support/folders.js';
import {plainHooks} from './hooks.js';
import {git, hasGit, hasTar, makePlaces, tryGit} from './support.js';
import {historyOf, treeOf} from './trees.js';

describe('URLs', () => {
	it.each([
		['https://me:secret@example.org/a.git', 'https://me@example.org/a.git'],
		['https://me@example.org/a.git', 'https://me@example.org/a.git'],
		['https://:secret@example.org/', 'https://example.org/'],
		['https://ghp_0123456789abcdef@github.com/a', 'https://github.com/a'],
		['https://ghp_0123456789abcdef:x-oauth-basic@github.com/a', 'https://github.com/a'],
		['https://x-access-token:abc@github.com/a', 'https://x-access-token@github.com/a'],
		['https://0123456789abcdef0123456789abcdef01234567@github.com/a', 'https://github.com/a'],
		['https://me:se@cr:et@example.org/', 'https://me@example.org/'],
		['ssh://git@example.org/a', 'ssh://git@example.org/a'],
		['git@example.org:a/b', 'git@example.org:a/b'],
		['https://example.org/a.git?private_token=abc', 'https://example.org/a.git'],
		['https://example.org/a?ref=x&access_token=abc&y=1', 'https://example.org/a?ref=x&y=1'],
		['https://example.org/a?token=abc#top', 'https://example.org/a#top'],
		['https://example.org/?a=1&secret=x&password=y&sig=z', 'https://example.org/?a=1'],
		['https://example.org/?X-Amz-Signature=abc&X-Amz-Date=1', 'https://example.org/?X-Amz-Date=1'],
		['clone: from https://me:s@example.org/a?api_key=abc ok', 'clone: from https://me@example.org/a ok'],
		['https://example.org/?token=$TOKEN&design=1&tokens=2', 'https://example.org/?token=$TOKEN&design=1&tokens=2'],
		['is this right? token=abc', 'is this right? token=abc'],
		["branch 'x' of https://me:s@example.org/a and http://b:c@d", "branch 'x' of https://me@example.org/a and http://b@d"],
	])('%s', (from, to) => {
		expect(withoutPasswords(from)).toBe(to);
	});

	it('go without anybody where a stranger asks', () => {
		expect(withoutUser('https://me:secret@example.org/a@b')).toBe('https://example.org/a@b');
	});
});

const config = (...lines: string[]): string => `${lines.join('\n')}\n`;

describe('settings of git', () => {
	it('lose what is secret and nothing else', () => {
		const text = config(
			'# mine, https://me:secret1@example.org',
			'[core] bare = false ; a comment',
			'[remote "origin"]',
			'\turl = "https://me:secret2@example.org/a.git" # as told',
			'\tpushurl = https://me:sec\\',
			'ret3@example.org/a.git',
			'\tfetch = +refs/heads/*:refs/remotes/origin/*',
			'[http "https://me:secret4@example.org/"]',
			'\textraheader = AUTHORIZATION: basic secret5',
			'\tproxy = me:secret6@proxy:3128',
			'\tsslVerify',
			'[credential]',
			'\thelper = "!f() { echo username=me; echo password=secret7; }; f"',
			'\thelper = store --file ~/.creds',
			'\thelper = !gh auth git-credential',
			'[url "https://me:secret8@example.org/"]',
			'\tinsteadOf = ours:',
			'[sendemail] smtpPass = secret9',
			'[github]',
			'\ttoken = secret10 ; never',
			'[alias]',
			'\tx = "!echo \\"a # b\\""',
		);
		const {text: clean, left} = withoutCredentials(text);
		expect(clean).not.toMatch(/secret/);
		expect(clean).toBe(
			config(
				'# mine, https://me@example.org',
				'[core] bare = false ; a comment',
				'[remote "origin"]',
				'\turl = https://me@example.org/a.git',
				'\tpushurl = https://me@example.org/a.git',
				'\tfetch = +refs/heads/*:refs/remotes/origin/*',
				'[http "https://me@example.org/"]',
				'\tproxy = me@proxy:3128',
				'\tsslVerify',
				'[credential]',
				'\thelper = store --file ~/.creds',
				'\thelper = !gh auth git-credential',
				'[url "https://me@example.org/"]',
				'\tinsteadOf = ours:',
				'[sendemail] ',
				'[github]',
				'[alias]',
				'\tx = "!echo \\"a # b\\""',
			),
		);
		expect(left.join(' ')).not.toMatch(/secret/);
		expect(left).toContain('remote.origin.url');
		expect(left).toContain('http.https://me@example.org/.extraheader');
	});

	it.each([
		['core', 'sshCommand', 'SSHPASS=hunter2 sshpass -e ssh'],
		['lfs "customtransfer.x"', 'args', 'upload --token hunter2'],
		['alias', 'tok', '!curl -H PRIVATE-TOKEN:hunter2 https://example.org'],
		['remote "s3"', 'secretaccesskey', 'hunter2'],
		['x', 'private-key', 'hunter2'],
		['x', 'apiKey', 'hunter2'],
	])('lose [%s] %s = %s', (section, key, value) => {
		const {text, left} = withoutCredentials(config(`[${section}]`, `\t${key} = ${value}`, '\tother = 1'));
		expect(text).toBe(config(`[${section}]`, '\tother = 1'));
		expect(left).toEqual([`${section.replace(/ "(.*)"/, '.$1')}.${key}`]);
	});

	it('lose what is only commented out', () => {
		expect(withoutCredentials(config('[x] # as told', '\t# token = hunter2', '\t; SSHPASS=hunter2 ssh', '\t# url = x'))).toEqual({
			text: config('[x] # as told', '\t#', '\t;', '\t# url = x'),
			left: ['a comment', 'a comment'],
		});
	});

	it('that are nobody’s secret stay', () => {
		const text = config(
			'[core]',
			'\tsshCommand = ssh -i ~/.ssh/id_ed25519 -o IdentitiesOnly=yes',
			'\taskPass = /usr/bin/ssh-askpass',
			'\thooksPath = .husky/_',
			'[user]',
			'\tsigningKey = ~/.ssh/id_ed25519.pub',
			'[filter "lfs"]',
			'\tclean = git-lfs clean -- %f',
			'\tprocess = git-lfs filter-process',
			'[lfs "customtransfer.x"]',
			'\targs = --token $TOKEN',
			'[credential]',
			'\thelper = !aws codecommit credential-helper $@',
			'\tuseHttpPath = true',
			'\tuseToken = true',
			'[alias]',
			'\tpush-all = !git push --all && git push --tags',
			'[remote "origin"]',
			'\turl = https://example.org/a.git?ref=main',
		);
		expect(withoutCredentials(text)).toEqual({text, left: []});
	});

	it('keep every byte where there is nothing secret, whatever they are', () => {
		const word = fc.constantFrom(
			'[a]',
			'[b "c d"]',
			'key',
			'=',
			'"',
			'\\',
			'\\\n',
			'\n',
			'\r\n',
			'#',
			';',
			' ',
			'\t',
			'x:y',
			'[',
			']',
			'é',
		);
		fc.assert(
			fc.property(fc.array(word, {maxLength: 40}), words => {
				const text = words.join('');
				expect(withoutCredentials(text)).toEqual({text, left: []});
			}),
		);
	});

	it.skipIf(!hasGit)('are read as git reads them (needs git)', async () => {
		const folder = await temporaryFolder();
		const value = fc.string({unit: fc.constantFrom('a', ' ', '"', '\\', '#', ';', '\t', '\n', ':', '/', 'é'), maxLength: 12});
		fc.assert(
			fc.property(fc.array(value, {minLength: 1, maxLength: 4}), values => {
				const file = path.join(folder, 'config');
				writeFileSync(file, '');
				for (const [index, each] of values.entries()) {
					git(folder, 'config', '--file', file, '--add', `s.x${index}`, `${each} https://u:secret@h/ ${each}`);
				}

				const {text} = withoutCredentials(readFileSync(file, 'latin1'));
				writeFileSync(file, text, 'latin1');
				for (const [index, each] of values.entries()) {
					const wanted = withoutPasswords(`${each} https://u:secret@h/ ${each}`);
					expect(git(folder, 'config', '--file', file, '-z', '--get', `s.x${index}`)).toBe(`${wanted}\0`);
				}
			}),
			{numRuns: 20},
		);
	});

	it('name what they include', () => {
		expect(includesOf('[include]\n\tpath = more\n[includeIf "gitdir:~/x/"]\n\tpath = "a b"\n[x]\n\tpath = no\n')).toEqual([
			'more',
			'a b',
		]);
	});
});

describe.skipIf(!hasGit || !hasTar)('a copy (needs git and tar)', () => {
	it('carries no credential, and else every byte', async () => {
		const {here, folder, link, context} = await makePlaces();
		const inner = path.join(folder, 'inner');
		mkdirSync(inner);
		git(inner, 'init', '-q');
		writeFileSync(path.join(inner, 'a'), 'a');
		git(inner, 'add', '.');
		git(inner, 'commit', '-qm', 'inner');
		git(here, 'init', '-q');
		git(here, 'submodule', '--quiet', 'add', inner, 'module');
		git(here, 'commit', '-qm', 'first');
		git(here, 'config', 'remote.origin.url', 'https://me:SECRET@example.org/a.git');
		git(here, 'config', 'http.extraheader', 'Authorization: SECRET');
		git(here, 'config', 'include.path', 'more.inc');
		git(here, 'config', '--file', path.join(here, '.git/more.inc'), 'github.token', 'SECRET');
		git(here, 'config', 'extensions.worktreeConfig', 'true');
		git(here, 'config', '--worktree', 'http.proxy', 'http://me:SECRET@proxy');
		git(path.join(here, 'module'), 'config', 'remote.origin.pushurl', 'https://me:SECRET@example.org/inner.git');
		writeFileSync(path.join(here, '.git/FETCH_HEAD'), `${'0'.repeat(40)}\t\tbranch 'x' of https://me:SECRET@example.org/a\n`);
		writeFileSync(path.join(here, '.git/hooks/pre-push'), '#!/bin/sh\ncurl https://me:SECRET@example.org\n', {mode: 0o755});
		writeFileSync(path.join(here, '.git-credentials'), 'https://me:SECRET@example.org\n');
		tryGit(here, 'update-ref', '-m', 'pull https://me:SECRET@example.org: ok', 'refs/heads/other', 'HEAD');
		mkdirSync(path.join(here, '.git/logs/refs/heads'), {recursive: true});
		const logs: string[] = [];

		await copyCode(link, here, context, ({log}) => logs.push(log ?? ''));

		const found = readdirSync(context.workspace, {recursive: true, withFileTypes: true})
			.filter(entry => entry.isFile())
			.map(entry => path.join(entry.parentPath, entry.name))
			.filter(file => readFileSync(file, 'latin1').includes('SECRET'));
		expect(found).toEqual([]);
		expect(logs.join('')).not.toContain('SECRET');
		for (const name of [
			'.git/config (',
			'remote.origin.url',
			'.git/FETCH_HEAD',
			'.git-credentials',
			'more.inc',
			'config.worktree',
		]) {
			expect(logs.join('')).toContain(name);
		}

		expect(git(context.workspace, 'remote', 'get-url', 'origin')).toBe('https://me@example.org/a.git\n');
		expect(git(context.workspace, 'log', '--format=%s')).toBe('first\n');
		expect(treeOf(context.workspace)).toEqual(treeOf(here, name => name === '.git-credentials'));
		expect(execFileSync('cat', [path.join(here, '.git/config')], {encoding: 'utf8'}), 'here nothing changes').toContain('SECRET');
	});

	it('leaves out files that hold credentials, and hooks, each of which is named', async () => {
		const {here, link, context} = await makePlaces();
		git(here, 'init', '-q');
		git(here, 'commit', '-q', '--allow-empty', '-m', 'first');
		const put = (name: string, text: string) => {
			mkdirSync(path.dirname(path.join(here, name)), {recursive: true});
			writeFileSync(path.join(here, name), text, {mode: 0o755});
		};

		const secret = {
			'.git/annex/creds/0a1b': 'AKIA\nSECRET\n',
			'.git/netrc': 'machine example.org login me password SECRET\n',
			'.git/hooks/post-commit': '#!/bin/sh\ncurl -u me:SECRET https://example.org\n',
			'.git/hooks/post-merge': '#!/bin/sh\ncurl -H "Authorization: Bearer SECRET" https://example.org\n',
			'.git/my-hooks/pre-push': '#!/bin/sh\nTOKEN=SECRET ./push\n',
		};
		const plain = Object.fromEntries(Object.entries(plainHooks).map(([name, text]) => [`.git/hooks/${name}`, text]));
		for (const [name, text] of Object.entries({
			...secret,
			...plain,
			'.git/annex/other': 'x',
			'.git/hooks/compiled': '\0TOKEN=abcdef',
		})) {
			put(name, text);
		}

		git(here, 'branch', 'hooks/token');
		git(here, 'branch', 'annex/creds/x');
		const logs: string[] = [];

		await copyCode(link, here, context, ({log}) => logs.push(log ?? ''));

		const names = readdirSync(path.join(context.workspace, '.git'), {recursive: true}).map(name => `.git/${String(name)}`);
		for (const name of Object.keys(secret)) {
			expect(names).not.toContain(name);
			expect(logs.join('')).toContain(name);
		}

		expect(logs.join('')).toContain('.git/hooks/post-commit (all of it)');
		expect(logs.join('')).not.toContain('SECRET');
		const samples = readdirSync(path.join(here, '.git/hooks')).filter(name => name.endsWith('.sample'));
		expect(samples.length).toBeGreaterThan(5);
		for (const name of [
			...Object.keys(plain),
			...samples.map(each => `.git/hooks/${each}`),
			'.git/annex/other',
			'.git/hooks/compiled',
		]) {
			expect(readFileSync(path.join(context.workspace, name))).toEqual(readFileSync(path.join(here, name)));
			expect(logs.join('')).not.toContain(`${name} (`);
		}

		expect(historyOf(context.workspace)).toEqual(historyOf(here));
	});

	it('leaves a file alone that is part of the code', async () => {
		const {here, link, context} = await makePlaces();
		git(here, 'init', '-q');
		mkdirSync(path.join(here, 'fixtures'));
		writeFileSync(path.join(here, 'fixtures/.git-credentials'), 'https://me:example@example.org\n');
		writeFileSync(path.join(here, 'config'), '[http]\n\textraheader = example\n');
		git(here, 'add', '.');
		git(here, 'commit', '-qm', 'first');
		await copyCode(link, here, context, () => undefined);
		expect(treeOf(context.workspace)).toEqual(treeOf(here));
		expect(historyOf(context.workspace)).toEqual(historyOf(here));
	});
});
