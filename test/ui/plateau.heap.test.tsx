import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {render} from 'ink';
import {expect, test} from 'vitest';
import {Root} from '../../source/ui/app.js';
import {onKey} from '../../source/ui/input.js';
import {chooseConfiguration} from '../../source/ui/store/choosing.js';
import {loadFolder} from '../../source/ui/store/load-folder.js';
import {makeSink} from '../support/sink.js';
import {offers, testApp, testCore} from '../support/ui.js';

const turn = async () =>
	new Promise(resolve => {
		setImmediate(resolve);
	});

test('thousands of frames of the grid take no memory, and a move of the cursor few bytes', async () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const sink = makeSink();
	const app = testApp(testCore({}, {offers: offers(5000)}), {size: sink.size});
	const instance = render(<Root app={app} onSuspend={() => undefined} />, {
		stdout: sink.stdout,
		stdin: sink.stdin,
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
	const from = sink.bytes();
	for (let step = 0; step < 20; step++) {
		await press('j');
	}

	expect((sink.bytes() - from) / 20).toBeGreaterThan(100);
	expect((sink.bytes() - from) / 20).toBeLessThan(700);
	instance.unmount();
});
