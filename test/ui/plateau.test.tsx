import {EventEmitter} from 'node:events';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {render} from 'ink';
import {expect, test} from 'vitest';
import {Root} from '../../source/ui/app.js';
import {onKey} from '../../source/ui/input.js';
import {chooseConfiguration, loadFolder} from '../../source/ui/store/choosing.js';
import {offers, testApp, testEngine} from '../support/ui.js';

/** A terminal that swallows what is drawn, and counts it. */
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

const turn = async () =>
	new Promise(resolve => {
		setImmediate(resolve);
	});

test('thousands of frames of the grid take no memory, and a move of the cursor few bytes', async () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const app = testApp(testEngine({}, {offers: offers(5000)}), {size: {columns: 120, rows: 40}});
	const sink = new Sink();
	const instance = render(<Root app={app} onSuspend={() => undefined} />, {
		stdout: sink as unknown as NodeJS.WriteStream,
		stdin: new Source() as unknown as NodeJS.ReadStream,
		interactive: true,
		incrementalRendering: true,
		maxFps: 1000,
		patchConsole: false,
		exitOnCtrlC: false,
	});
	await loadFolder(app);
	chooseConfiguration(app, app.state().configurations![0]!);
	for (let wait = 0; app.state().listing === undefined && wait < 100; wait++) {
		await turn();
	}

	expect(app.state().shown.rows).toHaveLength(5000);
	const press = async (key: string) => {
		onKey(app, key);
		await instance.waitUntilRenderFlush();
	};

	const work = async (rounds: number) => {
		for (let round = 0; round < rounds; round++) {
			for (const key of [...Array.from({length: 10}, () => 'pagedown'), 's', 'b', 'b', 'b', 'b', 'g']) {
				await press(key);
			}
		}
	};

	const heap = () => {
		collect();
		return process.memoryUsage().heapUsed / 1024 / 1024;
	};

	// What is remembered of frames has its size by then.
	await work(30);
	const before = heap();
	await work(30);
	expect(heap() - before).toBeLessThan(2);

	await press('g');
	const from = sink.bytes;
	for (let step = 0; step < 20; step++) {
		await press('j');
	}

	expect((sink.bytes - from) / 20).toBeGreaterThan(100);
	expect((sink.bytes - from) / 20).toBeLessThan(700);
	instance.unmount();
});
