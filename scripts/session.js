// A home and a project of their own, with the built program in a pseudo-terminal; for the pictures and the measurements.
import {execFileSync} from 'node:child_process';
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {Terminal} from '../test/support/terminal.ts';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** As `npm start` runs it. */
export const frugal = '--max-semi-space-size=4';
export const program = path.join(root, 'launcher/dstack-tui.js');

/**
Makes the folders below `folder`, which must not exist yet, and removes them, with what runs in them, at `remove`. `launcher` starts the
program: this checkout's, or a copy's.
*/
export const makeSession = (folder, files, more = {}, launcher = program) => {
	const home = path.join(folder, 'home');
	const project = path.join(folder, 'app');
	mkdirSync(folder, {mode: 0o700});
	for (const [name, text] of Object.entries({...files, '../home/.keep': ''})) {
		const file = path.join(project, name);
		mkdirSync(path.dirname(file), {recursive: true});
		writeFileSync(file, text);
	}

	const env = {
		...process.env,
		HOME: home,
		LC_ALL: 'C.UTF-8',
		DOCKER_HOST: 'unix:///no/engine.sock',
		DSTACK_TUI_NO_REFRESH: '1',
		...more,
	};
	for (const name of [
		'CI',
		'DSTACK_TUI_HOME',
		'XDG_DATA_HOME',
		'XDG_CONFIG_HOME',
		'NO_COLOR',
		'FORCE_COLOR',
		'npm_lifecycle_event',
	]) {
		delete env[name];
	}

	execFileSync('git', ['init', '-q'], {cwd: project, env});
	const cli = (...args) =>
		execFileSync(process.execPath, [launcher, ...args], {cwd: project, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});
	return {
		home,
		project,
		env,
		cli,
		open: (args, {columns, rows}) =>
			new Terminal(process.execPath, [frugal, launcher, ...args], {columns, rows, cwd: project, env}),
		remove() {
			for (const line of cli('ps', '--json').split('\n').filter(Boolean)) {
				cli('stop', JSON.parse(line).name, '-y');
			}

			rmSync(folder, {recursive: true, force: true});
		},
	};
};
