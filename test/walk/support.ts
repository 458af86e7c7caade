import process from 'node:process';
import {onTestFinished} from 'vitest';
import {cliFile, type World} from '../support/program.js';
import {Terminal} from '../support/terminal.js';

export type Screen = {readonly columns?: number; readonly rows?: number; readonly env?: NodeJS.ProcessEnv};

/** The program with its arguments in a terminal of its own, in the world's project; it is killed when the test has finished. */
export function open(world: World, args: readonly string[] = [], {columns = 100, rows = 30, env = {}}: Screen = {}): Terminal {
	const terminal = new Terminal(process.execPath, [cliFile, ...args], {
		columns,
		rows,
		cwd: world.project,
		env: {...world.env, ...env},
	});
	onTestFinished(async () => {
		terminal.kill('SIGKILL');
		await terminal.ended;
	});
	return terminal;
}
