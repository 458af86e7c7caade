import {type IPty, spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';

/** Names of keys that are not their own text. */
const sequences: Readonly<Record<string, string>> = {
	enter: '\r',
	esc: '\u001B',
	tab: '\t',
	up: '\u001B[A',
	down: '\u001B[B',
	pagedown: '\u001B[6~',
	'ctrl-c': '\u0003',
	'ctrl-z': '\u001A',
	'ctrl-l': '\u000C',
	'ctrl-p': '\u0010',
};

export type TerminalOptions = {
	readonly columns: number;
	readonly rows: number;
	readonly cwd: string;
	readonly env: NodeJS.ProcessEnv;
};

/** A program in a pseudo-terminal, in front of a screen emulator: keys in, frames out. */
export class Terminal {
	readonly emulator: xterm.Terminal;
	readonly process: IPty;
	readonly ended: Promise<number>;
	/** Everything that the program wrote, as it wrote it. */
	raw = '';
	/** Bytes that the program has written so far. */
	bytes = 0;
	#listeners = new Set<() => void>();
	#over = false;

	constructor(command: string, args: readonly string[], {columns, rows, cwd, env}: TerminalOptions) {
		this.emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 200});
		this.process = spawn(command, [...args], {
			name: 'xterm-256color',
			cols: columns,
			rows,
			cwd,
			env: Object.fromEntries(
				Object.entries({...env, TERM: 'xterm-256color', CI: undefined}).filter(
					(entry): entry is [string, string] => entry[1] !== undefined,
				),
			),
		});
		this.process.onData(data => {
			this.bytes += Buffer.byteLength(data);
			this.raw = (this.raw + data).slice(-2_000_000);
			this.emulator.write(data, () => {
				for (const listener of this.#listeners) {
					listener();
				}
			});
		});
		this.ended = new Promise(resolve => {
			this.process.onExit(({exitCode, signal}) => {
				this.#over = true;
				// What it wrote last may still be on its way into the emulator.
				this.emulator.write('', () => {
					for (const listener of this.#listeners) {
						listener();
					}

					resolve(signal ? 128 + signal : exitCode);
				});
			});
		});
	}

	/** Presses keys, by name or as text, one after the other. */
	press(...keys: string[]): void {
		for (const key of keys) {
			this.process.write(sequences[key] ?? key);
		}
	}

	resize(columns: number, rows: number): void {
		this.emulator.resize(columns, rows);
		this.process.resize(columns, rows);
	}

	/** The lines on the screen, without blanks at their ends. */
	lines(): string[] {
		const {active} = this.emulator.buffer;
		return Array.from(
			{length: this.emulator.rows},
			(_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
		);
	}

	text(): string {
		return this.lines().join('\n');
	}

	/** Whether the full screen is open: it has a screen of its own, and the shell's is kept behind it. */
	isAlternate(): boolean {
		return this.emulator.buffer.active.type === 'alternate';
	}

	/** Waits until the screen shows something; tells the last frame when it does not. */
	async until(sign: string | RegExp | ((text: string) => boolean), limit = 30_000): Promise<string> {
		const shows = () => {
			const text = this.text();
			return typeof sign === 'string' ? text.includes(sign) : typeof sign === 'function' ? sign(text) : sign.test(text);
		};

		return new Promise((resolve, reject) => {
			const settle = (act: () => void) => {
				clearTimeout(timer);
				this.#listeners.delete(check);
				act();
			};

			const check = () => {
				if (this.#isWhole() && shows()) {
					settle(() => resolve(this.text()));
				} else if (this.#over) {
					settle(() => reject(new Error(`it ended before ${String(sign)} came:\n${this.text()}`)));
				}
			};

			const timer = setTimeout(() => settle(() => reject(new Error(`${String(sign)} did not come:\n${this.text()}`))), limit);
			this.#listeners.add(check);
			check();
		});
	}

	/** Whether no frame is half written: the program frames each with the marks of synchronised output. */
	#isWhole(): boolean {
		return this.raw.lastIndexOf('\u001B[?2026h') <= this.raw.lastIndexOf('\u001B[?2026l');
	}

	kill(signal: string): void {
		this.process.kill(signal);
	}
}
