import {access, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../system/problem.js';
import type {ConfigurationFile} from './model.js';
import {readConfiguration} from './read.js';

const fileName = '.dstack.yml';

const isThere = async (file: string): Promise<boolean> =>
	access(file).then(
		() => true,
		() => false,
	);

/** A first configuration for a folder, after a look at what is in it. */
export async function starterConfiguration(folder: string): Promise<string> {
	const has = async (name: string) => isThere(path.join(folder, name));
	const lines = ['# A dev environment: what it needs, and how it is prepared.', 'type: dev-environment', ''];
	const setup: string[] = [];
	if (await has('requirements.txt')) {
		lines.push('# A virtual environment with this Python; must be installed where it runs.', '# python: "3.11"', '');
		setup.push('pip install -r requirements.txt');
	}

	if (await has('package.json')) {
		setup.push((await has('package-lock.json')) ? 'npm ci' : 'npm install');
	}

	lines.push('# Run once, when the environment is made.');
	lines.push(...(setup.length > 0 ? ['setup:', ...setup.map(command => `  - ${command}`)] : ['# setup:', '#   - make']));
	lines.push('', '# ports:', '#   - 8000', '', 'ide: vscode', '');
	return lines.join('\n');
}

/** Writes a starter into the folder and reads it back. Never over anything. */
export async function writeStarter(folder: string): Promise<ConfigurationFile> {
	const file = path.join(folder, fileName);
	try {
		await writeFile(file, await starterConfiguration(folder), {flag: 'wx'});
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			throw new Problem('configuration', `${fileName} is there already`, {next: 'Edit it instead.'});
		}

		throw new Problem('configuration', `${fileName} cannot be written: ${(error as Error).message}`, {cause: error});
	}

	return readConfiguration(file, folder);
}
