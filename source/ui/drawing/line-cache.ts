/** Ink's canvas, as far as this needs to know it: what is to be drawn, and the frame that comes of it. */
export type Canvas = {
	readonly width: number;
	readonly height: number;
	readonly operations: readonly Operation[];
	write(x: number, y: number, text: string, options: {readonly transformers: readonly Transformer[]}): void;
	get(): {readonly output: string; readonly height: number};
};

/** Styles a line; the number is its place in its text. */
type Transformer = (line: string, index: number) => string;

type Write = {
	readonly type: 'write';
	readonly x: number;
	readonly y: number;
	readonly text: string;
	readonly transformers: readonly Transformer[];
};
type Operation = Write | {readonly type: 'clip' | 'unclip'};

type CanvasClass = new (options: {width: number; height: number}) => Canvas;

/** Lines that are remembered: many screens full. */
const mostKept = 1000;

/**
The canvas, drawing line by line and remembering lines. Ink takes every character of every frame apart and puts it together again, which
is most of what a frame costs; here only lines that are new are drawn, each on a canvas of its own. What cannot be taken apart into lines
(texts of several lines, clips) is drawn as ever.
*/
export function withWholeLines(Whole: CanvasClass): CanvasClass {
	const kept = new Map<string, string>();

	const draw = (width: number, writes: readonly Write[]): string => {
		const key = `${width}\n${writes.map(keyOf).join('\n')}`;
		let line = kept.get(key);
		if (line === undefined) {
			const canvas = new Whole({width, height: 1});
			for (const {x, text, transformers} of writes) {
				canvas.write(x, 0, text, {transformers});
			}

			line = canvas.get().output;
			if (kept.size >= mostKept) {
				kept.clear();
			}

			kept.set(key, line);
		}

		return line;
	};

	return class extends Whole {
		override get(): {readonly output: string; readonly height: number} {
			const rows = this.height > 0 ? rowsOf(this) : undefined;
			return rows
				? {output: rows.map(writes => (writes.length === 0 ? '' : draw(this.width, writes))).join('\n'), height: this.height}
				: super.get();
		}
	};
}

/** The transformers are new functions with each text: what they do tells them apart. */
const keyOf = ({x, text, transformers}: Write): string => {
	const styled = transformers.reduce((line, transform) => transform(line, 0), text);
	return styled === text ? `${x} ${text}` : `${x} ${text}\n${styled}`;
};

/** What is written on each line; undefined where lines do not stand alone. */
function rowsOf({height, operations}: Canvas): Write[][] | undefined {
	const rows: Write[][] = Array.from({length: height}, () => []);
	for (const operation of operations) {
		if (operation.type !== 'write' || operation.text.includes('\n')) {
			return undefined;
		}

		// Ink draws nothing above the frame or below it.
		rows[operation.y]?.push(operation);
	}

	return rows;
}
