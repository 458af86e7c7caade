import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {cacheRestoreScript, cacheSaveScript} from '../../../source/environment/machine/cache.js';
import {commitScript} from '../../../source/environment/machine/commit.js';
import {containerScript} from '../../../source/environment/machine/container.js';
import {engineScript} from '../../../source/environment/machine/engine.js';
import {gpuCheckScript} from '../../../source/environment/machine/gpu-check.js';
import {imageScript} from '../../../source/environment/machine/image.js';
import {pushScript} from '../../../source/environment/machine/push.js';
import {containerStateScript} from '../../../source/environment/machine/state.js';
import {hasCommand} from '../../support/program.js';

const odd = "it's ü$(touch nothing)`no`";
const container = {container: odd, paths: [`/${odd}`], reference: odd, authFile: `/run/${odd}`};

const scripts: Readonly<Record<string, string>> = {
	engine: engineScript({gpus: false, insecureRegistries: [odd]}),
	'engine with GPUs': engineScript({gpus: true, insecureRegistries: []}),
	'GPU check': gpuCheckScript({container: odd, expected: {name: odd, count: 2}}),
	image: imageScript({reference: odd, architecture: 'unknown', authFile: container.authFile}),
	container: containerScript({image: odd, hostname: odd, run: odd, intent: odd, gpus: true, privileged: true}),
	commit: commitScript({container: odd, reference: odd, labels: {[odd]: odd}, baseImage: odd}),
	push: pushScript(container),
	'cache save': cacheSaveScript(container),
	'cache restore': cacheRestoreScript(container),
	state: containerStateScript(odd),
};

const shells = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(([name = '']) => hasCommand(name));

describe.each(Object.entries(scripts))('the script of a machine: %s', (_, script) => {
	test('is one that every shell takes, in a size that one argument may have', () => {
		for (const [name = '', ...options] of shells) {
			const {status, stderr} = spawnSync(name, [...options, '-n'], {input: script, encoding: 'utf8'});
			expect([name, status, stderr]).toEqual([name, 0, '']);
		}

		expect(Buffer.byteLength(script)).toBeLessThan(128 * 1024);
	});

	test.skipIf(!hasCommand('python3'))('holds Python of 3.6, and hands over odd names as they are', () => {
		if (!script.includes('exec python3')) {
			return;
		}

		const folder = mkdtempSync(path.join(tmpdir(), 'dt-scripts-'));
		onTestFinished(() => rmSync(folder, {recursive: true}));
		// In python3's place: what was to run is read as Python 3.6 would.
		const check =
			'import ast, json, sys\nif len(sys.argv) > 4:\n    ast.parse(sys.argv[3], feature_version=(3, 6))\n    print(json.dumps(json.loads(sys.argv[4])))';
		const real = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {encoding: 'utf8'}).stdout.trim();
		writeFileSync(path.join(folder, 'check.py'), check);
		writeFileSync(path.join(folder, 'python3'), `#!/bin/sh\nexec "${real}" "${folder}/check.py" "$@"\n`, {mode: 0o755});
		const {status, stdout, stderr} = spawnSync('sh', [], {
			input: script,
			encoding: 'utf8',
			env: {PATH: `${folder}:/usr/bin:/bin`, LC_ALL: 'C'},
		});
		expect([status, stderr]).toEqual([0, '']);
		expect(JSON.stringify(JSON.parse(stdout))).toContain(JSON.stringify(odd).slice(1, -1));
	});
});

test('without Python a login is taken away all the same', () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'dt-scripts-'));
	onTestFinished(() => rmSync(folder, {recursive: true}));
	writeFileSync(path.join(folder, 'login'), '{}');
	writeFileSync(path.join(folder, 'python3'), '#!/bin/sh\nexit 1\n', {mode: 0o755});
	const script = pushScript({reference: 'a', authFile: path.join(folder, 'login')});
	const {status, stdout} = spawnSync('sh', [], {
		input: script,
		encoding: 'utf8',
		env: {PATH: `${folder}:/usr/bin:/bin`, STEP_FOLDER: folder},
	});
	expect([status, stdout]).toEqual([1, 'the machine has no python3 of version 3.6 or newer\n']);
	expect(spawnSync('ls', [folder], {encoding: 'utf8'}).stdout).toBe('next\npython3\n');
});
