import {createInterface} from 'node:readline';
import {stat} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {parseGuestStatus} from '../../../source/agents/machine/status.js';
import {temporaryFolder} from '../../support/folders.js';
import {Bench, shells, type Row} from './bench.js';

const port = (number: number): string => number.toString(16).toUpperCase().padStart(4, '0');
const word = (bytes: readonly number[]): string =>
	[...bytes]
		.reverse()
		.map(byte => byte.toString(16).toUpperCase().padStart(2, '0'))
		.join('');

const v4 = (address: string, number: number): string => `${word(address.split('.').map(Number))}:${port(number)}`;
const v6 = (groups: readonly number[], number: number): string => {
	const bytes = groups.flatMap(group => [group >> 8, group & 0xff]);
	return `${[0, 4, 8, 12].map(at => word(bytes.slice(at, at + 4))).join('')}:${port(number)}`;
};

const from = (address: string, number = 50_000): Row => ({local: v4('10.0.0.5', 22), remote: v4(address, number)});

const make = async (shell: readonly string[], settings = {}) => {
	const bench = new Bench(await temporaryFolder(), shell, settings);
	await bench.boot();
	return bench;
};

describe.each(shells.map(shell => [shell.join(' '), shell] as const))('the guard in %s', (_, shell) => {
	it('tells how things stand from the start', async () => {
		const bench = await make(shell, {duration: 3600, inactivity: 600});
		const {now} = bench;
		expect(await bench.status()).toEqual({
			at: now,
			deadline: now + 3600,
			lease: now + 1800,
			connections: [],
			idleSince: null,
			ends: {at: now + 1800, why: 'lease'},
			notice: null,
		});
		expect((await stat(bench.file('dstack-tui'))).mode & 0o777).toBe(0o700);
	});

	it('moves the deadline from what it was, once', async () => {
		const bench = await make(shell);
		const [first, next] = [String(bench.now + 3600), String(bench.now + 7200)];
		expect(await bench.run('extend', first, next)).toEqual({code: 0, out: `${next}\n`, err: ''});
		expect(await bench.run('extend', first, next)).toEqual({code: 0, out: `${next}\n`, err: ''});
		expect(await bench.run('extend', first, 'off')).toEqual({code: 3, out: `${next}\n`, err: ''});
		expect(await bench.read('dstack-tui/deadline')).toBe(`${next}\n`);
		expect(await bench.read('var/lib/dstack-tui/deadline')).toBe(`${next}\n`);
		expect(await bench.run('extend', next, 'off')).toMatchObject({code: 0, out: 'off\n'});
		expect(await bench.status()).toMatchObject({deadline: null, ends: {why: 'lease'}});
		for (const words of [['1', '2; reboot'], ['01', '2'], ['1', ''], ['1'], ['-5', '7']]) {
			expect(await bench.run('extend', ...words)).toMatchObject({code: 2, out: ''});
		}
	});

	it('takes a deadline that was moved into its place, also into the second copy', async () => {
		const bench = await make(shell);
		await bench.write('dstack-tui/deadline', `${bench.now + 99}\n`);
		expect(await bench.status()).toMatchObject({deadline: bench.now + 99});
		await bench.remove('dstack-tui');
		expect(await bench.status()).toMatchObject({deadline: bench.now + 99});
	});

	it.each([
		['rubbish', 'rubbish\n'],
		['nothing', ''],
		['a fraction', '1800009999.5\n'],
		['a negative number', '-1\n'],
		['a number that a shell reads as octal', '01800009999\n'],
		['a number beyond all years', '999999999999\n'],
		['a Windows line end', '1800009999\r\n'],
		['bytes', Buffer.from([0, 1, 255, 10])],
		['never, and something else', 'off, please\n'],
		['a megabyte', '1'.repeat(1_000_000)],
	])('holds on to the second copy where the deadline is %s', async (_name, text) => {
		const bench = await make(shell, {duration: 100, lease: 5000});
		await bench.write('dstack-tui/deadline', text);
		expect(await bench.status()).toMatchObject({deadline: bench.now + 100});
		bench.pass(99);
		expect(await bench.isOver()).toBeUndefined();
		bench.pass(1);
		expect(await bench.isOver()).toBe('poweroff\npoweroff --force\npoweroff --force --force\n');
	});

	it('ends at the end of the lease, counted from the boot, where no deadline can be read', async () => {
		const bench = await make(shell, {duration: undefined, lease: 500});
		await bench.run('lift');
		bench.pass(100);
		expect(await bench.status()).toMatchObject({deadline: null, lease: null, ends: null});
		await bench.write('dstack-tui/deadline', 'rubbish');
		await bench.write('var/lib/dstack-tui/deadline', '');
		expect(await bench.status()).toMatchObject({deadline: bench.now + 400, ends: {why: 'deadline'}});
		bench.pass(400);
		expect(await bench.isOver()).toContain('poweroff');
	});

	it('ends where nobody lifts the lease, and does not where somebody did', async () => {
		const bench = await make(shell, {duration: undefined, lease: 60});
		await bench.write('dstack-tui/lease', 'rubbish');
		expect(await bench.status()).toMatchObject({lease: bench.now + 60});
		bench.pass(61);
		expect(await bench.isOver()).toContain('poweroff');
		expect(await bench.read('dstack-tui/ended')).toBe('ended at the end of its boot lease: nobody had reached it\n');

		const lifted = await make(shell, {duration: undefined, lease: 60});
		expect(await lifted.run('lift')).toEqual({code: 0, out: '', err: ''});
		expect(await lifted.run('lift')).toEqual({code: 0, out: '', err: ''});
		lifted.pass(100_000);
		expect(await lifted.isOver()).toBeUndefined();
		expect(await lifted.status()).toMatchObject({ends: null, idleSince: lifted.now - 100_000});
	});

	it('counts inactivity from the last disconnect, and leaves out what is short or its own', async () => {
		const bench = await make(shell, {duration: undefined, inactivity: 100});
		bench.pass(500);
		// No inactivity while the lease is there.
		expect(await bench.isOver()).toBeUndefined();
		await bench.run('lift');
		bench.pass(50);
		const ours = {SSH_CONNECTION: '203.0.113.9 41000 10.0.0.5 22'};
		await bench.connect([from('203.0.113.9', 41_000), from('198.51.100.7')]);
		expect(await bench.runIn(ours, 'ours')).toEqual({code: 0, out: '', err: ''});
		expect(await bench.status()).toMatchObject({connections: [], idleSince: bench.now - 50});
		bench.pass(6);
		expect(await bench.status()).toMatchObject({
			connections: [{from: '198.51.100.7', since: bench.now - 6}],
			idleSince: null,
			ends: null,
		});
		bench.pass(1000);
		expect(await bench.isOver()).toBeUndefined();
		// Gone: listening sockets, closing ones and other ports are no connections to sshd.
		await bench.connect([
			from('203.0.113.9', 41_000),
			{...from('198.51.100.7'), state: '06'},
			{local: v4('0.0.0.0', 22), remote: v4('0.0.0.0', 0), state: '0A'},
			{local: v4('10.0.0.5', 8022), remote: v4('198.51.100.8', 50_000)},
			{local: v4('10.0.0.5', 50_000), remote: v4('198.51.100.8', 22)},
		]);
		bench.pass(50);
		expect(await bench.status()).toMatchObject({idleSince: bench.now - 50, ends: {at: bench.now + 50, why: 'inactivity'}});
		expect(await bench.isOver()).toBeUndefined();
		bench.pass(50);
		expect(await bench.isOver()).toContain('poweroff');
		expect(await bench.read('dstack-tui/ended')).toBe('ended after 100 seconds without a connection\n');
	});

	it('forgets its own connections when they are gone, and takes no other words for one', async () => {
		const bench = await make(shell);
		await bench.connect([from('203.0.113.9', 41_000)]);
		await bench.runIn({SSH_CONNECTION: '203.0.113.9 41000 10.0.0.5 22'}, 'ours');
		await bench.connect([]);
		await bench.status();
		await bench.connect([from('203.0.113.9', 41_000)]);
		await bench.status();
		bench.pass(10);
		expect(await bench.status()).toMatchObject({connections: [{from: '203.0.113.9', since: bench.now - 10}]});
		for (const words of ['', '1.2.3.4', '../../etc/passwd 22 a b', '* 22', '1.2.3.4 x', '$(reboot) 22']) {
			expect(await bench.runIn({SSH_CONNECTION: words}, 'ours')).toMatchObject({code: 2});
		}
	});

	it('is kept awake by a file until its moment, and by connections over a reboot', async () => {
		const bench = await make(shell, {duration: undefined, inactivity: 100});
		await bench.run('lift');
		await bench.write('dstack-tui/keep', `${bench.now + 1000}\n`);
		bench.pass(999);
		expect(await bench.isOver()).toBeUndefined();
		bench.pass(99);
		expect(await bench.isOver()).toBeUndefined();
		await bench.boot(2);
		expect(await bench.isOver()).toContain('poweroff');
	});

	it('takes a table of connections that it cannot read for somebody who is there', async () => {
		const bench = await make(shell, {duration: undefined, inactivity: 100});
		await bench.run('lift');
		await bench.remove('proc/net/tcp');
		bench.pass(1000);
		expect(await bench.isOver()).toBeUndefined();
	});

	it('writes addresses as sshd writes them', async () => {
		const bench = await make(shell);
		const addresses = [
			[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1],
			[0x2001, 0xdb8, 0, 0, 0, 0, 0, 0],
			[0xfe80, 0, 0, 0, 0x0202, 0xb3ff, 0xfe1e, 0x8329],
			[0, 0, 0, 0, 0, 0, 0, 1],
			[0x2001, 0, 0xdb8, 1, 2, 3, 4, 5],
			[0xffff, 0x0a00, 0x00ff, 0x0fff, 1, 0x10, 0x100, 0x1000],
			[0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x0201],
		];
		await bench.connect(
			[
				...addresses.map((groups, index) => ({local: v6([0x2001, 0, 0, 0, 0, 0, 0, 5], 22), remote: v6(groups, 4000 + index)})),
				{local: v6([0, 0, 0, 0, 0, 0xffff, 0x0a00, 5], 22), remote: v6([0, 0, 0, 0, 0, 0xffff, 0xcb00, 0x7109], 41_000)},
			],
			'6',
		);
		await bench.status();
		bench.pass(10);
		const {connections} = await bench.status();
		expect(connections.map(each => each.from)).toEqual([
			// What the platform itself makes of them.
			...addresses.map(groups => new URL(`http://[${groups.map(each => each.toString(16)).join(':')}]`).hostname.slice(1, -1)),
			'203.0.113.9',
		]);
		await bench.runIn({SSH_CONNECTION: '2001:db8::1:0:0:1 4000 2001::5 22'}, 'ours');
		await bench.runIn({SSH_CONNECTION: 'fe80::202:b3ff:fe1e:8329%eth0 4002 2001::5 22'}, 'ours');
		const {connections: others} = await bench.status();
		expect(others.map(each => each.from)).not.toContain('2001:db8::1:0:0:1');
		expect(others).toHaveLength(addresses.length - 1);
	});

	it('tells of at most 32 connections of a flood', async () => {
		const bench = await make(shell);
		await bench.connect(Array.from({length: 500}, (_each, index) => from('198.51.100.7', 10_000 + index)));
		await bench.status();
		bench.pass(10);
		const {connections, idleSince} = await bench.status();
		expect(connections).toHaveLength(32);
		expect(idleSince).toBeNull();
	});

	it('follows: tells what changes, and ends with its standard input', async () => {
		const bench = await make(shell);
		const child = await bench.follow();
		const ended = new Promise(resolve => child.once('exit', resolve));
		const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
		const next = async () => parseGuestStatus(String((await lines.next()).value));
		expect(await next()).toMatchObject({deadline: bench.now + 3600});
		await bench.run('lift');
		expect(await next()).toMatchObject({lease: null});
		await bench.run('extend', String(bench.now + 3600), String(bench.now + 4000));
		expect(await next()).toMatchObject({deadline: bench.now + 4000});
		child.stdin.end();
		expect(await ended).toBe(0);
	});

	it('says what it can do, and does nothing else', async () => {
		const bench = await make(shell);
		expect(await bench.run('end')).toMatchObject({code: 2, out: ''});
	});
});
