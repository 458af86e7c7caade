import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, rename, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {claimFolder, removeClaim, runFolder, runNames} from '../../source/runs/journal/run-folder.js';
import {temporaryFolder} from '../support/folders.js';
import {testPaths} from '../support/paths.js';

/** A run that is gone; its folder says so itself. */
async function prepare() {
	const paths = testPaths(await temporaryFolder());
	const folder = runFolder(paths, 'one');
	await mkdir(folder, {recursive: true});
	await writeFile(path.join(folder, 'gone'), '');
	const isGone = async (each: string) => existsSync(path.join(each, 'gone'));
	return {paths, folder, isGone};
}

test('of many that claim the name of a run that is gone, one gets it, and nobody deletes what that one made', async () => {
	const {paths, folder, isGone} = await prepare();
	const claim = async (mark: string) => {
		await claimFolder(paths, 'one', isGone);
		await writeFile(path.join(folder, 'mine'), mark, {flag: 'wx'});
		return mark;
	};

	const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'f'].map(claim));
	const winners = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
	expect(winners).toHaveLength(1);
	expect(await readFile(path.join(folder, 'mine'), 'utf8')).toBe(winners[0]);
	for (const each of results.filter(({status}) => status === 'rejected')) {
		expect(each).toMatchObject({reason: {kind: 'usage', message: 'There is an environment called one already'}});
	}

	expect(await runNames(paths)).toEqual(['one']);
});

test('who saw it gone and comes late finds another run in its place, and leaves that as it is', async () => {
	const {paths, folder, isGone} = await prepare();
	let looks = 0;
	const late = async (each: string) => {
		const gone = await isGone(each);
		// In the moment after the first look, another program has taken its place.
		if (++looks === 1) {
			await rename(folder, `${folder}-old`);
			await mkdir(folder);
			await writeFile(path.join(folder, 'journal.jsonl'), 'new\n');
		}

		return gone;
	};

	await expect(claimFolder(paths, 'one', late)).rejects.toMatchObject({kind: 'usage'});
	expect(await readFile(path.join(folder, 'journal.jsonl'), 'utf8')).toBe('new\n');
	expect((await readdir(paths.runs)).sort()).toEqual(['.claims', 'one', 'one-old']);
});

test('what a crash left of a claim is removed only while it is still that', async () => {
	const {paths, folder, isGone} = await prepare();
	let looks = 0;
	await expect(removeClaim(paths, 'one', async () => ++looks === 1)).rejects.toMatchObject({kind: 'usage'});
	expect(await readdir(folder)).toEqual(['gone']);
	await removeClaim(paths, 'one', isGone);
	expect(await runNames(paths)).toEqual([]);
	await removeClaim(paths, 'one', isGone);
});
