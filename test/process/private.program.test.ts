import {chmod, readdir, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {expect, test} from 'vitest';
import {makeOwnFolder} from '../../source/system/files.js';
import {temporaryFolder} from '../support/folders.js';
import {cliFile, makeWorld} from '../support/program.js';

/** What others may do something with below a folder, and the folder itself. */
async function openBelow(folder: string, isTheirs: (file: string) => boolean): Promise<string[]> {
	const entries = await readdir(folder, {recursive: true, withFileTypes: true});
	const files = [
		folder,
		...entries.filter(entry => !entry.isSymbolicLink()).map(entry => path.join(entry.parentPath, entry.name)),
	];
	const open = await Promise.all(
		files.map(async file => {
			const mode = (await stat(file)).mode & 0o777;
			return (mode & 0o077) === 0 || isTheirs(file) ? [] : [`${file} ${mode.toString(8)}`];
		}),
	);
	return open.flat();
}

test('with a umask that gives everything to everybody: each folder and file of ours is the person’s alone, whatever is done first', async () => {
	const verbs = [
		['ps'],
		['check'],
		['backends'],
		['offers', '--limit', '1'],
		['secrets', 'set', 'TOKEN'],
		['reap'],
		['run', '.', '-n', 'one', '-y', '-d', '--max-duration', '1h'],
	];
	for (const first of verbs) {
		const world = await makeWorld();
		await world.write({'.dstack.yml': 'type: dev-environment\ninit:\n  - echo there\n', 'a.txt': 'a\n'});
		world.git('init', '-q');
		const cli = async (args: readonly string[]) =>
			world.run('sh', ['-c', 'umask 000 && exec "$0" "$@"', process.execPath, cliFile, ...args], {input: 'value\n'});
		const {code, stderr} = await cli(first);
		expect([0, 3], `${first.join(' ')}: ${stderr}`).toContain(code);
		if (first[0] === 'run') {
			for (const args of [['extend', 'one', '1h'], ['logs', 'one'], ['ps'], ['stop', 'one', '-y'], ['reap']]) {
				expect(await openBelow(world.home, file => isCode(world.home, file)), args.join(' ')).toEqual([]);
				await cli(args);
			}
		}

		expect(await openBelow(world.home, file => isCode(world.home, file)), first.join(' ')).toEqual([]);
	}
}, 120_000);

/** The code, which keeps its own modes, and commands that another user there may have to read, behind folders that nobody else may enter. */
const isCode = (home: string, file: string): boolean =>
	file.startsWith(path.join(home, 'dt/runs/one/instance/one')) ||
	/\/instance\/state\/steps\/[a-z]+\/command$/.test(file) ||
	// What the test itself wrote.
	file === path.join(home, '.gitconfig');

test('a folder of ours that was open is closed; in one that the person chose, others may only write no more', async () => {
	const root = await temporaryFolder();
	const [ours, chosen] = ['dstack-tui', 'chosen'].map(name => path.join(root, name)) as [string, string];
	for (const folder of [ours, chosen]) {
		makeOwnFolder(folder);
		expect((await stat(folder)).mode & 0o777).toBe(0o700);
	}

	await chmod(ours, 0o755);
	await chmod(chosen, 0o777);
	await writeFile(path.join(ours, 'x'), '');
	makeOwnFolder(ours);
	makeOwnFolder(chosen);
	expect((await stat(ours)).mode & 0o777).toBe(0o700);
	expect((await stat(chosen)).mode & 0o777).toBe(0o755);
});
