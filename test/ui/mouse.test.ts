import {EventEmitter} from 'node:events';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {PointingFilter, PointingInput, type Pointed, type TerminalInput} from '../../source/ui/terminal/mouse-input.js';

const escape = '\u001B';

/** What a filter makes of reads, the last one's rest let go. */
function filtered(...reads: readonly string[]): {text: string; pointed: Pointed[]} {
	const filter = new PointingFilter();
	const parts = reads.flatMap(read => filter.push(read));
	return {
		text: parts.filter(part => typeof part === 'string').join('') + filter.flush(),
		pointed: parts.filter(part => typeof part !== 'string'),
	};
}

describe('what the mouse says', () => {
	test('a click counts from the corner, its release says nothing', () => {
		expect(filtered(`${escape}[<0;10;5M${escape}[<0;10;5m`)).toEqual({
			text: '',
			pointed: [{kind: 'click', column: 9, row: 4}],
		});
	});

	test('the wheel turns up and down, also with a modifier; sideways it means nothing', () => {
		const {text, pointed} = filtered(...[64, 65, 69, 81, 66, 67].map(button => `${escape}[<${button};300;1M`));
		expect(text).toBe('');
		expect(pointed.map(event => event.kind === 'wheel' && event.by)).toEqual([-1, 1, 1, 1]);
		expect(pointed[0]).toMatchObject({column: 299, row: 0});
	});

	test('other buttons, movement and places off the screen are taken out and mean nothing', () => {
		const reports = ['1;1;1M', '2;1;1M', '32;1;1M', '35;1;1M', '128;1;1M', '0;0;1M', '0;1;0M'];
		expect(filtered(...reports.map(report => `${escape}[<${report}`))).toEqual({text: '', pointed: []});
	});

	test('focus comes and goes', () => {
		expect(filtered(`${escape}[I`, `${escape}[O`)).toEqual({
			text: '',
			pointed: [
				{kind: 'focus', focused: true},
				{kind: 'focus', focused: false},
			],
		});
	});

	test('split over reads at any place it is put together, between keys', () => {
		const stream = `j${escape}[<65;12;34M${escape}[A${escape}[Ok`;
		for (let at = 0; at <= stream.length; at++) {
			expect(filtered(stream.slice(0, at), stream.slice(at)), `at ${at}`).toEqual({
				text: `j${escape}[Ak`,
				pointed: [
					{kind: 'wheel', by: 1, column: 11, row: 33},
					{kind: 'focus', focused: false},
				],
			});
		}

		expect(filtered(...stream)).toMatchObject({text: `j${escape}[Ak`});
	});

	test('in a paste everything is text, and after it the mouse is heard again', () => {
		const paste = `${escape}[200~a${escape}[<0;1;1M${escape}[I${escape}[20${escape}[201~`;
		for (let at = 0; at <= paste.length; at++) {
			expect(filtered(paste.slice(0, at), `${paste.slice(at)}${escape}[<0;1;1M`)).toEqual({
				text: paste,
				pointed: [{kind: 'click', column: 0, row: 0}],
			});
		}
	});

	test('an escape before a report is a key of its own', () => {
		expect(filtered(`${escape}${escape}[<0;1;1M`)).toEqual({text: escape, pointed: [{kind: 'click', column: 0, row: 0}]});
	});

	test('what only looks like a report comes through', () => {
		for (const text of [
			`${escape}[<`,
			`${escape}[<;1;1M`,
			`${escape}[<0;1M`,
			`${escape}[<0;1;1;1M`,
			`${escape}[<99999;1;1M`,
			`${escape}[<0;1;1X`,
			`${escape}[<0;1${escape}`,
			`${escape}[2~`,
			`${escape}[20~`,
			`${escape}[201~`,
			`${escape}OI`,
			`${escape}[1;5I`,
		]) {
			expect(filtered(text)).toEqual({text, pointed: []});
		}
	});

	const report = fc
		.tuple(fc.nat(200), fc.integer({min: 1, max: 500}), fc.integer({min: 1, max: 200}), fc.constantFrom('M', 'm'))
		.map(([button, column, row, end]) => `${escape}[<${button};${column};${row}${end}`);
	const ours = fc.oneof(report, fc.constantFrom(`${escape}[I`, `${escape}[O`));
	// Pieces after which no sequence of theirs is open, so that the two do not run together.
	const theirs = fc.oneof(
		fc.string({unit: 'binary'}).map(text => Buffer.from(text).toString('latin1').replaceAll(escape, 'e')),
		fc.constantFrom(`${escape}[A`, `${escape}[1;5C`, `${escape}[3~`, `${escape}OP`, `${escape}x`, `${escape}[<0;1X`),
		fc.string().map(text => `${escape}[200~${text.replaceAll(escape, '')}${escape}[201~`),
	);
	const pieces = fc.array(
		fc.oneof(
			ours.map(text => ({text, isOurs: true})),
			theirs.map(text => ({text, isOurs: false})),
		),
	);

	test('all bytes that are not of the mouse or the focus come through unchanged and in order, however they are read', () => {
		fc.assert(
			fc.property(pieces, fc.array(fc.nat(400)), (parts, cuts) => {
				const stream = parts.map(({text}) => text).join('');
				const places = [...new Set([0, ...cuts.map(cut => Math.min(cut, stream.length)), stream.length])].sort((a, b) => a - b);
				const reads = places.slice(1).map((place, index) => stream.slice(places[index], place));
				const expected = parts
					.filter(({isOurs}) => !isOurs)
					.map(({text}) => text)
					.join('');
				expect(filtered(...reads).text).toBe(expected);
			}),
			{numRuns: 500},
		);
	});

	test('garbage of any kind never throws, and without an escape nothing of it is lost', () => {
		fc.assert(
			fc.property(fc.uint8Array(), bytes => {
				const text = Buffer.from(bytes).toString('latin1');
				const result = filtered(text);
				expect(result.text.length).toBeLessThanOrEqual(text.length);
				if (!text.includes(escape)) {
					expect(result).toEqual({text, pointed: []});
				}
			}),
		);
	});
});

/** A terminal's input that a test types into. */
class FakeInput extends EventEmitter {
	readonly done: string[] = [];
	setRawMode = (isRaw: boolean) => void this.done.push(`raw ${isRaw}`);
	pause = () => this.note('pause');
	resume = () => this.note('resume');
	ref = () => this.note('ref');
	unref = () => this.note('unref');

	note(word: string): this {
		this.done.push(word);
		return this;
	}
}

describe('the input that stands for the terminal', () => {
	const begin = () => {
		const source = new FakeInput();
		const pointed: Pointed[] = [];
		const input = new PointingInput(source as unknown as TerminalInput, event => pointed.push(event));
		input.setEncoding('utf8');
		input.setRawMode(true);
		return {source, input, pointed};
	};

	test('gives keys on and tells what was pointed at; a character split over reads is whole', async () => {
		const {source, input, pointed} = begin();
		const bytes = Buffer.from(`é${escape}[<0;3;4M日`);
		source.emit('data', bytes.subarray(0, 1));
		source.emit('data', bytes.subarray(1, 6));
		source.emit('data', bytes.subarray(6, -1));
		source.emit('data', bytes.subarray(-1));
		expect(input.read()).toBe('é日');
		expect(pointed).toEqual([{kind: 'click', column: 2, row: 3}]);
	});

	test('keys and the mouse of one read are heard in their order', async () => {
		const source = new FakeInput();
		const heard: string[] = [];
		const input = new PointingInput(source as unknown as TerminalInput, ({kind}) => heard.push(kind));
		input.setEncoding('utf8');
		input.setRawMode(true);
		input.on('readable', () => {
			for (let text = input.read() as string | null; text !== null; text = input.read() as string | null) {
				heard.push(text);
			}
		});
		source.emit('data', Buffer.from(`g${escape}[<0;3;4Mab${escape}[<65;3;4M${escape}[I`));
		source.emit('data', Buffer.from('z'));
		await new Promise(resolve => setTimeout(resolve, 20));
		expect(heard).toEqual(['g', 'click', 'ab', 'wheel', 'focus', 'z']);
	});

	test('an escape alone is let go by itself', async () => {
		const {source, input} = begin();
		source.emit('data', Buffer.from(escape));
		await new Promise(resolve => input.once('readable', resolve));
		expect(input.read()).toBe(escape);
	});

	test('out of raw mode it does not read: what is typed is another program’s', () => {
		const {source, input} = begin();
		source.emit('data', Buffer.from(`${escape}[<0`));
		input.setRawMode(false);
		expect(source.listenerCount('data')).toBe(0);
		expect(source.done).toEqual(['raw true', 'resume', 'raw false', 'pause']);
		input.setRawMode(true);
		source.emit('data', Buffer.from(';1;1M'));
		expect(input.read()).toBe(';1;1M');
	});
});
