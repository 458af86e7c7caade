// An hour of a tunnel monitor in a minute: the connected screen, its clock turned by hand, latencies and ports changing every second.
// Prints memory as one JSON object a line; run with --expose-gc.
import process from 'node:process';
import {render} from 'ink';
import {Root} from '../../source/ui/app.js';
import {showRun} from '../../source/ui/store/running.js';
import {makeSink} from '../support/sink.js';
import {health, port, runState, testApp, TestClock, testEngine, TestHandle} from '../support/ui.js';

const hour = 3600;
const frame = 17;

const clock = new TestClock();
const sink = makeSink();
const app = testApp(testEngine(), {clock, size: sink.size});
const handle = new TestHandle(runState({deadline: clock.now() + 2 * hour * 1000}));
showRun(app, handle);
const instance = render(<Root app={app} onSuspend={() => undefined} />, {
	stdout: sink.stdout,
	stdin: sink.stdin,
	maxFps: 60,
	incrementalRendering: true,
	patchConsole: false,
	exitOnCtrlC: false,
});

const report = (second: number) => {
	globalThis.gc?.();
	const {rss, heapUsed} = process.memoryUsage();
	process.stdout.write(`${JSON.stringify({second, rss, heapUsed, bytes: sink.bytes()})}\n`);
};

let latencies: number[] = [];
for (let second = 0; second <= hour; second++) {
	latencies = [...latencies, 5 + (second % 17)].slice(-60);
	handle.health_ = health({
		latency: latencies.at(-1),
		latencies,
		ports: [port({local: 8888, remote: 8888, open: second % 4, total: second, direct: false})],
	});
	if (second % 60 === 0) {
		handle.lines = [...handle.lines, {at: clock.now(), pane: 'events' as const, text: `minute ${second / 60}`}].slice(-10_000);
	}

	clock.pass(1000);
	handle.tell();
	// As long as a frame may be held back.
	await new Promise(resolve => setTimeout(resolve, frame));
	if (second % 600 === 0) {
		report(second);
	}
}

instance.unmount();
process.exit();
