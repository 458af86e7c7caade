import {spawnSync} from 'node:child_process';
import {watch} from 'node:fs';
import {appendFile, mkdir, rename, rm, symlink, unlink, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {build} from 'esbuild';
import {describe, expect, it, onTestFinished} from 'vitest';
import writeFileAtomic from 'write-file-atomic';
import {watchFiles, type WatchOptions} from '../../source/configuration/watch/watch.js';
import {type Clock, systemClock} from '../../source/system/clock.js';
import {temporaryFolder} from '../support/folders.js';
import {least, writeFiles} from './support.js';

/** A clock whose timers are set off by hand; `planned` are their milliseconds. */
function handClock() {
	const timers = new Map<object, {milliseconds: number; tick: () => void}>();
	let now = 0;
	const clock: Clock = {
		...systemClock,
		now: () => now,
		elapsed: () => now,
		every(milliseconds, tick) {
			const key = {};
			timers.set(key, {milliseconds, tick});
			return () => timers.delete(key);
		},
	};
	return {
		clock,
		planned: () => [...timers.values()].map(({milliseconds}) => milliseconds),
		fire(milliseconds: number) {
			now += milliseconds;
			for (const timer of [...timers.values()].filter(each => each.milliseconds === milliseconds)) {
				timer.tick();
			}
		},
	};
}

const exhausted = (() => {
	throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {code: 'ENOSPC'});
}) as unknown as typeof watch;

async function until(what: () => boolean): Promise<void> {
	for (let waited = 0; !what(); waited += 20) {
		if (waited > 30_000) {
			throw new Error('it did not come to pass');
		}

		await systemClock.sleep(20);
	}
}

/** The probe is in a folder of its own: that one alone is looked at for it. Watches, and waits until it has looked for the first time: a first change is made and heard. */
async function watching(target: string | readonly string[], probe: string, options: WatchOptions = {}) {
	const told: string[][] = [];
	const stop = watchFiles(
		target,
		changed => {
			told.push([...changed]);
		},
		{home: '', ...options},
	);
	onTestFinished(stop);
	let count = 0;
	await mkdir(path.dirname(probe), {recursive: true});
	/** Everything before it has been told, if it is told at all. */
	const settle = async (): Promise<void> => {
		const before = told.length;
		for (let round = 0; !told.slice(before).flat().includes(probe); round++) {
			if (round % 10 === 0) {
				await writeFile(probe, `# ${count++}\n`);
			}

			await systemClock.sleep(50);
			if (round > 600) {
				throw new Error('nothing was heard');
			}
		}

		// What changed during a look is told by the next.
		await systemClock.sleep(350);
	};

	await settle();
	told.length = 0;
	return {
		told,
		stop,
		/** What was told since the last time, without the probe's own changes. */
		async heard(): Promise<string[]> {
			await settle();
			return [...new Set(told.splice(0).flat())].filter(file => file !== probe).sort();
		},
	};
}

async function watchedFolder(files: Readonly<Record<string, string>> = {}, options: WatchOptions = {}) {
	const folder = await temporaryFolder();
	await writeFiles(folder, {'.dstack.yml': least, ...files});
	return {
		folder,
		file: path.join(folder, '.dstack.yml'),
		...(await watching(folder, path.join(folder, 'probe', 'probe.dstack.yml'), options)),
	};
}

describe('what editors do', () => {
	it.each<[what: string, save: (file: string, content: string) => Promise<void>]>([
		['write in place', async (file, content) => writeFile(file, content)],
		[
			'cut and write in pieces',
			async (file, content) => {
				await writeFile(file, '');
				for (const character of content) {
					await appendFile(file, character);
				}
			},
		],
		[
			'vim: rename to a backup, write anew, remove the backup',
			async (file, content) => {
				const folder = path.dirname(file);
				await writeFile(path.join(folder, '4913'), '');
				await unlink(path.join(folder, '4913'));
				await rename(file, `${file}~`);
				await writeFile(file, content);
				await unlink(`${file}~`);
			},
		],
		[
			'VS Code and others: write beside it, rename over it',
			async (file, content) => {
				await writeFile(`${file}.tmp`, content);
				await rename(`${file}.tmp`, file);
			},
		],
		[
			'Emacs: rename to a backup that stays',
			async (file, content) => {
				await rename(file, `${file}~`);
				await writeFile(file, content);
			},
		],
		[
			'sed -i',
			async (file, content) => {
				await writeFile(path.join(path.dirname(file), 'sedA1b2C3'), content);
				await rename(path.join(path.dirname(file), 'sedA1b2C3'), file);
			},
		],
		['this program', async (file, content) => writeFileAtomic(file, content)],
		[
			'remove and write',
			async (file, content) => {
				await rm(file);
				await writeFile(file, content);
			},
		],
	])('%s', async (_, save) => {
		const {file, heard} = await watchedFolder();
		await save(file, `${least}ide: zed\n`);
		expect(await heard()).toEqual([file]);
		// The watch outlives the file that was replaced.
		await save(file, `${least}ide: cursor\n`);
		expect(await heard()).toEqual([file]);
	});

	it('a file with the same size and time is another one when it was replaced', async () => {
		const {folder, file, heard} = await watchedFolder();
		const time = new Date(1_700_000_000_000);
		await utimes(file, time, time);
		await heard();
		await writeFile(path.join(folder, 'new'), least);
		await utimes(path.join(folder, 'new'), time, time);
		await rename(path.join(folder, 'new'), file);
		expect(await heard()).toEqual([file]);
	});
});

describe('what is told', () => {
	it('files that appear and vanish, and no others', async () => {
		const {folder, file, heard} = await watchedFolder({'src/x.ts': '', 'node_modules/a/x.txt': ''});
		await writeFiles(folder, {
			'a.dstack.yaml': least,
			'README.md': 'x',
			'src/x.ts': 'y',
			'node_modules/a/x.dstack.yml': least,
			'.git/x.dstack.yml': least,
			'.dstack.yml.swp': 'x',
		});
		expect(await heard()).toEqual([path.join(folder, 'a.dstack.yaml')]);
		await rm(file);
		expect(await heard()).toEqual([file]);
	});

	it('folders that appear, are moved, replaced and removed', async () => {
		const {folder, heard} = await watchedFolder();
		const at = (...names: string[]) => path.join(folder, ...names);
		await writeFiles(folder, {'a/b/c/x.dstack.yml': least});
		expect(await heard()).toEqual([at('a', 'b', 'c', 'x.dstack.yml')]);
		await rename(at('a', 'b'), at('a', 'd'));
		expect(await heard()).toEqual([at('a', 'b', 'c', 'x.dstack.yml'), at('a', 'd', 'c', 'x.dstack.yml')]);
		await writeFile(at('a', 'd', 'c', 'x.dstack.yml'), `${least}# 2\n`);
		expect(await heard()).toEqual([at('a', 'd', 'c', 'x.dstack.yml')]);
		await writeFiles(folder, {'other/c/x.dstack.yml': `${least}# another\n`});
		await heard();
		await rename(at('a', 'd'), at('gone'));
		await rename(at('other'), at('a', 'd'));
		await heard();
		await writeFile(at('a', 'd', 'c', 'x.dstack.yml'), `${least}# 3\n`);
		expect(await heard()).toEqual([at('a', 'd', 'c', 'x.dstack.yml')]);
		await rm(at('a'), {recursive: true});
		expect(await heard()).toEqual([at('a', 'd', 'c', 'x.dstack.yml')]);
	});

	it('profiles, also those of a folder that is made later, and of the home folder', async () => {
		const home = await temporaryFolder();
		const {folder, heard} = await watchedFolder({}, {home});
		await writeFiles(folder, {
			'.dstack/profiles.yml': 'profiles: []\n',
			'.dstack/other.yml': '',
			'deep/.dstack/profiles.yml': '',
		});
		expect(await heard()).toEqual([path.join(folder, '.dstack', 'profiles.yml')]);
		await writeFiles(home, {'.dstack/profiles.yaml': 'profiles: []\n', 'x.dstack.yml': least});
		expect(await heard()).toEqual([path.join(home, '.dstack', 'profiles.yaml')]);
		await rm(path.join(home, '.dstack'), {recursive: true});
		expect(await heard()).toEqual([path.join(home, '.dstack', 'profiles.yaml')]);
	});

	it('what a link leads to', async () => {
		const elsewhere = await temporaryFolder();
		await writeFiles(elsewhere, {'real.yml': least, 'log.txt': ''});
		const folder = await temporaryFolder();
		await symlink(path.join(elsewhere, 'real.yml'), path.join(folder, 'x.dstack.yml'));
		const {heard} = await watching(folder, path.join(folder, 'probe', 'probe.dstack.yml'));
		await writeFile(path.join(elsewhere, 'log.txt'), 'x');
		expect(await heard()).toEqual([]);
		await writeFileAtomic(path.join(elsewhere, 'real.yml'), `${least}# 2\n`);
		expect(await heard()).toEqual([path.join(folder, 'x.dstack.yml')]);
	});

	it('of a list: only these, be they there or not', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'a.yml': '', 'other.yml': ''});
		const files = [path.join(folder, 'a.yml'), path.join(folder, 'not', 'yet', 'b.yml'), path.join(folder, 'probe', 'probe.yml')];
		const {heard} = await watching(files, files[2]!);
		await writeFiles(folder, {'a.yml': 'x', 'other.yml': 'x', 'x.dstack.yml': least});
		expect(await heard()).toEqual([files[0]]);
		await writeFiles(folder, {'not/yet/b.yml': 'x', 'not/yet/c.yml': 'x'});
		expect(await heard()).toEqual([files[1]]);
		await rm(path.join(folder, 'not'), {recursive: true});
		expect(await heard()).toEqual([files[1]]);
		await writeFiles(folder, {'not/yet/b.yml': 'y'});
		expect(await heard()).toEqual([files[1]]);
	});

	it('a folder that goes and comes back', async () => {
		const parent = await temporaryFolder();
		const folder = path.join(parent, 'project');
		await writeFiles(folder, {'.dstack.yml': least});
		const told: string[] = [];
		onTestFinished(watchFiles(folder, changed => told.push(...changed), {home: ''}));
		await systemClock.sleep(1000);
		await rename(folder, path.join(parent, 'away'));
		await until(() => told.includes(path.join(folder, '.dstack.yml')));
		told.length = 0;
		await rename(path.join(parent, 'away'), folder);
		await until(() => told.includes(path.join(folder, '.dstack.yml')));
		told.length = 0;
		await writeFile(path.join(folder, '.dstack.yml'), `${least}# 2\n`);
		await until(() => told.includes(path.join(folder, '.dstack.yml')));
	});

	it('nothing after its end', async () => {
		const {folder, file, told, stop} = await watchedFolder();
		stop();
		const second = await watching(folder, path.join(folder, 'second', 'x.dstack.yml'));
		await writeFile(file, `${least}# 2\n`);
		expect(await second.heard()).toEqual([file]);
		expect(told).toEqual([]);
	});

	it('nothing when it is ended at once', async () => {
		const {folder, file, heard} = await watchedFolder();
		const told: unknown[] = [];
		watchFiles(folder, changed => told.push(changed), {home: ''})();
		await writeFile(file, `${least}# 2\n`);
		expect(await heard()).toEqual([file]);
		expect(told).toEqual([]);
	});
});

describe('how often', () => {
	it('one look for many signs, a while after the first, and not again at once', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'.dstack.yml': least});
		const {clock, planned, fire} = handClock();
		const told: string[][] = [];
		const stop = watchFiles(folder, changed => told.push([...changed]), {home: '', clock});
		onTestFinished(stop);
		await systemClock.sleep(1000);
		expect(planned()).toEqual([]);
		// Long after the first look.
		fire(10_000);
		for (const each of ['1', '2', '3']) {
			await writeFile(path.join(folder, '.dstack.yml'), each);
			await writeFile(path.join(folder, 'a.dstack.yml'), each);
		}

		await until(() => planned().length > 0);
		await systemClock.sleep(100);
		expect(planned()).toEqual([100]);
		expect(told).toEqual([]);
		fire(100);
		await until(() => told.length > 0);
		expect(told[0]?.toSorted()).toEqual([path.join(folder, '.dstack.yml'), path.join(folder, 'a.dstack.yml')]);
		await writeFile(path.join(folder, '.dstack.yml'), '4');
		await until(() => planned().length > 0);
		expect(planned()).toEqual([300]);
		fire(300);
		await until(() => told.length > 1);
		expect(told[1]).toEqual([path.join(folder, '.dstack.yml')]);
		await systemClock.sleep(100);
		expect(planned()).toEqual([]);
	});
});

describe('where nothing can be watched', () => {
	it('it looks every two seconds', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'.dstack.yml': least, 'deep/x.dstack.yml': least});
		const {clock, planned, fire} = handClock();
		const told: string[] = [];
		const stop = watchFiles(folder, changed => told.push(...changed), {home: '', clock, watch: exhausted});
		onTestFinished(stop);
		await until(() => planned().includes(2000));
		const next = async (): Promise<string[]> => {
			fire(2000);
			await until(() => planned().includes(100));
			fire(100);
			await until(() => !planned().includes(100));
			await systemClock.sleep(200);
			return told.splice(0).sort();
		};

		expect(await next()).toEqual([]);
		await writeFile(path.join(folder, 'deep', 'x.dstack.yml'), `${least}# 2\n`);
		expect(await next()).toEqual([path.join(folder, 'deep', 'x.dstack.yml')]);
		await writeFiles(folder, {'new/y.dstack.yml': least, '.dstack/profiles.yml': ''});
		expect(await next()).toEqual([path.join(folder, '.dstack', 'profiles.yml'), path.join(folder, 'new', 'y.dstack.yml')]);
		await rm(folder, {recursive: true});
		expect((await next()).length).toBe(4);
		stop();
		expect(planned()).toEqual([]);
	});

	it('some may be watched and others not', async () => {
		let count = 0;
		const limited = ((...all: Parameters<typeof watch>) => {
			if (++count > 3) {
				return exhausted(...all);
			}

			return watch(...all);
		}) as typeof watch;
		const {folder, heard} = await watchedFolder({'a/x.dstack.yml': least, 'b/y.dstack.yml': least}, {watch: limited});
		await writeFile(path.join(folder, 'a', 'x.dstack.yml'), '1');
		await writeFile(path.join(folder, 'b', 'y.dstack.yml'), '1');
		await systemClock.sleep(2500);
		expect(await heard()).toEqual([path.join(folder, 'a', 'x.dstack.yml'), path.join(folder, 'b', 'y.dstack.yml')]);
	});

	it('the number of watches is bounded', async () => {
		const folder = await temporaryFolder();
		await Promise.all(Array.from({length: 1200}, async (_, index) => mkdir(path.join(folder, `f${index}`))));
		let open = 0;
		let most = 0;
		const counting = ((...all: Parameters<typeof watch>) => {
			const watcher = watch(...all);
			most = Math.max(most, ++open);
			watcher.once('close', () => open--);
			return watcher;
		}) as typeof watch;
		const {stop} = await watching(folder, path.join(folder, 'probe', 'probe.dstack.yml'), {watch: counting});
		expect(most).toBe(1000);
		stop();
		await until(() => open === 0);
	});
});

it('does not keep the process alive', async () => {
	const folder = await temporaryFolder();
	await writeFiles(folder, {'.dstack.yml': least});
	const outfile = path.join(folder, 'watch.mjs');
	await build({
		entryPoints: [path.resolve('source/configuration/watch/watch.ts')],
		bundle: true,
		platform: 'node',
		format: 'esm',
		outfile,
		banner: {js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);"},
	});
	const script = `import {watch} from 'node:fs';
import {watchFiles} from './watch.mjs';
watchFiles('.', () => {});
watchFiles('.', () => {}, {watch() { throw Object.assign(new Error('x'), {code: 'ENOSPC'}); }});
console.log('begun');`;
	await writeFile(path.join(folder, 'run.mjs'), script);
	const {status, stdout} = spawnSync(process.execPath, ['run.mjs'], {cwd: folder, encoding: 'utf8', timeout: 30_000});
	expect([status, stdout.trim()]).toEqual([0, 'begun']);
});
