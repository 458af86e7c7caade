import {describe, expect, test} from 'vitest';
import type {Offer} from '../../source/offers/offer.js';
import {makeWorld, objects} from '../support/program.js';

type Line = Offer & {readonly usable: boolean; readonly reasons: readonly string[]};

const gb = 1024;
const asked = ['offers', '--gpu', '24GB', '--spot-auto', '--max-price', '1.5'];

describe('`offers` without credentials and without a configuration', () => {
	test('gives what fits, with its price, source and date, in the plan’s order', async () => {
		const world = await makeWorld();
		const {code, stdout, stderr} = await world.cli([...asked, '--json']);
		expect(code).toBe(0);
		expect(stderr).toMatch(/There is no configuration .* nothing is asked for but by profile, flags and defaults/);
		const lines = objects<Line>(stdout);
		expect(lines.length).toBeGreaterThan(200);
		for (const {gpus, cpu, memory, price, priceSource, priceDate, usable, reasons, availability} of lines) {
			expect(gpus.some(gpu => gpu.memory >= 24 * gb)).toBe(true);
			expect([cpu >= 2, memory >= 8 * gb, price > 0 && price <= 1.5]).toEqual([true, true, true]);
			expect(priceSource).not.toBe('');
			expect(priceDate).toBeGreaterThan(Date.UTC(2025, 0));
			expect(priceDate).toBeLessThan(Date.now());
			expect([usable, availability, reasons]).toEqual([false, 'no credentials', ['no credentials']]);
		}

		const order = lines.map(({spot, price}) => [spot ? 0 : 1, price] as const);
		expect(order).toEqual(order.toSorted(([a, first], [b, second]) => a - b || first - second));
		expect(new Set(lines.map(({instanceType}) => instanceType))).toContain('g5.xlarge');
		expect(new Set(lines.map(({instanceType}) => instanceType))).toContain('g6.xlarge');
	});

	test('says at every price how old it is, and of each source which day it is of', async () => {
		const world = await makeWorld();
		const {code, stdout, stderr} = await world.cli(asked);
		expect(code).toBe(0);
		const [head = '', ...rest] = stdout.split('\n');
		expect(head.split(/ +/)).toEqual(['BACKEND', 'REGION', 'INSTANCE', 'CPU', 'MEM', 'GPU', 'SPOT', '$/H', 'AGE', 'AVAILABLE']);
		const rows = rest.slice(0, rest.indexOf(''));
		expect(rows).toHaveLength(50);
		for (const row of rows) {
			expect(row).toMatch(/ ~?\d+\.\d+ +\d+ months +no credentials$/);
		}

		expect(rows.filter(row => row.includes(' ~')).every(row => row.startsWith('aws '))).toBe(true);
		expect(stdout).toMatch(/^Prices of gcp: .*karpenter.*, 2026-\d\d-\d\d$/m);
		expect(stdout).toMatch(/^Prices of aws: .*Spot Advisor, estimated \(~\), 2025-06-28$/m);
		expect(stdout).toMatch(/^The first 50; --limit N shows more\. \d+ of 41\d{3} offers match, 0 of them can be tried\.$/m);
		expect(stderr).toMatch(/aws: no credentials: /);
	});

	test('obeys the profile of the folder, and a configuration that is named must be there', async () => {
		const world = await makeWorld();
		await world.write({'.dstack/profiles.yml': 'profiles:\n  - name: only\n    backends: [lambda]\n    default: true\n'});
		const lines = objects<Line>((await world.cli([...asked, '--json'])).stdout);
		expect(new Set(lines.map(({backend}) => backend))).toEqual(new Set(['lambda']));
		const {code, stderr} = await world.cli([...asked, '-f', 'app.dstack.yml']);
		expect(code).toBe(2);
		expect(stderr).toMatch(/There is no configuration 'app\.dstack\.yml'/);
	});

	test('says with 3 that nothing fits, and what would help', async () => {
		const world = await makeWorld();
		const {code, stderr} = await world.cli(['offers', '--gpu', 'H100:8', '--max-price', '0.01']);
		expect(code).toBe(3);
		expect(stderr).toMatch(/No offer matches what is asked for/);
		expect(stderr).toMatch(/What would help: /);
	});

	test('with a configuration speaks of none', async () => {
		const world = await makeWorld();
		await world.write({'.dstack.yml': 'type: dev-environment\n'});
		const {stderr} = await world.cli([...asked, '--limit', '1']);
		expect(stderr).not.toMatch(/There is no configuration/);
	});

	test('`run` still needs one', async () => {
		const world = await makeWorld();
		const {code, stderr} = await world.cli(['run', '.', '-y', '-d']);
		expect(code).toBe(2);
		expect(stderr).toMatch(/No configuration/);
	});
});
