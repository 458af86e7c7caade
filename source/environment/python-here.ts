import process from 'node:process';
import {withoutNpm} from '../backends/local/process/environment.js';
import {ownFolder, searchPath} from '../system/search-path.js';
import {neutraliseLine} from '../system/terminal-text.js';
import {noPythonCode, pythonCheckScript} from './python.js';

/** Milliseconds; a machine that needs longer reports it when the step runs. */
const limit = 15_000;

/** Why a Python cannot be had on this machine, with the versions that were found; undefined where it can, or that is not known. */
export async function pythonMissingHere(version: string): Promise<string | undefined> {
	const {execa} = await import('execa');
	const {exitCode, stdout} = await execa('sh', ['-c', pythonCheckScript(version)], {
		// In this program's working folder, uv and pyenv would look for settings, and for an interpreter to run.
		cwd: ownFolder(),
		env: {PATH: searchPath(process.cwd(), withoutNpm(process.env['PATH'] ?? ''))},
		stdin: 'ignore',
		reject: false,
		timeout: limit,
	});
	return exitCode === noPythonCode ? neutraliseLine(stdout.trim().split('\n').at(-1) ?? '') : undefined;
}
