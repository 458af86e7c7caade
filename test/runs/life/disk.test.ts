import {refusals, withDisk, type DiskWrite} from '../../support/failing-disk.js';
import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {isTrouble} from '../../../source/runs/model/reconciled.js';
import {readLedger} from '../../../source/runs/journal/ledger.js';
import {installAliases} from '../../../source/tunnel/ssh-config/install-aliases.js';
import {runFolder} from '../../../source/runs/journal/run-folder.js';
import {Problem} from '../../../source/system/problem.js';
import {offersOf, Program, runName, World} from './program.js';

let world: World;

beforeEach(() => {
	world = new World();
});

afterEach(() => {
	world.remove();
});

const offer = offersOf({id: 'cloud/r1/a', instanceType: 'a'})[0] ?? {};

/** A run with an instance and aliases, whose program has let go of it. */
async function begin(): Promise<void> {
	await new Program(world).start({offer});
	await installAliases(world.paths, {
		name: runName,
		folder: runFolder(world.paths, runName),
		host: '127.0.0.1',
		port: 1,
		user: 'root',
	});
	expect(world.cloud.alive()).toHaveLength(1);
}

async function anew(): Promise<void> {
	world.remove();
	world = new World();
	await begin();
}

/** What a comparison says of what it could not do; nothing where all is well. */
async function reap(): Promise<readonly string[]> {
	const found = await new Program(world).reconcile();
	return found?.notes.filter(isTrouble) ?? [];
}

const ends = {
	stop: async () => new Program(world).stop(),
	/** The end that another program has begun, and died in. */
	'an end that is taken up': async () => reap(),
	/** The instance has ended by itself. */
	'one that has ended by itself': async () => reap(),
} as const;

const prepare = async (end: keyof typeof ends): Promise<void> => {
	await anew();
	if (end === 'an end that is taken up') {
		world.cloud.fault = call => (call === 'terminate' ? {type: 'refused', class: 'permission'} : undefined);
		await new Program(world).stop();
		world.cloud.fault = () => undefined;
	} else if (end === 'one that has ended by itself') {
		world.now += 7_200_000;
	}
};

const secretFiles = async (): Promise<string[]> =>
	(await readdir(runFolder(world.paths, runName))).filter(name => /key|secret|known|id_/.test(name));

/** After the disk has become whole again: one look writes down what could not be. */
async function expectHealed(where: string): Promise<void> {
	world.now += 180_000;
	expect(await reap(), where).toEqual([]);
	expect(await world.state(), where).toMatchObject({phase: 'gone'});
	expect(await secretFiles(), where).toEqual([]);
	expect(await readLedger(world.paths), where).toHaveLength(1);
	expect(
		(await readdir(path.dirname(world.paths.sshConfig))).filter(name => name === 'config'),
		where,
	).toEqual([]);
}

describe.each(Object.keys(ends) as Array<keyof typeof ends>)('every write of %s', end => {
	test.each(refusals)('fails once with %s: the instance ends, and what could not be written is said', async code => {
		await prepare(end);
		const {writes} = await withDisk(world.folder, () => undefined, ends[end]);
		expect(writes.length).toBeGreaterThan(8);
		for (const {number} of writes) {
			await prepare(end);
			let failed: DiskWrite | undefined;
			const {result} = await withDisk(
				world.folder,
				write => {
					if (write.number !== number) {
						return undefined;
					}

					failed = write;
					return code;
				},
				ends[end],
			);
			const where = `${end}, ${code} at write ${number}: ${failed?.act} ${failed?.file}`;
			expect(world.cloud.alive(), where).toEqual([]);
			const isWhole = (await world.state())?.phase === 'gone' && (await secretFiles()).length === 0;
			const said =
				result instanceof Problem ? [result.message, ...result.details].join('\n') : ((result ?? []) as string[]).join('\n');
			if (result instanceof Error && !(result instanceof Problem)) {
				throw new Error(where, {cause: result});
			}

			// A write that was made up for is none that failed.
			if (!isWhole) {
				expect(said, where).toContain(code);
			}

			if (said !== '') {
				expect(said, where).toMatch(new RegExp(`${runName}.* has ended`));
			}

			await expectHealed(where);
		}
	});

	test.each(refusals)('on a disk that refuses everything with %s', async code => {
		await prepare(end);
		const {result} = await withDisk(world.folder, () => code, ends[end]);
		expect(world.cloud.alive()).toEqual([]);
		const said =
			result instanceof Problem
				? [result.message, ...result.details, result.next].join('\n')
				: ((result ?? []) as string[]).join('\n');
		expect(said).toContain(`${runName} has ended`);
		expect(said).toContain(code);
		expect(said).toContain('reap');
		const {result: again} = await withDisk(world.folder, () => code, reap);
		expect(again.join('\n')).toContain(code);
		await expectHealed(code);
	});
});

test.each(refusals)('an end that fails too, on a disk that refuses everything with %s, says the command by hand', async code => {
	await begin();
	world.cloud.fault = call => (call === 'terminate' ? {type: 'refused', class: 'permission'} : undefined);
	const {result} = await withDisk(world.folder, () => code, ends.stop);
	expect((result as Problem).details.join('\n')).toContain('End it by hand: cloud end m-0');
});
