import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {checkName, chooseName, generateName} from '../../source/runs/plan/choose-name.js';
import {systemRandom} from '../../source/system/random.js';
import {installAliases} from '../../source/tunnel/ssh-config/install-aliases.js';
import {temporaryFolder} from '../support/folders.js';
import {aliasTarget, sshPlaces, writeUserConfig} from '../support/ssh-places.js';
import {hasSshd} from '../support/sshd.js';

describe('names', () => {
	test('a generated name is one that may be chosen, and none that is taken', () => {
		fc.assert(
			fc.property(fc.nat(10_000), fc.nat(10_000), (first, second) => {
				const numbers = [first, second];
				let turn = 0;
				const random = {...systemRandom, integerBelow: (limit: number) => (numbers[turn++ % 2] ?? 0) % limit};
				const name = generateName(random, new Set());
				checkName(name);
				turn = 0;
				expect(generateName(random, new Set([name]))).toBe(name.replace(/1$/, '2'));
			}),
		);
	});

	test.each(['', 'Upper', '-x', '1x', 'a b', '../x', 'a/b', 'x'.repeat(61), 'fast-moth-1-host', 'ü', '*'])(
		'%j is refused',
		name => {
			expect(() => checkName(name)).toThrow('cannot be');
		},
	);
});

/** Places with that ssh config of the person's; the same names are drawn again and again. */
async function withConfig(config: string) {
	const paths = await sshPlaces();
	await writeUserConfig(paths, config);
	return {paths, random: {...systemRandom, integerBelow: () => 0}};
}

describe.skipIf(!hasSshd)('names that the person has hosts by (needs ssh)', () => {
	test.each([
		['Host other prod\n\tHostName prod.example.com\n', /host prod .*line 1 of .*config, it leads to prod\.example\.com/],
		['Host *\n\tUser me\nHost prod\n\tProxyJump x\n', /host prod .*line 3 of .*config\)/],
		['Host pro*\n\tHostName prod.example.com\n', /line 1 of .*it leads to prod\.example\.com/],
		['Match originalhost prod\n\tHostName prod.example.com\n', /your ssh settings, it leads to prod\.example\.com/],
		['Host *\n\tUser me\nHost prod-host\n\tHostName 10.0.0.1\n', /'prod' .*host prod-host .*line 3 of .*10\.0\.0\.1/],
	])('%j keeps its host: the name is refused, with where it stands and what to do', async (config, message) => {
		await expect(chooseName(await withConfig(config), 'prod')).rejects.toMatchObject({
			kind: 'usage',
			message: expect.stringMatching(message) as string,
			next: expect.stringContaining('-n') as string,
		});
	});

	test('a host in a file that the config includes counts as well', async () => {
		const context = await withConfig('');
		const file = path.join(context.paths.home, 'more');
		await writeFile(file, '\nHost prod\n\tHostName prod.example.com\n');
		await writeUserConfig(context.paths, `Include ${file}\n`);
		await expect(chooseName(context, 'prod')).rejects.toThrow(`line 2 of ${file}`);
	});

	test.each([
		['what is set for everything', 'Host *\n\tUser me\n\tHostName %h.example.com\n'],
		['what is set for others', 'Host !prod *\n\tPort 5\nHost prod.example.com\n\tUser me\n'],
		['a config that ssh cannot read', 'Prt 5\n'],
	])('%s takes no name', async (_, config) => {
		expect(await chooseName(await withConfig(config), 'prod')).toBe('prod');
	});

	test('aliases that a run of ours has left take none; those of another installation do', async () => {
		const context = await withConfig('Host mine\n');
		await installAliases(context.paths, await aliasTarget(context.paths, 'prod'));
		expect(await chooseName(context, 'prod')).toBe('prod');
		const other = await sshPlaces(context.paths.home, 'other');
		await expect(chooseName({...context, paths: other}, 'prod')).rejects.toThrow(/line 2 of .*prod\/ssh\.config/);
	});

	test('a generated name gives way to the next one', async () => {
		const context = await withConfig('Host able-ant-1\n\tPort 5\nHost able-ant-2-host\n\tPort 5\n');
		expect(await chooseName(context, undefined)).toBe('able-ant-3');
		await writeUserConfig(context.paths, 'Host able-ant-*\n\tHostName 10.0.0.1\n');
		expect(await chooseName(context, undefined)).toMatch(/^able-ant-/);
	});

	test('without ssh nobody can be asked', async () => {
		const context = await withConfig('Host prod\n\tHostName prod.example.com\n');
		const empty = path.join(await temporaryFolder(), 'bin');
		await mkdir(empty);
		vi.stubEnv('PATH', empty);
		onTestFinished(() => void vi.unstubAllEnvs());
		expect(await chooseName(context, 'prod')).toBe('prod');
	});
});
