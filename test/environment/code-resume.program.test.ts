import {randomBytes} from 'node:crypto';
import {appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {unitLimit} from '../../source/environment/code/units.js';
import {collectCode} from '../../source/environment/code/collect.js';
import {isCopied} from '../../source/environment/code/remote-upload.js';
import {copyCode, uploadCode} from '../../source/environment/code/upload.js';
import type {Link} from '../../source/system/link.js';
import {mortalLink} from './mortal-link.js';
import {git, hasGit, hasTar, localLink, makePlaces} from './support.js';
import {historyOf, treeOf} from './trees.js';

/** Changes, links, empty folders, a stash, a file in parts and a pack in parts. */
function fill(here: string) {
	git(here, 'init', '-q');
	writeFileSync(path.join(here, 'big'), randomBytes(5_000_000));
	for (let index = 0; index < 400; index++) {
		mkdirSync(path.join(here, `folder ${index % 9}`), {recursive: true});
		writeFileSync(path.join(here, `folder ${index % 9}`, `file\n${index}`), randomBytes(5000), {mode: index % 3 ? 0o644 : 0o755});
	}

	git(here, 'add', '.');
	git(here, 'commit', '-qm', 'first');
	git(here, 'gc', '-q');
	writeFileSync(path.join(here, 'big'), randomBytes(5_100_000), {mode: 0o755});
	git(here, 'stash');
	writeFileSync(path.join(here, 'folder 1/new'), randomBytes(3_000_000));
	symlinkSync('folder 1/new', path.join(here, 'link'));
	symlinkSync('/nowhere', path.join(here, 'folder 2/broken'));
	mkdirSync(path.join(here, 'empty/below'), {recursive: true});
}

const arrived = (folder: string) => [treeOf(folder), historyOf(folder)];

describe.skipIf(!hasGit || !hasTar)('a copy whose link dies (needs git and tar)', () => {
	it('goes on with what has arrived, in another program as well, wherever it was cut', async () => {
		const {here, home, context} = await makePlaces();
		fill(here);
		const before = arrived(here);
		const whole = mortalLink(home);
		await copyCode(whole.link, here, {...context, intentId: 'whole'}, () => undefined, undefined, {checkout: false});
		let run = 0;
		const cutAt = async (shares: number[], checkout: boolean) => {
			const each = {...context, intentId: `${context.intentId}-${run++}`};
			let sent = 0;
			for (const share of shares) {
				const {link, count} = mortalLink(home, {bytes: Math.floor(share * whole.count.bytes)});
				await copyCode(link, here, each, () => undefined, undefined, {checkout}).catch((error: unknown) => {
					expect(String(error)).toMatch(/connection was lost/);
				});
				sent += count.bytes;
			}

			const last = mortalLink(home);
			await copyCode(last.link, here, each, () => undefined, undefined, {checkout});
			sent += last.count.bytes;
			expect(arrived(context.workspace)).toEqual(before);
			expect(readdirSync(context.workspace).filter(name => name.startsWith('.dstack'))).toEqual([]);
			// A unit that was under way, the one whose mark had not been read yet, and what every attempt says again.
			expect(sent).toBeLessThan(whole.count.bytes + shares.length * 2 * unitLimit + 100_000);
		};
		const share = fc.double({min: 0, max: 0.999, noNaN: true});
		await fc.assert(fc.asyncProperty(fc.array(share, {minLength: 1, maxLength: 3}), fc.boolean(), cutAt), {numRuns: 8});
	}, 300_000);

	it('survives it in any command, also the last ones', async () => {
		const {here, home, context} = await makePlaces();
		fill(here);
		const before = arrived(here);
		for (let commands = 1; commands <= 6; commands++) {
			const each = {...context, intentId: `${context.intentId}-${commands}`};
			const {link} = mortalLink(home, {commands});
			await copyCode(link, here, each, () => undefined).catch(() => undefined);
			await copyCode(localLink(home), here, each, () => undefined);
			expect(arrived(context.workspace)).toEqual(before);
			expect(readdirSync(context.workspace).filter(name => name.startsWith('.dstack'))).toEqual([]);
		}
	}, 120_000);

	it('leaves nothing of what is not the code any more, and sends what has changed', async () => {
		const {here, home, context} = await makePlaces();
		fill(here);
		const first = mortalLink(home, {bytes: 16_000_000});
		await expect(copyCode(first.link, here, context, () => undefined, undefined, {checkout: false})).rejects.toThrow(/lost/);
		rmSync(path.join(here, 'folder 3'), {recursive: true});
		rmSync(path.join(here, 'link'));
		rmSync(path.join(here, 'folder 1/new'));
		mkdirSync(path.join(here, 'folder 1/new'));
		writeFileSync(path.join(here, 'folder 1/new/inside'), 'a folder now');
		symlinkSync('folder 1', path.join(here, 'folder 3'));
		git(here, 'commit', '-qam', 'meanwhile');
		const second = mortalLink(home);
		await copyCode(second.link, here, context, () => undefined, undefined, {checkout: false});
		expect(arrived(context.workspace)).toEqual(arrived(here));
		expect(second.count.bytes).toBeLessThan(11_000_000);
	}, 60_000);

	it('is put in its place by the next attempt where that was cut short, and not again', async () => {
		const {here, home, folder, context} = await makePlaces();
		fill(here);
		const bin = path.join(folder, 'bin');
		mkdirSync(bin);
		// The first one to be moved arrives, then nothing does.
		writeFileSync(
			path.join(bin, 'mv'),
			`#!/bin/sh\ncase "$*" in *tree/*work*) [ ! -e ${folder}/moved ] || exit 1; : > ${folder}/moved ;; esac\nexec /bin/mv "$@"\n`,
			{mode: 0o755},
		);
		const failing = localLink(home, {PATH: `${bin}:${process.env['PATH']}`});
		await expect(copyCode(failing, here, context, () => undefined)).rejects.toMatchObject({kind: 'failed'});
		expect(await isCopied(localLink(home), context)).toBe(false);
		const before = arrived(here);
		const last = mortalLink(home);
		await copyCode(last.link, here, context, () => undefined);
		expect(last.count.bytes).toBe(0);
		expect(arrived(context.workspace)).toEqual(before);
	}, 60_000);

	it('is not disturbed by one of an earlier link that still goes on', async () => {
		const {here, home, context} = await makePlaces();
		fill(here);
		const before = arrived(here);
		const first = mortalLink(home, {bytes: 8_000_000});
		const kept: Link = {
			...first.link,
			// The machine does not notice that the link is gone: what unpacks there waits for more.
			exec: async (command, options) =>
				first.link.exec(
					command.includes('tar -x') ? `(sleep 1000 & cat; wait) | ${command.replace(/^exec /, '')}` : command,
					options,
				),
		};
		await expect(copyCode(kept, here, context, () => undefined)).rejects.toThrow(/lost/);
		await copyCode(localLink(home), here, context, () => undefined);
		expect(arrived(context.workspace)).toEqual(before);
	}, 60_000);
});

describe.skipIf(!hasGit || !hasTar)('a re-attachment (needs git and tar)', () => {
	it('asks once and does not look at the folder', async () => {
		const {here, home, context} = await makePlaces();
		writeFileSync(path.join(here, 'a'), 'a');
		const result = await copyCode(localLink(home), here, context, () => undefined);
		expect(result).toMatchObject({copied: true, note: expect.stringMatching(/^1 file, 1B; \S+ sent$/) as string});
		writeFileSync(path.join(context.workspace, 'a'), 'edited there');
		rmSync(here, {recursive: true});
		const {link, count} = mortalLink(home);
		expect(await copyCode(link, here, context, () => undefined)).toMatchObject({copied: false});
		expect(count.commands).toBe(1);
		expect(readFileSync(path.join(context.workspace, 'a'), 'utf8')).toBe('edited there');
	});

	it('tells what is done in bytes, files and history', async () => {
		const {here, home, context} = await makePlaces();
		fill(here);
		const manifest = await collectCode(here);
		const texts: string[] = [];
		const dones: number[] = [];
		await uploadCode(localLink(home), manifest, context, ({text, done}) => {
			texts.push(text ?? '');
			dones.push(done ?? 0);
		});
		expect(texts.join('\n')).toMatch(/^history \S+ of \S+,$/m);
		expect(dones).toEqual([...dones].sort((one, other) => one - other));
		expect(dones.at(-1)).toBe(manifest.bytes);
	});

	it('sends only what changed where a file is written to all the time', async () => {
		const {here, home, context} = await makePlaces();
		fill(here);
		writeFileSync(path.join(here, 'log'), 'begin\n');
		const {link, count} = mortalLink(home);
		const restless: Link = {
			...link,
			async exec(command, options) {
				appendFileSync(path.join(here, 'log'), 'more\n');
				return link.exec(command, options);
			},
		};
		await copyCode(restless, here, context, () => undefined, undefined, {checkout: false});
		expect(readFileSync(path.join(context.workspace, 'log'), 'utf8')).toMatch(/^begin\n(?:more\n)+$/);
		const {bytes} = await collectCode(here);
		expect(count.bytes).toBeLessThan(bytes + 4 * unitLimit);
		expect(existsSync(path.join(context.workspace, 'folder 8'))).toBe(true);
	}, 60_000);
});
