import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {guestClock, parseGuestStatus} from '../../../source/agents/machine/status.js';

const status = {
	at: 1_800_000_000,
	deadline: 1_800_003_600,
	lease: null,
	connections: [{from: '203.0.113.9', since: 1_799_999_000}],
	idleSince: null,
	ends: {at: 1_800_003_600, why: 'deadline'},
	notice: {action: 'terminate', time: 1_800_000_120},
};

describe('the status of a guest', () => {
	it('is read as it was written', () => {
		expect(parseGuestStatus(JSON.stringify(status))).toEqual(status);
	});

	it.each([
		['nothing', ''],
		['no JSON', '{"at":'],
		['a list', '[]'],
		['another reason', JSON.stringify({...status, ends: {at: 1, why: 'whim'}})],
		['a moment that is no number', JSON.stringify({...status, at: '1800000000'})],
		['a moment in milliseconds', JSON.stringify({...status, at: 1_800_000_000_000})],
		['a fraction', JSON.stringify({...status, deadline: 1.5})],
		['a missing field', JSON.stringify({...status, lease: undefined})],
		['a thousand connections', JSON.stringify({...status, connections: Array(1000).fill(status.connections[0])})],
		['a name without end', JSON.stringify({...status, connections: [{from: 'x'.repeat(65), since: 1}]})],
		['a line without end', JSON.stringify({...status, more: 'x'.repeat(70_000)})],
	])('is none where it is %s', (_name, line) => {
		expect(parseGuestStatus(line)).toBeUndefined();
	});

	it('draws nothing but its text', () => {
		const hostile = {...status, connections: [{from: '\u001B[2J1.2.3.4\r\n\u202Ex', since: 5}]};
		expect(parseGuestStatus(JSON.stringify(hostile))?.connections[0]?.from).toBe('1.2.3.4 x');
	});

	it('never throws, whatever a machine says', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.json()), line => {
				expect(() => parseGuestStatus(line)).not.toThrow();
			}),
		);
	});
});

it('turns the times of a guest, whose clock is ten minutes off, into this machine’s and back', () => {
	const clock = guestClock(1_800_000_600, 1_800_000_000_250);
	expect(clock.toLocal(1_800_000_660)).toBe(1_800_000_060_250);
	expect(clock.toGuest(1_800_000_060_250)).toBe(1_800_000_660);
	// Never earlier than was meant.
	expect(clock.toGuest(1_800_000_060_251)).toBe(1_800_000_661);
});
