import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {unsavedWork} from '../../../source/environment/work.js';
import {git, hasGit, write} from '../support.js';
import {branches, makeCopy} from './support.js';

const prefix = 'dstack-tui/fast-moth-1';

/** A commit and files that are not committed, in two repositories. */
function work(there: string): void {
	git(there, 'commit', '-qam', 'a commit');
	write(there, 'b', 'edited');
	write(there, 'new file', 'mine');
	write(there, 'inside/c', 'c');
	git(path.join(there, 'inside'), 'init', '-q');
	git(path.join(there, 'inside'), 'add', '.');
	git(path.join(there, 'inside'), 'commit', '-qm', 'inside');
	write(there, 'inside/c', 'edited inside');
}

describe.skipIf(!hasGit)('several at once (needs git)', () => {
	it('each brings everything home, and all the same', async () => {
		const {home, here, there, place, context} = await makeCopy();
		work(there);
		const brought = await Promise.all([home(), home(), home(), home()]);
		for (const each of brought) {
			expect(each.repositories.map(({place: where, notes}) => [where, notes])).toEqual([
				['', []],
				['inside', []],
			]);
			expect(each).toEqual(brought[0]);
		}

		expect(branches(here)).toEqual([`${prefix}/main`, `${prefix}/uncommitted`, 'main']);
		expect(git(here, 'show', `${prefix}/uncommitted:b`)).toBe('edited');
		expect(git(here, 'show', `${prefix}/uncommitted:new file`)).toBe('mine');
		expect(readdirSync(place).filter(name => name.startsWith('.'))).toEqual([]);
		expect(readFileSync(path.join(place, 'inside', 'uncommitted.patch'), 'utf8')).toContain('edited inside');
		const left = readdirSync(path.join(context.stateFolder, 'home'));
		expect(left).toEqual(['moments']);
	});

	it('is not mistaken for nothing while others look or bring home, and what was listed has to come', async () => {
		const {home, there, link, context} = await makeCopy();
		work(there);
		const {lines, mark} = await unsavedWork(link, context);
		expect(mark).toBeDefined();
		const all = await Promise.all([
			home({listed: lines}),
			unsavedWork(link, context),
			home({listed: lines}),
			unsavedWork(link, context),
			unsavedWork(link, context),
		]);
		expect(all.filter(each => 'lines' in each)).toEqual([1, 2, 3].map(() => ({changed: true, lines, mark})));
		expect(all.filter(each => 'repositories' in each).map(({repositories}) => repositories.length)).toEqual([2, 2]);
		expect(readdirSync(context.stateFolder).filter(name => name.startsWith('checking'))).toEqual([]);
		await expect(home({listed: [...lines, 'what is not there']})).rejects.toMatchObject({details: ['what is not there']});
	});

	it('is known again as long as nothing changes', async () => {
		const {there, link, context} = await makeCopy();
		const mark = async () => (await unsavedWork(link, context)).mark;
		const clean = await mark();
		expect(clean).toBeDefined();
		write(there, 'b', 'edited');
		const edited = await mark();
		expect(edited).not.toEqual(clean);
		expect(await mark()).toEqual(edited);
		write(there, 'b', 'edited again');
		expect(await mark()).toEqual({content: expect.not.stringContaining(edited?.content ?? '') as string, lines: edited?.lines});
		git(there, 'commit', '-qam', 'committed');
		expect((await mark())?.lines).not.toBe(edited?.lines);
		git(there, 'reset', '-q', '--hard', 'HEAD~1');
		write(there, 'a', 'changed before');
		expect(await mark()).toEqual(clean);
	});
});
