// A part of the program as one module, for the scripts that measure it; packages stay outside.
import {build} from 'esbuild';
import {scriptFiles} from './script-files.js';

export const bundle = async (outfile, input) =>
	build({
		...input,
		outfile,
		bundle: true,
		platform: 'node',
		format: 'esm',
		packages: 'external',
		logLevel: 'error',
		plugins: [scriptFiles],
	});
