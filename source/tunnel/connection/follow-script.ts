import type {Duplex} from 'node:stream';
import {messageOf} from '../../system/problem.js';
import {viaSh} from '../../system/shell.js';
import type {Connection} from './contract.js';

const longestLine = 64 * 1024;

/**
The start of a script that goes on for as long as somebody listens: an SSH server leaves a command that says nothing running when its
channel ends, so one process waits for the end of its input.
*/
export const untilClosed = ['exec 3<&0 </dev/null', '{ cat <&3 >/dev/null 2>&1; kill $$ 2>/dev/null; } &', 'exec 3<&-'].join(
	'\n',
);

/** Milliseconds. */
const restartAfter = 10_000;

export type FollowOptions = {
	/** Called when it could not be started, ended by itself or says nothing. Some seconds later it is begun anew. */
	readonly onTrouble: (message: string) => void;
	/** Called before it is started again: half of what was printed last may be missing. */
	readonly onRestart?: () => void;
	/** Milliseconds without a line, after which it counts as stuck. @default never */
	readonly silentAfter?: number;
};

/**
Runs a script over a connection and passes on each line that it prints, whatever is in it, for as long as the connection lives, until the
returned function is called.
*/
export function followScript(
	connection: Connection,
	script: string,
	onLine: (line: string) => void,
	options: FollowOptions,
): () => void {
	let following: Following | undefined;
	let timer: NodeJS.Timeout | undefined;
	const begin = () => {
		following = new Following(connection, script, onLine, options, message => {
			options.onTrouble(message);
			timer = setTimeout(() => {
				options.onRestart?.();
				begin();
			}, restartAfter);
			timer.unref();
		});
	};

	const stop = () => {
		clearTimeout(timer);
		following?.stop();
	};

	void connection.closed.then(stop);
	begin();
	return stop;
}

/** One run of such a script. */
class Following {
	readonly #onLine: (line: string) => void;
	readonly #onEnd: (message: string) => void;
	readonly #watchdog: NodeJS.Timeout | undefined;
	#stream: Duplex | undefined;
	#isOver = false;
	#rest = '';

	constructor(
		connection: Connection,
		script: string,
		onLine: (line: string) => void,
		{silentAfter}: FollowOptions,
		onEnd: (message: string) => void,
	) {
		this.#onLine = onLine;
		this.#onEnd = onEnd;
		if (silentAfter !== undefined) {
			this.#watchdog = setTimeout(() => this.#end('it says nothing'), silentAfter);
			this.#watchdog.unref();
		}

		connection.openCommand(viaSh(`${untilClosed}\n${script}`)).then(
			stream => this.#hear(stream),
			(error: unknown) => this.#end(messageOf(error)),
		);
	}

	stop(): void {
		this.#isOver = true;
		clearTimeout(this.#watchdog);
		this.#stream?.destroy();
		this.#stream?.resume();
	}

	#hear(stream: Duplex): void {
		this.#stream = stream;
		if (this.#isOver) {
			this.stop();
			return;
		}

		stream.setEncoding('utf8');
		stream.on('error', () => undefined);
		stream.on('data', (piece: string) => this.#take(piece));
		stream.once('end', () => this.#end('it ended by itself'));
	}

	#take(piece: string): void {
		const lines = (this.#rest + piece).split('\n');
		this.#rest = (lines.pop() ?? '').slice(-longestLine);
		for (const line of lines) {
			if (!this.#isOver) {
				this.#watchdog?.refresh();
				this.#onLine(line);
			}
		}
	}

	#end(message: string): void {
		if (!this.#isOver) {
			this.stop();
			this.#onEnd(message);
		}
	}
}
