import {readFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {expect, onTestFinished, test} from 'vitest';
import {cliFile, makeWorld} from '../support/program.js';
import {Terminal} from '../support/terminal.js';

test('a full screen runs with a frugal heap, in the process that was started, with its arguments', async () => {
	const world = await makeWorld();
	const text = 'type: dev-environment\nide: vscode\n';
	await world.write({'.dstack.yml': text, 'within/.dstack.yml': text});
	const launcher = path.join(path.dirname(cliFile), '../launcher/dstack-tui.js');
	const terminal = new Terminal(process.execPath, [launcher, 'within'], {
		columns: 100,
		rows: 24,
		cwd: world.project,
		env: world.env,
	});
	onTestFinished(async () => {
		terminal.kill('SIGKILL');
		await terminal.ended;
	});
	await terminal.until('1 configuration below');
	if (process.platform === 'linux') {
		const words = readFileSync(`/proc/${terminal.process.pid}/cmdline`, 'utf8').split('\0');
		expect(words.filter(word => word.startsWith('--max-semi-space-size='))).toHaveLength(1);
	}

	terminal.press('q');
	expect(await terminal.ended).toBe(0);
	// Without a terminal nothing of this happens.
	expect(await world.run(process.execPath, [launcher, 'nonsense'])).toMatchObject({code: 2});
});
