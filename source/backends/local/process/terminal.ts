import type * as NodePty from '@lydell/node-pty';
import process from 'node:process';
import type {PseudoTtyInfo, ServerChannel} from 'ssh2';

/** A program on a pseudo-terminal. */
export type Terminal = {resize(columns: number, rows: number): void; kill(signal: string): void};

export type TerminalOptions = {
	readonly shell: string;
	readonly args: readonly string[];
	readonly size: PseudoTtyInfo;
	readonly cwd: string;
	readonly env: Readonly<Record<string, string>>;
};

const clamp = (value: number, otherwise: number): number => (value > 0 && value < 10_000 ? Math.floor(value) : otherwise);

/** Bytes that may wait for a slow client before the program is held back. */
const highWater = 256 * 1024;

export type Pty = typeof NodePty;

/** The optional package that makes pseudo-terminals; undefined where it is not installed or not for this machine. */
export async function loadPty(): Promise<Pty | undefined> {
	if (process.env['DSTACK_TUI_NO_PTY']) {
		return undefined;
	}

	try {
		return await import('@lydell/node-pty');
	} catch {
		return undefined;
	}
}

/** Starts a program on a pseudo-terminal and joins it with the channel. */
export function serveTerminal(channel: ServerChannel, pty: Pty, {shell, args, size, cwd, env}: TerminalOptions): Terminal {
	const program = pty.spawn(shell, [...args], {
		name: env['TERM'] ?? 'xterm-256color',
		cols: clamp(size.cols, 80),
		rows: clamp(size.rows, 24),
		cwd,
		env: {...env},
		encoding: null,
	});
	let over = false;

	const onData = (piece: Buffer | string) => {
		if (!channel.write(piece) && channel.writableLength > highWater) {
			program.pause();
			channel.once('drain', () => program.resume());
		}
	};

	// Without an encoding the pieces are buffers, whatever the types say.
	program.onData(onData as (piece: string) => void);
	channel.on('data', (piece: Buffer) => {
		if (!over) {
			program.write(piece as unknown as string);
		}
	});
	channel.on('error', () => channel.destroy());
	program.onExit(({exitCode, signal}) => {
		over = true;
		channel.exit(signal ? 128 + signal : exitCode);
		channel.end();
	});
	channel.on('close', () => {
		if (!over) {
			program.kill('SIGHUP');
		}
	});

	return {
		resize(columns, rows) {
			if (!over) {
				program.resize(clamp(columns, 80), clamp(rows, 24));
			}
		},
		kill(signal) {
			if (!over) {
				program.kill(signal);
			}
		},
	};
}
