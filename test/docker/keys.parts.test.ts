import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {type Bench, findBench} from '../support/engine.js';
import {derive} from './bench.js';
import {makeDockerWorld} from './support.js';

const found = await findBench('Keys of a configuration in Docker', ['ssh', 'git', 'tar']);
const bench = found as Bench;

describe.skipIf(!found)('what a configuration asks for', {timeout: 180_000}, () => {
	test('user, shell, entrypoint, working_dir, files and cache hold from the first command to the last session', async () => {
		const image = await derive(bench, 'useradd --create-home --shell /bin/bash alice');
		const yaml = [
			'type: dev-environment',
			`image: ${image}`,
			'user: alice',
			'shell: sh',
			'entrypoint: env ENTRY=yes',
			'working_dir: lab/today',
			'home_dir: /home/alice',
			'ide: vscode',
			'env: {WORD: spoken}',
			'cache: [models, ~/.cache/pip]',
			'files:',
			'  - notes.txt',
			'  - ~/own/config:~/.config/own',
			'setup:',
			'  - echo "$(id -un) $ENTRY $WORD $(pwd)" > ~/setup; readlink /proc/$$$$/exe >> ~/setup',
			'  - date +%N > models/weights; date +%N > ~/.cache/pip/wheel',
			'',
		].join('\n');
		const world = await makeDockerWorld(bench, yaml);
		await mkdir(path.join(world.home, 'own'), {recursive: true});
		await writeFile(path.join(world.home, 'own/config'), 'of my own\n', {mode: 0o600});
		await world.write({'notes.txt': 'noted\n'});
		const {name, lines} = await world.ready();
		expect(lines.find(({type}) => type === 'connected')).toMatchObject({
			ide: `vscode://vscode-remote/ssh-remote+${name}/workflow/lab/today`,
		});
		const seen = await world.ssh(
			name,
			'cat ~/setup; id -un; pwd; echo "$WORD"; cat notes.txt ~/.config/own; stat -c %a ~/.config/own',
		);
		expect(seen.stdout).toMatch(
			/^alice yes spoken \/workflow\/lab\/today\n\/.*sh\nalice\n\/workflow\/lab\/today\nspoken\nnoted\nof my own\n600\n$/,
		);
		expect((await world.run('ssh', [...world.sshOptions, '-T', name], {input: 'echo "$WORD"\n'})).stdout).toContain('spoken');
		expect((await world.ssh(name, 'cd /workflow && git status --porcelain')).stdout).not.toContain('models');
		const kept = (await world.ssh(name, 'cat models/weights ~/.cache/pip/wheel')).stdout;
		expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});

		await world.write({'.dstack.yml': yaml.replace(/setup:\n[^]*$/, '')});
		const again = await world.ready();
		expect((await world.ssh(again.name, 'cat models/weights ~/.cache/pip/wheel')).stdout).toBe(kept);
		expect(await world.cli(['stop', again.name, '-y'])).toMatchObject({code: 0});

		const {listCaches, removeCache} = await import('../../source/backends/local/docker/caches.js');
		process.env['DOCKER_HOST'] = bench.engine.host;
		const volumes = await bench.engine.docker('volume', 'ls', '-q', '--filter', `label=dstack-tui.folder=${world.project}`);
		expect(volumes.split('\n')).toHaveLength(2);
		for (const volume of volumes.split('\n')) {
			await removeCache(volume);
		}

		expect((await listCaches('')).length).toBe(0);
	});

	test('a file that is not there is refused before there is a container', async () => {
		const world = await makeDockerWorld(bench, 'type: dev-environment\nfiles: [nowhere.txt]\n');
		const {code, stderr} = await world.cli(['run', '.', '-y', '-d']);
		expect(code).not.toBe(0);
		expect(stderr).toContain('`files`: nowhere.txt cannot be copied: there is no ');
		expect(await world.containers()).toEqual([]);
	});
});
