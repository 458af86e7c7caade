import {execFileSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {bringHome} from '../../../source/environment/bring-home/bring-home.js';
import type {Link} from '../../../source/system/link.js';
import {git, hasGit, hasTar, makePlaces, write} from '../support.js';
import {branches, fill, untouched} from './support.js';

type Answers = {
	readonly units?: ReadonlyArray<readonly string[]>;
	readonly pack?: readonly string[];
	readonly bundle?: Buffer | 'endless';
	readonly archive?: Buffer;
	readonly patch?: Buffer;
};

const fields = (values: readonly string[]): Buffer => Buffer.from(values.map(value => `${value}\0`).join(''));
const unit = (place: string): readonly string[] => ['unit', 'key', place, '/there', 'sha1'];

/** An environment that answers whatever it likes. */
const lying = ({units = [unit('')], pack = ['end'], bundle, archive, patch}: Answers): Link => ({
	async exec(command, {onOutput, signal} = {}) {
		const act = /bring-home'\\'' '\\''\w+'\\'' '\\''(\w+)'/.exec(command)?.[1] ?? '';
		const send = (piece: Buffer) => onOutput?.(piece, 'stdout');
		if (act === 'units') {
			send(fields([...units.flat(), 'end']));
		} else if (act === 'pack') {
			send(fields(pack));
		} else if (act === 'bundle' && bundle === 'endless') {
			while (!signal?.aborted) {
				send(Buffer.alloc(100_000));
			}
		} else if (act === 'patch') {
			send(patch ?? Buffer.alloc(0));
		} else if (act === 'bundle' || act === 'archive') {
			send((act === 'bundle' ? (bundle as Buffer) : archive) ?? Buffer.alloc(0));
		}

		return {code: 0, stdout: '', stderr: ''};
	},
	closed: new Promise(() => undefined),
	close: () => undefined,
});

async function makeWorld() {
	const {folder, here, context} = await makePlaces({run: 'fast-moth-1'});
	fill(here);
	const place = path.join(folder, 'brought');
	const head = git(here, 'rev-parse', 'HEAD').trim();
	const home = async (answers: Answers, limit?: number) => bringHome(lying(answers), context, {source: here, place, limit});
	return {folder, here, place, head, home};
}

/** A repository elsewhere that begins where the one here is, and its bundle of `refs`. */
function elsewhere(here: string, folder: string) {
	const other = path.join(folder, 'other');
	git(folder, 'clone', '-q', here, 'other');
	const raw = (type: string, content: Buffer | string): string =>
		execFileSync('git', ['hash-object', '-t', type, '-w', '--stdin', '--literally'], {cwd: other, input: content})
			.toString()
			.trim();
	const bundle = (...refs: string[]): Buffer =>
		execFileSync('git', ['bundle', 'create', '-', ...refs, '^origin/main'], {cwd: other, stdio: 'pipe'});
	return {other, raw, bundle};
}

describe.skipIf(!hasGit)('what an environment answers is not trusted (needs git)', () => {
	it.each(['../up', '/etc', 'a/../../b', '.git', 'sub/.GIT', 'a//b', '.'])('the place %j is refused', async place => {
		const {here, home} = await makeWorld();
		const before = untouched(here);
		await expect(home({units: [unit(place)], pack: ['files', '1', 'end']})).rejects.toThrow('impossible name');
		expect(untouched(here)).toBe(before);
	});

	it('a link here does not lead to another repository', async () => {
		const {folder, here, head, home} = await makeWorld();
		fill(path.join(folder, 'private'));
		symlinkSync(path.join(folder, 'private'), path.join(here, 'link'));
		await home({
			units: [['unit', 'key', 'link', '/link', 'sha1']],
			pack: ['ref', head, 'refs/home/heads/x', 'known', '1', 'end'],
		});
		expect(branches(path.join(folder, 'private'))).toEqual(['main']);
	});

	it.each([
		['a ref of another folder', ['ref', 'HEAD', 'refs/heads/main', 'end']],
		['a commit that is none', ['ref', '--upload-pack=x', 'refs/home/heads/x', 'end']],
		['a number that is none', ['files', '1e9', 'end']],
		['a word that nobody knows', ['pwned', 'end']],
		['no end', ['files', '1']],
		['a key that leads elsewhere', ['end']],
	])('%s is refused', async (name, pack) => {
		const {here, head, home} = await makeWorld();
		const before = untouched(here);
		const units = [name.startsWith('a key') ? ['unit', '../../x', '', '', 'sha1'] : unit('')];
		await expect(home({units, pack: pack.map(word => (word === 'HEAD' ? head : word))})).rejects.toThrow('cannot be read');
		expect(untouched(here)).toBe(before);
		expect(branches(here)).toEqual(['main']);
	});

	it('names that git or a terminal would stumble over become harmless, and stay below ours', async () => {
		const {here, head, home} = await makeWorld();
		const names = [
			'../../heads/main',
			'x..y',
			'-f',
			'a\u009B31mred',
			'right\u202Eleft',
			'x.lock',
			'ok',
			'OK',
			'ok/deeper',
			`${'n'.repeat(300)}`,
		];
		const pack = [...names.flatMap(name => ['ref', head, `refs/home/heads/${name}`]), 'known', '1', 'end'];
		await home({pack});
		const made = branches(here).filter(name => name !== 'main');
		expect(made.length).toBeGreaterThan(3);
		for (const name of made) {
			expect(name).toMatch(/^dstack-tui\/fast-moth-1(?:-\d+)?\/(?:branch-[\da-f]{8}|-f|ok|ok-2\/deeper)(?:-\d+)?$/);
		}

		expect(git(here, 'rev-parse', 'main').trim()).toBe(head);
	});

	it('a bundle moves no branch of the person’s, runs no hook, and brings no other names', async () => {
		const {folder, here, head, home} = await makeWorld();
		for (const hook of ['reference-transaction', 'post-checkout', 'post-merge', 'post-update']) {
			mkdirSync(path.join(here, '.git/hooks'), {recursive: true});
			writeFileSync(path.join(here, '.git/hooks', hook), `#!/bin/sh\ntouch ${folder}/ran\n`);
			chmodSync(path.join(here, '.git/hooks', hook), 0o755);
		}

		const {other, bundle} = elsewhere(here, folder);
		git(other, 'commit', '-q', '--allow-empty', '-m', 'evil');
		const evil = git(other, 'rev-parse', 'HEAD').trim();
		for (const name of ['refs/home/heads/x', 'refs/tags/v1', 'refs/remotes/origin/y', 'refs/replace/' + head]) {
			git(other, 'update-ref', name, evil);
		}

		const before = untouched(here);
		await home({
			pack: ['ref', evil, 'refs/home/heads/x', 'known', '1', 'history', '1000', 'end'],
			bundle: bundle('refs/heads/main', 'refs/home/heads/x', 'refs/tags/v1', 'refs/remotes/origin/y', `refs/replace/${head}`),
		});
		expect(untouched(here)).toBe(before);
		expect(branches(here)).toEqual(['dstack-tui/fast-moth-1/x', 'main']);
		expect(existsSync(path.join(folder, 'ran'))).toBe(false);
	});

	it('objects that git finds unsound are not taken in; the bundle is kept beside', async () => {
		const {folder, here, place, head, home} = await makeWorld();
		const {other, raw, bundle} = elsewhere(here, folder);
		const blob = raw('blob', '#!/bin/sh\n');
		const hooks = raw('tree', Buffer.concat([Buffer.from('100755 post-checkout\0'), Buffer.from(blob, 'hex')]));
		const tree = raw('tree', Buffer.concat([Buffer.from('40000 .git\0'), Buffer.from(hooks, 'hex')]));
		const commit = git(other, 'commit-tree', tree, '-p', head, '-m', 'evil').trim();
		git(other, 'update-ref', 'refs/home/heads/x', commit);
		const {repositories} = await home({
			pack: ['ref', commit, 'refs/home/heads/x', 'known', '1', 'history', '1000', 'end'],
			bundle: bundle('refs/home/heads/x'),
		});
		expect(repositories[0]).toMatchObject({into: undefined, brought: [], bundle: expect.stringMatching(/\.bundle$/)});
		expect(repositories[0]?.notes.join()).toMatch(/git here does not take the commits \(.*\.git/);
		expect(branches(here)).toEqual(['main']);
		expect(() => git(here, 'cat-file', '-e', commit)).toThrow();
		expect(readdirSync(place)).toHaveLength(1);
	});

	it.each([
		['garbage', (bundle: Buffer) => Buffer.from(`nothing of the kind ${bundle.length}`)],
		['cut short', (bundle: Buffer) => bundle.subarray(0, -30)],
		[
			'changed on the way',
			(bundle: Buffer) => Buffer.from(bundle.map((byte, index) => (index === bundle.length - 25 ? byte ^ 0xff : byte))),
		],
	])('a bundle that is %s is told, and nothing is left of it', async (_name, spoil) => {
		const {folder, here, place, home} = await makeWorld();
		const {other, bundle} = elsewhere(here, folder);
		git(other, 'commit', '-q', '--allow-empty', '-m', 'one');
		const commit = git(other, 'rev-parse', 'HEAD').trim();
		git(other, 'update-ref', 'refs/home/heads/x', commit);
		await expect(
			home({
				pack: ['ref', commit, 'refs/home/heads/x', 'known', '1', 'history', '1000', 'end'],
				bundle: spoil(bundle('refs/home/heads/x')),
			}),
		).rejects.toThrow('is not whole');
		expect(existsSync(place)).toBe(false);
		expect(branches(here)).toEqual(['main']);
	});

	it('a commit that was announced and did not come is told', async () => {
		const {here, home} = await makeWorld();
		const pack = ['ref', 'a'.repeat(40), 'refs/home/heads/x', 'known', '1', 'end'];
		const {repositories} = await home({pack});
		expect(repositories[0]).toMatchObject({into: undefined, brought: []});
		expect(branches(here)).toEqual(['main']);
	});

	it('a bundle without an end stops at the limit, and leaves nothing', async () => {
		const {head, place, home} = await makeWorld();
		const pack = ['ref', head, 'refs/home/heads/x', 'known', '1', 'history', '1000', 'end'];
		await expect(home({pack, bundle: 'endless'}, 1_000_000)).rejects.toThrow('more than');
		expect(existsSync(place)).toBe(false);
	});

	it('many repositories together stop at a limit too', async () => {
		const {place, home} = await makeWorld();
		const units = Array.from({length: 100}, (_, index) => unit(`unit-${index}`));
		await expect(home({units, pack: ['files', '1', 'patch', 'end'], patch: Buffer.alloc(500_000)}, 1_000_000)).rejects.toThrow(
			'more than',
		);
		// What came whole before stays.
		expect(readdirSync(place, {recursive: true}).filter(name => String(name).endsWith('.patch'))).toHaveLength(6);
	});

	it.skipIf(!hasTar)('an archive that would land elsewhere is refused', async () => {
		const {folder, here, place, home} = await makeWorld();
		const source = path.join(folder, 'source');
		write(source, 'a');
		symlinkSync('/etc', path.join(source, 'link'));
		const tar = (...args: string[]) => execFileSync('tar', ['-cPf', '-', '-C', source, ...args], {stdio: 'pipe'});
		const archives = [
			tar('--transform=s,^a,../a,', 'a'),
			tar('--transform=s,^a,/tmp/a,', 'a'),
			tar('link', 'a', '--transform=s,^a,link/a,'),
		];
		for (const archive of archives) {
			await expect(home({pack: ['files', '1', 'end'], archive})).rejects.toThrow('leads out of its folder');
		}

		expect(existsSync(place)).toBe(false);
		const {repositories} = await home({pack: ['files', '1', 'end'], archive: tar('a', 'link')});
		expect(readFileSync(repositories[0]?.archive ?? '').subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
		expect(branches(here)).toEqual(['main']);
	});
});
