// The monitor's screen for as many seconds as it is told (an hour), as fast as they are drawn: its clock turned by hand, its link lost now and
// then, ports that come, go and carry. Prints memory and bytes as one JSON object a line, in ten parts, and what 600 seconds without the
// focus draw; run with --expose-gc.
import process from 'node:process';
import {render} from 'ink';
import {Root} from '../../source/ui/app.js';
import {onKey} from '../../source/ui/input.js';
import {setFocus} from '../../source/ui/pointing.js';
import {showRun} from '../../source/ui/store/running.js';
import {makeSink} from '../support/sink.js';
import {health, port, runState, testApp, TestClock, testCore, TestHandle} from '../support/ui.js';

const seconds = Number(process.argv[2] ?? 3600);
const remembered = 300;

const clock = new TestClock();
const sink = makeSink();
const app = testApp(testCore(), {clock, size: sink.size});
const handle = new TestHandle(runState({deadline: clock.now() + 48 * 3600 * 1000}));
handle.lines = Array.from({length: remembered}, (_, line) => ({at: clock.now(), pane: 'events' as const, text: `line ${line}`}));
showRun(app, handle);
const instance = render(<Root app={app} onSuspend={() => undefined} />, {
	stdout: sink.stdout,
	stdin: sink.stdin,
	interactive: true,
	maxFps: 1000,
	incrementalRendering: true,
	patchConsole: false,
	exitOnCtrlC: false,
});

/** The environment in its `second`: the link is lost for ten seconds of each five minutes. */
function healthAt(second: number) {
	const lost = Math.max(0, (second % 300) - 290);
	const latencies = Array.from({length: 60}, (_, index) => 4 + ((second + index) % 23) + ((second * index) % 7) / 10);
	const waiting = {
		status: 'waiting',
		reason: `no answer for ${lost} s`,
		nextTry: clock.now() + 1000 * (10 - lost),
		attempt: lost,
		upSince: undefined,
	} as const;
	return health({
		...(lost > 0 ? waiting : {upSince: clock.now() - (second % 300) * 1000}),
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

const tell = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
const report = (second: number) => {
	globalThis.gc?.();
	const {rss, heapUsed} = process.memoryUsage();
	tell({second, rss, heapUsed, bytes: sink.bytes()});
};

for (let second = 0; second <= seconds; second++) {
	handle.health_ = healthAt(second);
	if (second % 20 === 0) {
		const line = {at: clock.now(), pane: 'events' as const, text: `in second ${second}`};
		handle.lines = [...handle.lines, line].slice(-remembered);
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

	if (second % (seconds / 10) === 0) {
		report(second);
	}
}

setFocus(app, false);
await instance.waitUntilRenderFlush();
const before = sink.bytes();
for (let second = 0; second < 600; second++) {
	clock.pass(1000);
	handle.tell();
	await instance.waitUntilRenderFlush();
}

tell({unfocused: sink.bytes() - before});
instance.unmount();
process.exit();
