import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {expect, onTestFinished, test} from 'vitest';
import {defaultUrls, feedVariable} from '../../source/offers/feeds/feed.js';
import {bucketLine, makeBucket} from '../support/bucket.js';
import {cliFile, eventually, makeWorld} from '../support/program.js';
import {Terminal} from '../support/terminal.js';
import {web} from '../support/web.js';

test('the full screen fetches newer prices by itself and shows them', async () => {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\nide: vscode\nbackends: [nebius]\nresources: {gpu: L4}\n'});
	const bucket = makeBucket('nebius', [bucketLine('brand-new-l4', 'eu-test1', 0.01)]);
	const server = await web(bucket.answer);
	const names = Object.keys(defaultUrls) as Array<keyof typeof defaultUrls>;
	const feeds = Object.fromEntries(names.map(name => [feedVariable(name), server.url]));
	const terminal = new Terminal(process.execPath, [cliFile], {
		columns: 110,
		rows: 30,
		cwd: world.project,
		env: {...world.env, ...feeds, DSTACK_TUI_NO_REFRESH: ''},
	});
	onTestFinished(async () => {
		terminal.kill('SIGTERM');
		await terminal.ended;
	});
	await terminal.until('.dstack.yml');
	terminal.press('enter');
	await terminal.until('brand-new-l4', 60_000);
	const folder = path.join(world.home, 'dt/catalog');
	await eventually(
		async () => readdir(folder),
		files => !files.includes('update.lock'),
	);
	const state = JSON.parse(await readFile(path.join(folder, 'state.json'), 'utf8')) as {clouds: Record<string, object>};
	expect(state.clouds['nebius']).toHaveProperty('checked');
	expect(state.clouds['gcp']).toHaveProperty('failed');
	await terminal.until(/catalogue: .*azure/);
}, 120_000);

test('leaving ends the process that fetches', async () => {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\nide: vscode\n'});
	const silent = await web(() => undefined);
	const names = Object.keys(defaultUrls) as Array<keyof typeof defaultUrls>;
	const feeds = Object.fromEntries(names.map(name => [feedVariable(name), silent.url]));
	const terminal = new Terminal(process.execPath, [cliFile], {
		columns: 110,
		rows: 30,
		cwd: world.project,
		env: {...world.env, ...feeds, DSTACK_TUI_NO_REFRESH: ''},
	});
	await terminal.until('.dstack.yml');
	await eventually(
		() => silent.asked.length,
		count => count > 0,
	);
	const lock = path.join(world.home, 'dt/catalog/update.lock');
	const {pid} = JSON.parse(await readFile(lock, 'utf8')) as {pid: number};
	terminal.press('ctrl-c');
	await terminal.ended;
	const isAlive = () => {
		try {
			return process.kill(pid, 0);
		} catch {
			return false;
		}
	};

	await eventually(isAlive, alive => !alive);
	await expect(readFile(lock)).rejects.toThrow('ENOENT');
}, 120_000);
