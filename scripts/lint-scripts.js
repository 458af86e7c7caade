// Checks the shell and Python below source/, or another folder, by shellcheck and ruff. One that is not installed is left out, and said.
// usage: node scripts/lint-scripts.js [FOLDER]
import {spawnSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {namedBy} from './script-files.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = path.resolve(process.argv[2] ?? path.join(root, 'source'));
const files = readdirSync(folder, {recursive: true}).map(name => path.join(folder, name));
const ending = end => files.filter(file => file.endsWith(end)).sort();

// A script that another one names is checked as part of that: alone it has neither its functions nor its variables.
const shell = ending('.sh');
const parts = new Set(shell.flatMap(namedBy));
const checks = [
	{tool: 'shellcheck', args: ['--check-sourced', '--format=gcc', ...shell.filter(file => !parts.has(file))]},
	{
		tool: 'ruff',
		args: [
			'check',
			`--config=${path.join(root, 'ruff.toml')}`,
			'--quiet',
			'--no-cache',
			'--output-format=concise',
			...ending('.py'),
		],
	},
];

let failed = false;
for (const {tool, args} of checks) {
	if (!args.some(argument => argument.startsWith(folder))) {
		continue;
	}

	const {error, status, stdout, stderr} = spawnSync(tool, args, {cwd: root, encoding: 'utf8'});
	if (error?.code === 'ENOENT') {
		console.log(`${tool} is not installed: ${tool === 'ruff' ? 'Python' : 'shell'} is not checked here.`);
	} else if (error || status !== 0) {
		failed = true;
		// Of a part that several scripts name, each finding once.
		const lines = (error?.message ?? `${stdout}${stderr}`).split('\n').map(line => line.replace(/^[^:\s]+/, path.normalize));
		console.error([...new Set(lines)].join('\n').trim());
	}
}

process.exitCode = failed ? 1 : 0;
