import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {nobody, nodeForNobody} from '../support/nobody.js';
import {git, hasGit, makePlaces} from './support.js';

/** `collectCode` as a program that prints how it went. */
async function collectApart(folder: string, here: string): Promise<Record<string, unknown>> {
	const program = path.join(folder, 'collect.mjs');
	await build({
		stdin: {
			contents: `import {collectCode} from './source/environment/code/collect.js';
collectCode(process.argv[2]).then(
	({files}) => console.log(JSON.stringify({files})),
	({kind, message, details, next}) => console.log(JSON.stringify({kind, message, details, next})),
);`,
			resolveDir: path.resolve(import.meta.dirname, '../..'),
			loader: 'ts',
		},
		bundle: true,
		platform: 'node',
		format: 'esm',
		outfile: program,
		logLevel: 'silent',
	});
	for (const each of [folder, here, program]) {
		chmodSync(each, 0o755);
	}

	const {stdout, stderr} = spawnSync(await nodeForNobody(folder), [program, here], {
		...nobody,
		cwd: folder,
		env: {
			PATH: process.env['PATH'],
			HOME: folder,
			GIT_CONFIG_COUNT: '1',
			GIT_CONFIG_KEY_0: 'safe.directory',
			GIT_CONFIG_VALUE_0: '*',
		},
		encoding: 'utf8',
	});
	expect(stderr).toBe('');
	return JSON.parse(stdout) as Record<string, unknown>;
}

describe.skipIf(!hasGit)('files that cannot be read (needs git)', () => {
	it.each(['a repository', 'a folder'])('are named before anything starts: %s', async kind => {
		const {folder, here} = await makePlaces();
		if (kind === 'a repository') {
			git(here, 'init', '-q');
		}

		for (const name of ['open', 'closed', 'ignored']) {
			writeFileSync(path.join(here, name), '');
		}

		writeFileSync(path.join(here, '.gitignore'), 'ignored\n');
		mkdirSync(path.join(here, 'closed folder'));
		writeFileSync(path.join(here, 'closed folder/file'), '');
		for (const name of ['closed', 'closed folder', 'ignored']) {
			chmodSync(path.join(here, name), 0);
		}

		const told = await collectApart(folder, here);
		chmodSync(path.join(here, 'closed folder'), 0o755);
		expect(told).toMatchObject({kind: 'configuration', message: '2 files of the code cannot be read'});
		expect([...(told['details'] as string[])].sort()).toEqual(['closed', 'closed folder']);
		expect(told['next']).toMatch(/\.gitignore/);

		chmodSync(path.join(here, 'closed'), 0o644);
		expect(await collectApart(folder, here)).toMatchObject({files: kind === 'a folder' ? 4 : (expect.any(Number) as number)});
	});
});
