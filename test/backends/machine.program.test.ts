import {chmod, mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, test} from 'vitest';
import {parseGpus} from '../../source/backends/local/machine.js';
import {nominalMemory} from '../../source/offers/nominal.js';
import {makeWorld} from '../support/program.js';

describe("this machine's GPUs", () => {
	// What `nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits` prints on machines that have them.
	test.each([
		['NVIDIA L4, 23034', {name: 'L4', memory: 24_576, count: 1}],
		['NVIDIA A10G, 22731', {name: 'A10G', memory: 24_576, count: 1}],
		['Tesla T4, 15360', {name: 'T4', memory: 16_384, count: 1}],
		['Tesla V100-SXM2-16GB, 16160', {name: 'V100', memory: 16_384, count: 1}],
		['NVIDIA A100-SXM4-40GB, 40536', {name: 'A100', memory: 40_960, count: 1}],
		['NVIDIA A100 80GB PCIe, 81920', {name: 'A100', memory: 81_920, count: 1}],
		['NVIDIA L40S, 46068', {name: 'L40S', memory: 49_152, count: 1}],
		['NVIDIA H100 80GB HBM3, 81559', {name: 'H100', memory: 81_920, count: 1}],
		['NVIDIA H200, 143771', {name: 'H200', memory: 144_384, count: 1}],
		['NVIDIA GeForce RTX 4090, 24564', {name: 'RTX4090', memory: 24_576, count: 1}],
	])('%s', (line, gpu) => {
		expect(parseGpus(`${line}\n`)).toEqual([{vendor: 'nvidia', ...gpu}]);
	});

	test('equal ones are counted together, others kept apart, and what is no line is left out', () => {
		expect(parseGpus('NVIDIA L4, 23034\nNVIDIA L4, 23034\nTesla T4, 15360\nNo devices were found\n')).toMatchObject([
			{name: 'L4', count: 2},
			{name: 'T4', count: 1},
		]);
		expect(parseGpus('Failed to initialize NVML: Driver/library version mismatch\n')).toEqual([]);
	});

	test('memory that is like no box stays what it is', () => {
		expect(nominalMemory(5000 * 1024)).toBe(5000 * 1024);
	});

	test('where nvidia-smi answers, the offers have them, and can be asked for by them', async () => {
		const world = await makeWorld();
		await world.write({'.dstack.yml': 'type: dev-environment\n'});
		const tools = path.join(world.home, 'tools');
		await mkdir(tools);
		await writeFile(path.join(tools, 'nvidia-smi'), "#!/bin/sh\nprintf 'NVIDIA L4, 23034\\nNVIDIA L4, 23034\\n'\n");
		await chmod(path.join(tools, 'nvidia-smi'), 0o755);
		const env = {PATH: `${tools}${path.delimiter}${process.env['PATH'] ?? ''}`};
		const asked = await world.cli(['offers', '--backend', 'local', '--gpu', 'L4:2:24GB', '--json'], {env});
		expect(asked.code, asked.stdout).toBe(0);
		expect(JSON.parse(asked.stdout.split('\n')[0] ?? '')).toMatchObject({
			usable: true,
			gpus: [{name: 'L4', count: 2, memory: 24_576}],
		});
		expect((await world.cli(['offers', '--backend', 'local', '--gpu', 'L4:4'], {env})).code).toBe(3);
	});
});
