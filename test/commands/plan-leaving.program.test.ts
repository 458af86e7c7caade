import {mkdir, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {makeWorld, objects} from '../support/program.js';

const configuration = `type: dev-environment
files:
  - notes.txt
  - harmless.txt:there.txt
  - ~/.aws/credentials:~/.aws/credentials
env:
  - PLAIN=plain-7c1e
  - OWN_TOKEN
  - WITH_SECRET=Bearer \${{ secrets.HF }}
cache: [cached]
`;

test(
	'the plan names what leaves this machine, resolved and without a value, before anything starts',
	{timeout: 60_000},
	async () => {
		const world = await makeWorld();
		await world.write({'.dstack.yml': configuration, 'notes.txt': 'of the code\n'});
		await mkdir(path.join(world.home, '.aws'));
		await writeFile(path.join(world.home, '.aws/credentials'), 'secret-file-91\n');
		await symlink(path.join(world.home, '.aws/credentials'), path.join(world.project, 'harmless.txt'));
		const env = {OWN_TOKEN: 'own-value-44'};
		const {code: kept} = await world.run('sh', ['-c', 'printf secret-value-23 | node "$CLI" secrets set HF'], {
			env: {CLI: path.resolve('dist/cli.js')},
		});
		expect(kept).toBe(0);

		const flags = ['-d', '-e', 'GIVEN=given-value-5', '--forward-agent', '-R', '9000:3000'];
		const plain = await world.cli(['run', '.', ...flags], {env});
		expect(plain.code).toBe(2);
		const credentials = path.join(world.home, '.aws/credentials');
		const lines = plain.stdout.split('\n');
		expect(lines).toContain('File: notes.txt → notes.txt, 12B');
		expect(lines).toContain(`File: ${credentials} → there.txt, 15B, from outside of the code (written as harmless.txt)`);
		expect(lines).toContain(
			`File: ${credentials} → ~/.aws/credentials, 15B, from outside of the code (written as ~/.aws/credentials)`,
		);
		expect(lines).toContain(
			'Variables: PLAIN (the configuration) · WITH_SECRET (secrets.HF) · GIVEN (-e) · OWN_TOKEN (your own variable)',
		);
		expect(lines).toContain('Secrets: HF');
		expect(plain.stdout).toMatch(/^SSH agent: yours is lent to its sessions/m);
		expect(lines).toContain('Way back: port 9000 there leads to port 3000 of this machine');

		const {stdout} = await world.cli(['run', '.', '--json', ...flags], {env});
		expect(objects<Record<string, unknown>>(stdout).find(({type}) => type === 'plan')).toMatchObject({
			leaving: {
				files: [
					{local: 'notes.txt', outside: false},
					{local: 'harmless.txt', source: credentials, remote: 'there.txt', outside: true},
					{local: '~/.aws/credentials', source: credentials, outside: true},
				],
				variables: [
					{name: 'PLAIN', from: 'configuration', secrets: []},
					{name: 'WITH_SECRET', from: 'configuration', secrets: ['HF']},
					{name: 'GIVEN', from: 'flag', secrets: []},
					{name: 'OWN_TOKEN', from: 'caller', secrets: []},
				],
				secrets: ['HF'],
				agent: true,
				reverse: [{remote: 9000, local: 3000}],
			},
			given: {privileged: false, docker: false, caches: ['/workflow/cached']},
			isolation: 'process',
			offer: {kind: 'process'},
		});
		for (const value of ['plain-7c1e', 'own-value-44', 'secret-value-23', 'given-value-5', 'secret-file-91']) {
			expect(plain.stdout + plain.stderr + stdout).not.toContain(value);
		}

		expect(await world.runs()).toEqual([]);
	},
);
