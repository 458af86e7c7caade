import {EventEmitter} from 'node:events';

/** A terminal of 120 columns and 40 rows that swallows what is drawn, and counts it. */
class Sink extends EventEmitter {
	readonly isTTY = true;
	readonly columns = 120;
	readonly rows = 40;
	bytes = 0;

	write = (text: string, callback?: () => void): boolean => {
		this.bytes += Buffer.byteLength(text);
		callback?.();
		return true;
	};
}

class Source extends EventEmitter {
	readonly isTTY = true;
	setEncoding = (): void => undefined;
	setRawMode = (): void => undefined;
	resume = (): void => undefined;
	pause = (): void => undefined;
	ref = (): void => undefined;
	unref = (): void => undefined;
	read = (): null => null;
}

/** For `render`: a terminal in which nobody types, and how many bytes it was sent so far. */
export function makeSink() {
	const sink = new Sink();
	return {
		size: {columns: sink.columns, rows: sink.rows},
		stdout: sink as unknown as NodeJS.WriteStream,
		stdin: new Source() as unknown as NodeJS.ReadStream,
		bytes: () => sink.bytes,
	};
}
