import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {temporaryFolder} from '../../support/folders.js';
import {Bench, shells} from './bench.js';

const make = async (shell: readonly string[], settings = {}) => {
	const bench = new Bench(await temporaryFolder(), shell, settings);
	return bench;
};

describe.each(shells.map(shell => [shell.join(' '), shell] as const))('the guard and the clock, in %s', (_, shell) => {
	it.each([600, -600])('keeps what is left when the clock is stepped by %i s before the first look', async step => {
		const bench = await make(shell, {duration: 300, lease: 200});
		await bench.boot();
		bench.pass(1);
		bench.error += step;
		expect(await bench.status()).toMatchObject({deadline: bench.now + 299, lease: bench.now + 199});
		expect(await bench.isOver()).toBeUndefined();
		await bench.run('lift');
		bench.pass(290);
		expect(await bench.isOver()).toBeUndefined();
		bench.pass(10);
		expect(await bench.isOver()).toContain('poweroff');
		expect(await bench.read('dstack-tui/ended')).toBe('ended at its deadline\n');
	});

	it('follows a clock that is corrected slowly', async () => {
		const bench = await make(shell, {duration: 300});
		await bench.boot();
		for (let turn = 0; turn < 8; turn++) {
			bench.pass(10);
			bench.error += 1;
			await bench.run('check');
		}

		const {deadline} = await bench.status();
		expect(Math.abs((deadline ?? 0) - bench.now - 220)).toBeLessThanOrEqual(1);
	});

	it('keeps its deadline over a reboot, the time down included', async () => {
		const bench = await make(shell, {duration: 300});
		await bench.boot();
		bench.pass(100);
		await bench.run('check');
		await bench.boot(40);
		expect(await bench.status()).toMatchObject({deadline: bench.now + 160});
		// The next boot of the same instance begins nothing anew.
		expect(await bench.read('dstack-tui/first-boot')).toBe('1800000000 i-1\n');
	});

	it.each([
		['came back late and was put right', 600, 160, 160],
		['came back early and was put right', -600, 200, 200],
		['had been right before and comes back early for good', -600, 200, undefined],
	])('a clock that %s', async (_name, wrong, least, most) => {
		const bench = await make(shell, {duration: 1000});
		await bench.boot();
		bench.pass(800);
		await bench.run('check');
		bench.error += wrong;
		await bench.boot(40);
		await bench.run('check');
		if (most !== undefined) {
			bench.error -= wrong;
			const {deadline} = await bench.status();
			expect((deadline ?? 0) - bench.now).toBeGreaterThanOrEqual(least);
			expect((deadline ?? 0) - bench.now).toBeLessThanOrEqual(most);
		} else {
			expect(await bench.status()).toMatchObject({deadline: bench.now + least});
		}
	});

	it.each([
		['its clock right', 0],
		['its clock ahead until the network is there', 7200],
	])('does not count the time that it was stopped as idle, and keeps its deadline, with %s', async (_name, wrong) => {
		const bench = await make(shell, {duration: 20_000, inactivity: 600});
		await bench.boot();
		await bench.run('lift');
		bench.pass(500);
		await bench.run('check');
		const {deadline} = await bench.status();
		bench.error += wrong;
		await bench.boot(9000);
		expect(await bench.isOver()).toBeUndefined();
		bench.pass(20);
		bench.error -= wrong;
		await bench.run('check');
		const {idleSince, ends, deadline: after} = await bench.status();
		expect(bench.now - Number(idleSince)).toBeLessThanOrEqual(21);
		expect(ends?.why).toBe('inactivity');
		expect(after).toBe(deadline);
		bench.pass(570);
		expect(await bench.isOver()).toBeUndefined();
		bench.pass(31);
		expect(await bench.isOver()).toContain('poweroff');
	});

	it.each([
		['its clock right', 0],
		['its clock ahead until the network is there', 7200],
	])('gives whoever starts it again a whole lease where nobody had reached it, with %s', async (_name, wrong) => {
		const bench = await make(shell, {duration: 20_000, lease: 900});
		await bench.boot();
		bench.pass(500);
		await bench.run('check');
		bench.error += wrong;
		await bench.boot(3000);
		expect(await bench.isOver()).toBeUndefined();
		bench.pass(20);
		bench.error -= wrong;
		await bench.run('check');
		expect(Math.abs(bench.now + 880 - Number((await bench.status()).lease))).toBeLessThanOrEqual(1);
		bench.pass(881);
		expect(await bench.isOver()).toContain('poweroff');
	});

	it('a deadline that passed while it was stopped ends it at once; a reboot is no activity, and moves no lease', async () => {
		const bench = await make(shell, {duration: 2000, inactivity: 600, lease: 900});
		await bench.boot();
		bench.pass(300);
		await bench.run('check');
		await bench.boot(40);
		expect(await bench.status()).toMatchObject({lease: bench.now + 560});
		await bench.run('lift');
		bench.pass(300);
		await bench.run('check');
		await bench.boot(40);
		expect(await bench.status()).toMatchObject({idleSince: bench.now - 340});
		await bench.boot(3000);
		expect(await bench.isOver()).toContain('poweroff');
	});

	it('begins anew on another machine that was made from its image, and not before cloud-init says so', async () => {
		const bench = await make(shell, {duration: 300});
		await bench.write('sys/class/dmi/id/product_uuid', 'ec2-one\n');
		await bench.boot();
		await bench.run('lift');
		bench.pass(10_000);
		await bench.write('sys/class/dmi/id/product_uuid', 'ec2-two\n');
		await bench.remove('run');
		// The units of the image start before the user data is known: the old deadline, long past, is not theirs.
		expect(await bench.isOver()).toBeUndefined();
		await bench.boot(0, 'i-2');
		expect(await bench.status()).toMatchObject({deadline: bench.now + 300, lease: bench.now + 1800});
	});
});

it('neither ends a machine early nor lets it live on, whatever its clock does', {timeout: 120_000}, async () => {
	const [shell] = shells;
	if (!shell) {
		throw new Error('no shell to try');
	}

	const duration = 2000;
	const step = fc.oneof(
		fc.record({kind: fc.constant('pass' as const), seconds: fc.integer({min: 2, max: 400})}),
		fc.record({kind: fc.constant('step' as const), seconds: fc.integer({min: -600, max: 600})}),
		// A clock that is wrong only until the network is there.
		fc.record({
			kind: fc.constant('reboot' as const),
			seconds: fc.integer({min: 5, max: 40}),
			wrong: fc.integer({min: -600, max: 600}),
		}),
	);
	await fc.assert(
		fc.asyncProperty(fc.array(step, {minLength: 2, maxLength: 7}), async steps => {
			const bench = await make(shell, {duration, lease: 100_000});
			await bench.boot();
			let down = 0;
			for (const each of steps) {
				if (each.kind === 'pass') {
					bench.pass(each.seconds);
				} else if (each.kind === 'step') {
					bench.error += each.seconds;
				} else {
					await bench.run('check');
					bench.error += each.wrong;
					await bench.boot(each.seconds);
					await bench.run('check');
					bench.error -= each.wrong;
					down += each.seconds;
				}

				const {deadline} = await bench.status();
				const left = (deadline ?? 0) - bench.now;
				const due = duration - bench.time;
				expect(left).toBeGreaterThanOrEqual(due - 2);
				expect(left).toBeLessThanOrEqual(due + down + 2);
			}
		}),
		{numRuns: 12},
	);
});
