import {PassThrough} from 'node:stream';

/** What the terminal reports beside keys. Columns and rows count from 0 at the top left corner. */
export type Pointed =
	| {readonly kind: 'click'; readonly column: number; readonly row: number}
	| {readonly kind: 'wheel'; readonly by: 1 | -1; readonly column: number; readonly row: number}
	| {readonly kind: 'focus'; readonly focused: boolean};

const escape = '\u001B';
const pasteStart = `${escape}[200~`;
const pasteEnd = `${escape}[201~`;
const whole = /^\u001B\[(?:<(\d{1,4});(\d{1,5});(\d{1,5})([Mm])|([IO]))$/;
const begun = /^\u001B(?:\[(?:<(?:\d{1,4}(?:;(?:\d{1,5}(?:;\d{0,5})?)?)?)?|2(?:00?)?)?)?$/;

/** Bits of the button's number. */
const bits = {moved: 32, wheel: 64, more: 128};

function meaning([, button, column, row, end, focus]: RegExpExecArray): Pointed | undefined {
	if (focus !== undefined) {
		return {kind: 'focus', focused: focus === 'I'};
	}

	const code = Number(button);
	const place = {column: Number(column) - 1, row: Number(row) - 1};
	const which = code & 3;
	if (end === 'm' || (code & (bits.moved | bits.more)) !== 0 || place.column < 0 || place.row < 0) {
		return undefined;
	}

	if ((code & bits.wheel) !== 0) {
		return which > 1 ? undefined : {kind: 'wheel', by: which === 0 ? -1 : 1, ...place};
	}

	return which === 0 ? {kind: 'click', ...place} : undefined;
}

/**
Takes what the mouse and the focus say (modes 1000, 1006 and 1004) out of what a terminal sends. Everything else comes through unchanged
and in its order, a paste whole. Text is bytes as Latin-1, so that no read splits a character.
*/
export class PointingFilter {
	/** What may become a sequence of ours. */
	#held = '';
	#inPaste = false;
	/** The last bytes of a paste, in which its end is looked for. */
	#tail = '';

	/** The text of a read and what was pointed at in it, in their order. */
	push(bytes: string): ReadonlyArray<string | Pointed> {
		const parts: Array<string | Pointed> = [];
		let text = '';
		for (const byte of bytes) {
			const part = this.#take(byte);
			if (typeof part === 'string') {
				text += part;
			} else if (part) {
				parts.push(text, part);
				text = '';
			}
		}

		return [...parts, text].filter(part => part !== '');
	}

	/** Bytes held back; a lone escape among them is most likely a key. */
	get held(): string {
		return this.#held;
	}

	/** Lets what is held back go as it is. */
	flush(): string {
		const text = this.#held;
		this.#held = '';
		return text;
	}

	/** Forgets what was begun: another program had the terminal. */
	reset(): void {
		this.#held = '';
		this.#tail = '';
		this.#inPaste = false;
	}

	/** What one more byte leads to: text, a report, or nothing yet. */
	#take(byte: string): string | Pointed | undefined {
		if (this.#inPaste) {
			this.#tail = (this.#tail + byte).slice(-pasteEnd.length);
			this.#inPaste = this.#tail !== pasteEnd;
			return byte;
		}

		if (this.#held === '' && byte !== escape) {
			return byte;
		}

		const candidate = this.#held + byte;
		const found = whole.exec(candidate);
		if (found) {
			this.#held = '';
			return meaning(found);
		}

		if (begun.test(candidate)) {
			this.#held = candidate;
			return undefined;
		}

		const [text, held] = byte === escape ? [this.#held, byte] : [candidate, ''];
		this.#held = held;
		this.#inPaste = candidate === pasteStart;
		this.#tail = '';
		return text;
	}
}

/** How long the rest of a sequence is waited for, milliseconds: an escape is a key when nothing follows at once. */
const waits = {key: 5, sequence: 100};

/** The input of a terminal, as far as this needs it. */
export type TerminalInput = Pick<NodeJS.ReadStream, 'on' | 'off' | 'pause' | 'resume' | 'ref' | 'unref'> & {
	setRawMode(isRaw: boolean): unknown;
};

/**
Wraps the terminal's input: reads it while it is in raw mode, tells `onPointed` what the mouse and the focus say, and gives the rest
on.
*/
export class PointingInput extends PassThrough {
	readonly isTTY = true;
	readonly #source: TerminalInput;
	readonly #onPointed: (event: Pointed) => void;
	readonly #filter = new PointingFilter();
	/** What is still to be given on; the first is on its way. */
	readonly #queue: Array<string | Pointed> = [];
	#timer: NodeJS.Timeout | undefined;
	#pause: NodeJS.Immediate | undefined;
	#isReading = false;

	constructor(source: TerminalInput, onPointed: (event: Pointed) => void) {
		super();
		this.#source = source;
		this.#onPointed = onPointed;
	}

	setRawMode(isRaw: boolean): this {
		this.#source.setRawMode(isRaw);
		if (isRaw && !this.#isReading) {
			this.#isReading = true;
			this.#source.on('data', this.#take);
			this.#source.resume();
		} else if (!isRaw && this.#isReading) {
			this.#isReading = false;
			this.#source.off('data', this.#take);
			this.#source.pause();
			clearTimeout(this.#timer);
			clearImmediate(this.#pause);
			this.#queue.length = 0;
			this.#filter.reset();
		}

		return this;
	}

	ref(): this {
		this.#source.ref();
		return this;
	}

	unref(): this {
		this.#source.unref();
		return this;
	}

	readonly #take = (data: Buffer | string): void => {
		clearTimeout(this.#timer);
		const bytes = typeof data === 'string' ? Buffer.from(data) : data;
		this.#give(this.#filter.push(bytes.toString('latin1')));
		const {held} = this.#filter;
		if (held !== '') {
			this.#timer = setTimeout(() => this.#give([this.#filter.flush()]), held.length > 2 ? waits.sequence : waits.key);
		}
	};

	/** Gives all on in its order: text is read a moment after it is written, and what was pointed at after it has to wait for that. */
	#give(parts: ReadonlyArray<string | Pointed>): void {
		const isWaiting = this.#queue.length > 0;
		this.#queue.push(...parts);
		if (!isWaiting) {
			this.#drain();
		}
	}

	readonly #drain = (): void => {
		while (this.#queue.length > 0) {
			const [part] = this.#queue;
			if (typeof part === 'string') {
				this.write(part, 'latin1');
				if (this.#queue.length > 1) {
					this.#pause = setImmediate(() => {
						this.#queue.shift();
						this.#drain();
					});
					return;
				}
			} else if (part) {
				this.#onPointed(part);
			}

			this.#queue.shift();
		}
	};
}

const on = {mouse: `${escape}[?1000h${escape}[?1006h`, focus: `${escape}[?1004h`};
const off = {mouse: `${escape}[?1006l${escape}[?1000l`, focus: `${escape}[?1004l`};

/** The sequence that asks the terminal to report the mouse, or not to. */
export const mouseMode = (isOn: boolean): string => (isOn ? on.mouse : off.mouse);

/** What is to be sent when the screen is entered, and when it is left, whatever was switched meanwhile. */
export const enterPointing = (isMouseOn: boolean): string => on.focus + (isMouseOn ? on.mouse : '');
export const leavePointing = off.mouse + off.focus;
