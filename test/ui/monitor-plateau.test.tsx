import process from 'node:process';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {render} from 'ink';
import {expect, test} from 'vitest';
import {Root} from '../../source/ui/app.js';
import {onKey} from '../../source/ui/input.js';
import {setFocus} from '../../source/ui/store/pointing.js';
import {showRun} from '../../source/ui/store/running.js';
import {makeSink} from '../support/sink.js';
import {health, port, runState, testApp, TestClock, testEngine, TestHandle} from '../support/ui.js';

/** A frame for each second: 100,000 are a good day. */
const frames = process.env['LONG'] === undefined ? 4000 : 100_000;
/** Until then what is remembered of frames, and what V8 compiles, comes to its size. */
const warm = 2000;
const remembered = 300;

/** The environment in its `second`: the link is lost for ten seconds of each five minutes, ports come and go, and bytes run. */
function healthAt(second: number, now: number) {
	const isLost = second % 300 >= 290;
	const latencies = Array.from({length: 60}, (_, index) => 4 + ((second + index) % 23) + ((second * index) % 7) / 10);
	return health({
		status: isLost ? 'waiting' : 'up',
		reason: isLost ? `no answer for ${second % 300} s` : undefined,
		nextTry: isLost ? now + 1000 * (300 - (second % 300)) : undefined,
		attempt: isLost ? second % 10 : undefined,
		upSince: isLost ? undefined : now - (second % 300) * 1000,
		reconnects: Math.floor(second / 300),
		latency: latencies.at(-1),
		latencies,
		ports: Array.from({length: 1 + (Math.floor(second / 60) % 5)}, (_, index) =>
			port({
				local: 8000 + index,
				remote: 8000 + index,
				open: (second * (index + 1)) % 50,
				received: second * 1234 * index,
				sent: second * 99,
				total: second * (1234 * index + 99),
				rate: (second % 1000) * 1024,
			}),
		),
	});
}

test(`${frames} frames of the monitor take no memory, and a second of it few bytes`, {timeout: 3_600_000}, async () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const clock = new TestClock();
	const sink = makeSink();
	const app = testApp(testEngine(), {clock, size: sink.size});
	const handle = new TestHandle(runState({deadline: clock.now() + 48 * 3600 * 1000}));
	showRun(app, handle);
	const instance = render(<Root app={app} onSuspend={() => undefined} />, {
		stdout: sink.stdout,
		stdin: sink.stdin,
		interactive: true,
		incrementalRendering: true,
		maxFps: 1000,
		patchConsole: false,
		exitOnCtrlC: false,
	});
	const heap = () => {
		collect();
		return process.memoryUsage().heapUsed / 1024 / 1024;
	};

	let second = 0;
	const pass = async (count: number) => {
		for (const end = second + count; second < end; second++) {
			handle.health_ = healthAt(second, clock.now());
			if (second % 20 === 0) {
				handle.lines = [...handle.lines, {at: clock.now(), pane: 'events' as const, text: `in second ${second}`}].slice(
					-remembered,
				);
			}

			clock.pass(1000);
			handle.tell();
			await instance.waitUntilRenderFlush();
			if (second % 100 === 50) {
				// The logs, and back.
				for (const key of ['l', 'l']) {
					onKey(app, key);
					await instance.waitUntilRenderFlush();
				}
			}
		}
	};

	await pass(warm);
	// The lines of the log are full by then.
	handle.lines = Array.from({length: remembered}, (_, line) => ({
		at: clock.now(),
		pane: 'events' as const,
		text: `line ${line} of before`,
	}));
	await pass(100);
	const [before, drawn] = [heap(), sink.bytes()];
	await pass(frames - warm - 100);
	const grown = heap() - before;
	const each = (sink.bytes() - drawn) / (frames - warm - 100);
	expect(grown).toBeLessThan(2);
	expect(each).toBeGreaterThan(20);
	expect(each).toBeLessThan(1500);

	setFocus(app, false);
	await instance.waitUntilRenderFlush();
	const unfocused = sink.bytes();
	for (let passed = 0; passed < 600; passed++) {
		clock.pass(1000);
		await instance.waitUntilRenderFlush();
	}

	expect(sink.bytes()).toBe(unfocused);
	instance.unmount();
	console.info(`${frames} frames: ${each.toFixed(0)} bytes each, heap ${before.toFixed(1)} MB and ${grown.toFixed(2)} MB more`);
});
