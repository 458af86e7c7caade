import {readdir, readFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, onTestFinished} from 'vitest';
import {runFolder} from '../../../source/runs/journal/run-folder.js';
import {liveThrough} from '../../runs/life/history.js';
import {killEverywhere, weathers} from '../../runs/life/killing.js';
import {Program, runName} from '../../runs/life/program.js';
import {caseOf} from './bench.js';
import type {StandIn} from './stand-in.js';
import {CloudWorld} from './world.js';

/** Weathers that are tried at every position, where that costs real time, too. */
const alwaysTried = new Set(['the first answer is lost', 'a terminate is lost']);

/** Whole lives of runs over a backend: what the program promises, whatever cloud it is. */
export function lives(standIn: StandIn): void {
	const {name, make, histories} = standIn;
	const world = async (): Promise<CloudWorld> => {
		const made = new CloudWorld(await make());
		onTestFinished(() => made.remove());
		return made;
	};

	const isQuick = histories >= 20;
	const othersOf = ({offers}: CloudWorld) => offers.slice(1).map(offer => ({...offer}) as Record<string, unknown>);

	describe(`${name}: lives over it`, () => {
		for (const weather of weathers.filter(each => isQuick || alwaysTried.has(each.name))) {
			caseOf(standIn, `killed before and after every act: ${weather.name}`, ['token'], async () => {
				const others = othersOf(await world());
				await killEverywhere({weather, make: world, others, isTorn: isQuick ? [false, true] : [false]});
			});
		}

		caseOf(standIn, 'what no journal here tells of is found and ended; what others have is not even seen', [], async () => {
			const here = await world();
			await new Program(here).start();
			const foreign = await here.addForeign();
			const [ours] = (await here.alive()).filter(({id}) => id !== foreign);
			// As a journal is lost; what a local instance keeps beside it is its own.
			await rm(path.join(runFolder(here.paths, runName), 'journal.jsonl'));
			here.now += 60_000;
			const found = await new Program(here).reconcile(undefined, true);
			expect(found?.orphans.map(({instance}) => instance.intentId)).toEqual([ours?.intentId]);
			const [orphan] = found?.orphans ?? [];
			await here.backend().terminate(orphan?.instance.id ?? '', orphan?.instance.account);
			expect((await here.alive()).map(({id}) => id)).toEqual([foreign]);
			expect((await new Program(here).reconcile(undefined, true))?.orphans).toEqual([]);
			expect(here.terminated().filter(id => id.endsWith(foreign))).toEqual([]);
		});

		caseOf(standIn, 'keys and passwords are in no journal, log or ledger', [], async () => {
			const cloud = await make();
			const here = new CloudWorld(cloud);
			onTestFinished(() => here.remove());
			await new Program(here).start();
			const folder = runFolder(here.paths, runName);
			const keys = await Promise.all(
				['host_key', 'id_ed25519'].map(async file => (await readFile(path.join(folder, file), 'utf8')).split('\n')[2] ?? '?'),
			);
			expect(keys.every(key => key.length > 20)).toBe(true);
			await new Program(here).stop();
			expect(await here.state()).toMatchObject({phase: 'gone'});
			const found: string[] = [];
			for (const entry of await readdir(here.paths.runs, {recursive: true, withFileTypes: true})) {
				const file = path.join(entry.parentPath, entry.name);
				const text = entry.isFile() ? await readFile(file, 'latin1') : '';
				found.push(...[...cloud.secrets, ...keys].filter(secret => text.includes(secret)).map(() => file));
			}

			const ledger = await readFile(here.paths.ledger, 'utf8');
			expect([...cloud.secrets, ...keys].filter(secret => ledger.includes(secret))).toEqual([]);
			expect(found).toEqual([]);
		});

		caseOf(
			standIn,
			`${histories} random histories: nothing lives unannounced, twice, or past its deadline`,
			['token'],
			async () => {
				const first = await world();
				await liveThrough(histories, {make: world, others: othersOf(first), isTurned: (await make()).turn !== undefined});
			},
		);
	});
}
