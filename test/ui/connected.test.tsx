import stringWidth from 'string-width';
import {describe, expect, test, vi} from 'vitest';
import type {LinkHealth} from '../../source/runs/model/run-handle.js';
import type {Load} from '../../source/tunnel/observe/machine-load.js';
import {setFocus} from '../../source/ui/pointing.js';
import {showRun} from '../../source/ui/store/running.js';
import {health, port, preferences, runState, TestClock, TestHandle} from '../support/ui.js';
import {keys, withRun} from '../support/view.js';

const now = new TestClock().time;
const minute = 60_000;
const gigabyte = 1024 ** 3;
const narrow = {size: {columns: 80, rows: 24}};

const sampled = (cpu: number, changes: Partial<Load> = {}): Load => ({
	cpu,
	cores: 8,
	memory: {used: 4 * gigabyte, total: 16 * gigabyte},
	disk: {used: 40 * gigabyte, total: 100 * gigabyte},
	gpus: [],
	...changes,
});

const many = (count: number) =>
	Array.from({length: count}, (_, index) =>
		port({
			local: 8000 + index,
			remote: 18_000 + index,
			added: index > 1,
			open: index % 4,
			rate: index * 1_234_567,
			total: index * 999_999_999,
			...(index === 1 ? {wanted: 8006} : {}),
			...(index === 2 ? {problem: 'the address is in use by node (4711), and it holds it for as long as it lives'} : {}),
		}),
	);

const fails: LinkHealth['access'] = {
	status: 'fails',
	at: now,
	why: '~/.ssh/config cannot be read: permission denied',
	next: 'Allow it with chmod 600 ~/.ssh/config',
};

const gone = 'the host key changed: what answers at 203.0.113.7 is not what was provisioned';

const healths: Readonly<Record<string, LinkHealth>> = {
	'no port': health(),
	'three ports': health({
		ports: many(3),
		offered: [{port: 5173, process: 'vite'}],
		reverse: [{remote: 3000, local: 3001, bound: true, open: 1, received: 1, sent: 2, rate: 3, problem: undefined}],
	}),
	'twenty ports': health({
		ports: many(20),
		offered: [{port: 5173, process: '日本語のとても長い名前のプログラム'}],
		access: fails,
	}),
	'a lost link': health({status: 'waiting', attempt: 3, nextTry: now + 4000, silentSince: now - 12_000, ports: many(3)}),
	'a link that is given up': health({status: 'down', reason: gone, ports: many(20), access: fails}),
};

describe.each([
	[60, 15],
	[80, 24],
	[120, 40],
	[200, 50],
])('the connected screen at %i×%i', (columns, rows) => {
	test.each(Object.entries(healths))('%s: nothing overlaps, and what matters is there', async (name, state) => {
		const handle = new TestHandle(runState({sharesNetwork: false, deadline: now + 120 * minute}));
		handle.health_ = {...state, latencies: Array.from({length: 60}, (_, index) => 10 + (index % 9))};
		handle.lines = [{at: now, pane: 'events', text: `${'日本 '.repeat(40)}end`}];
		const {frame, shows, press, app} = withRun(handle, {}, {size: {columns, rows}});
		showRun(app, new TestHandle(runState({name: '日本-other-environment-2'})));
		await press('[');
		for (const listener of handle.loadListeners) {
			const gpus = [{name: 'L40S', share: 0.92, memory: {used: 40 * gigabyte, total: 48 * gigabyte}}];
			listener(sampled(0.5, {gpus: [...gpus, ...gpus]}));
		}

		app.draw();
		await shows('(2h left)');
		const lines = frame().split('\n');
		expect(lines).toHaveLength(rows);
		for (const line of lines) {
			expect(stringWidth(line)).toBeLessThanOrEqual(columns);
		}

		expect(frame()).toContain('vscode://');
		expect(frame()).toMatch(/Shell\s+ssh fast-moth-1/);
		expect(frame()).toContain('PORTS');
		expect(frame().includes('cpu')).toBe(state.status === 'up');
		expect(frame()).toMatch(/\$0 so far/);
		if (name === 'a link that is given up') {
			expect(frame().replaceAll(/\s+/g, ' ')).toContain(gone);
		}

		const count = state.ports.length + state.reverse.length + state.offered.length;
		for (let step = 0; step < count; step++) {
			await press('p');
		}

		if (count > 0) {
			// The last one is an offered one where there is one, and is on the screen whatever the height.
			await shows(state.offered.length > 0 ? '▶ 5173' : `▶ ${8000 + state.ports.length - 1}`);
			expect(frame().split('\n')).toHaveLength(rows);
		}
	});
});

describe('the link in one line', () => {
	test('what is waited for, and its countdown', async () => {
		const clock = new TestClock();
		const handle = new TestHandle(runState());
		handle.health_ = health({status: 'waiting', attempt: 3, nextTry: now + 9000, silentSince: now - 12_000});
		const {shows, frame} = withRun(handle, {}, {...narrow, clock});
		await shows('◌ next try in 9 s (3rd) · no answer for 12s');
		clock.pass(5000);
		await shows('◌ next try in 4 s (3rd) · no answer for 17s');
		expect(frame().match(/next try/g)).toHaveLength(1);
		handle.health_ = health({status: 'connecting', upSince: undefined, latencies: []});
		handle.tell();
		await shows('› connecting');
		await shows('◌ trying (1st)');
	});

	test('what does not fit beside the title stands whole below it', async () => {
		const handle = new TestHandle(runState());
		handle.health_ = health({status: 'down', reason: gone});
		const {shows, frame, press} = withRun(handle, {}, narrow);
		await shows('› li');
		expect(frame().split('\n')[0]).toMatch(/✗ the host key changed.*…$/);
		expect(frame().replaceAll(/\s+/g, ' ')).toContain(`✗ ${gone}`);
		await shows('t try again');
		await press('t');
		expect(handle.done).toEqual(['retry']);
	});
});

describe('the ways in', () => {
	test('whether ssh works is a mark, is being checked, or is told with what to do; c checks again', async () => {
		const handle = new TestHandle(runState());
		const {shows, press} = withRun(handle, {}, narrow);
		await shows(/ssh fast-moth-1 {2}✓/);
		handle.health_ = health({access: {status: 'checking', at: undefined, why: undefined, next: undefined}});
		handle.tell();
		await shows(/ssh fast-moth-1 {2}checking…/);
		handle.health_ = health({access: fails});
		handle.tell();
		await shows(/ssh fast-moth-1 {2}✗/);
		await shows('~/.ssh/config cannot be read: permission denied');
		await shows('Allow it with chmod 600 ~/.ssh/config · c checks again');
		await press('c');
		expect(handle.done).toEqual(['check access']);
	});

	test('a long link is one line that opens the whole', async () => {
		const url = `vscode://vscode-remote/ssh-remote+fast-moth-1/${'folder/'.repeat(30)}`;
		const {shows, styled} = withRun(new TestHandle(runState()), {ideLink: () => ({ide: 'vscode', url})}, narrow);
		await shows(/Open in VS Code {4}vscode:\/\/.*….*folder\//);
		expect(styled()).toContain(`\u001B]8;;${url}\u0007`);
	});
});

describe('ports', () => {
	const opened = (changes: Partial<LinkHealth>, core: Parameters<typeof withRun>[1] = {}) => {
		const handle = new TestHandle(runState({sharesNetwork: false}));
		handle.health_ = health(changes);
		const urls: string[] = [];
		const copied: string[] = [];
		const options = {
			size: {columns: 120, rows: 40},
			open: async (url: string) => void urls.push(url),
			copy: (text: string) => copied.push(text),
		};
		return {handle, urls, copied, ...withRun(handle, core, options)};
	};

	const vite = {port: 5173, process: 'vite'};

	test('connections, rate, total; the one that was taken, a direct one, a reverse one and one with a problem', async () => {
		const {shows} = opened({
			ports: [
				port({local: 8888, remote: 8888, open: 3, rate: 1_258_291, total: 50 * 1024 * 1024}),
				port({local: 8007, remote: 8006, wanted: 8006}),
				port({local: 7000, remote: 7000, direct: true}),
				port({local: 9, remote: 9, problem: 'permission denied'}),
			],
			reverse: [{remote: 3000, local: 4000, bound: false, open: 0, received: 0, sent: 0, rate: 0, problem: undefined}],
		});
		await shows(/8888 › 8888 {2}3 open {2}1\.2MB\/s {2}50MB/);
		await shows(/8007 › 8006 {2}0 open {2}\(8006 was taken\)/);
		await shows(/7000 +on this machine itself/);
		await shows(/9 › 9 +! permission denied/);
		await shows(/4000 here ‹ 3000 there {2}0 open {2}not yet/);
	});

	test('who has the port that was wanted is said as far as there is room, of a direct one too, and whole under the cursor', async () => {
		const holder = 'python3 (pid 4711)';
		const {shows, press} = opened({
			ports: [
				port({local: 8001, remote: 8000, wanted: 8000, holder}),
				port({local: 7001, remote: 7001, wanted: 7000, holder, direct: true}),
				port({local: 9000, remote: 3001, moved: {from: 3000, holder: 'node (pid 7)'}}),
				port({local: 9002, remote: 3003, wanted: 9001, holder, moved: {from: 3002, holder: 'node (pid 7)'}}),
			],
		});
		await shows(/8001 › 8000 {2}0 open {2}\(8000 was taken by python3 \(pid 4711\)\)/);
		await shows(/7001 +on this machine itself \(7000 was taken\)/);
		await shows(/9000 › 3001 {2}0 open {2}\(3000 there was taken by node \(pid 7\)\)/);
		await shows(/9002 › 3003 {2}0 open {2}\(9001 was taken; 3002 there was taken\)/);
		await press('p', 'p');
		await shows(/ {5}on this machine itself \(7000 was taken by python3 \(pid/);
		await press('p', 'p');
		await shows('was taken by python3 (pid 4711); 3002 there');
	});

	test('one key forwards what is offered; its name stays with it', async () => {
		const {handle, shows, press} = opened({offered: [vite]});
		await shows('5173  vite  f forwards it');
		handle.tell();
		await press('f');
		await shows('http://localhost:5173 leads to port 5173 of fast-moth-1');
		expect(handle.done).toEqual(['forward 5173:5173']);
		handle.health_ = health({ports: [port({local: 5173, remote: 5173, added: true})]});
		handle.tell();
		await shows(/▶ 5173 › 5173 {2}vite {2}0 open/);
	});

	test('of several the one under the cursor; without one it asks', async () => {
		const {handle, shows, press} = opened({offered: [vite, {port: 6006, process: undefined}]});
		await shows('6006  f forwards it');
		await press('f');
		await shows('2 ports are offered: ↑↓ choose one, f forwards it');
		await press(keys.down, 'f');
		await vi.waitFor(() => expect(handle.done).toEqual(['forward 6006:6006']));
	});

	test('always: what is offered now is forwarded, and that is kept; the same key asks again', async () => {
		let policy: ReturnType<typeof preferences.forwardPorts> = 'ask';
		const {handle, shows, press} = opened(
			{offered: [vite, {port: 6006, process: undefined}]},
			{preferences: {...preferences, forwardPorts: () => policy, rememberForwardPorts: given => void (policy = given)}},
		);
		await press('F');
		await shows('Ports that start to listen are forwarded from now on');
		expect(policy).toBe('always');
		expect(handle.done).toEqual(['forward 5173:5173', 'forward 6006:6006']);
		await press('F');
		await shows('Ports that start to listen are offered');
		expect(policy).toBe('ask');
	});

	test('the port under the cursor opens in the browser, and its URL is copied; esc leaves it', async () => {
		const {urls, copied, shows, press, frame} = opened({ports: [port({local: 8007, remote: 8006}), port()]});
		await press('p');
		await shows('▶ 8007 › 8006');
		await shows(/enter open port · y copy URL .*esc leave port/);
		expect(frame().match(/enter open/g)).toHaveLength(1);
		await press(keys.enter, 'y');
		await vi.waitFor(() => expect(urls).toEqual(['http://localhost:8007']));
		expect(copied).toEqual(['http://localhost:8007']);
		await press(keys.esc);
		expect(frame()).not.toContain('▶');
		await press(keys.enter);
		await vi.waitFor(() => expect(urls.at(-1)).toMatch(/^vscode:/));
	});

	test('a port is added by typing, with another number here, and what is no port is refused', async () => {
		const {handle, shows, press} = opened({});
		await press('+', ...'8080', keys.enter);
		await vi.waitFor(() => expect(handle.done).toEqual(['forward 8080:8080']));
		await press('+', ...'9000:8080', keys.enter);
		await vi.waitFor(() => expect(handle.done.at(-1)).toBe('forward 9000:8080'));
		for (const wrong of ['0', '70000', '1:2:3', 'http']) {
			await press('+', ...wrong, keys.enter);
			await shows(`✗ '${wrong}' is no port`);
		}

		await press('R', ...'3000:4000', keys.enter);
		await shows('port 3000 of fast-moth-1 leads to 4000 here');
		await press('R', ...'3001', keys.enter);
		await vi.waitFor(() => expect(handle.done.slice(2)).toEqual(['reverse 3000:4000', 'reverse 3001:3001']));
	});

	test('a port that cannot be forwarded says why', async () => {
		const {handle, shows, press} = opened({offered: [vite]});
		handle.forward = async () => {
			throw new Error('another program looks after it');
		};
		await press('f');
		await shows('✗ another program looks after it');
	});

	test('what was added is taken away, with connections after a question; what is configured stays', async () => {
		const {handle, shows, press} = opened({
			ports: [port(), port({local: 9000, remote: 9000, added: true}), port({local: 9001, remote: 9001, added: true, open: 2})],
			reverse: [{remote: 3000, local: 4000, bound: true, open: 0, received: 0, sent: 0, rate: 0, problem: undefined}],
			offered: [vite],
		});
		await press('p', '-');
		expect(handle.done).toEqual([]);
		await press('p', '-');
		await vi.waitFor(() => expect(handle.done).toEqual(['unforward 9000']));
		handle.done.length = 0;
		await press('p', 'p', 'p', '-');
		await shows('Take 9001 away? 2 connections are open');
		await press(keys.enter);
		expect(handle.done).toEqual([]);
		await press('-');
		await shows('2 connections are open');
		await press(keys.down, keys.enter);
		await vi.waitFor(() => expect(handle.done).toEqual(['unforward 9001']));
		handle.done.length = 0;
		await press('p', 'p', 'p', 'p', '-');
		await vi.waitFor(() => expect(handle.done).toEqual(['unreverse 3000']));
		handle.done.length = 0;
		await press('P', '-');
		await shows('5173 is left alone until it starts to listen anew');
		expect(handle.done).toEqual(['dismiss 5173']);
	});

	test('the cursor stays with its port when others come and go', async () => {
		const {handle, shows, press} = opened({ports: [port({local: 8001}), port({local: 8002})]});
		await press('p', 'p');
		await shows('▶ 8002');
		handle.health_ = health({ports: [port({local: 7000}), port({local: 8001}), port({local: 8002})]});
		handle.tell();
		await shows(/ 7000 [^]*▶ 8002/);
	});
});

describe('load', () => {
	test('a graph each, without what the environment does not tell; the busiest of several GPUs', async () => {
		const handle = new TestHandle(runState());
		const clock = new TestClock();
		const {shows, frame} = withRun(handle, {}, {...narrow, clock});
		await vi.waitFor(() => expect(handle.loadListeners.size).toBe(1));
		const tell = (load: Load) => {
			for (const listener of handle.loadListeners) {
				listener(load);
			}

			clock.pass(1000);
		};

		tell(sampled(0, {cpu: undefined, disk: undefined}));
		await shows(/memory +▂ +4GB of 16GB/);
		expect(frame()).not.toMatch(/cpu|disk|gpu/);
		const memory = {used: 40 * gigabyte, total: 48 * gigabyte};
		const idle = {name: 'L40S', share: 0.1, memory: {used: 0, total: 48 * gigabyte}};
		tell(sampled(0, {gpus: [idle, {name: 'L40S', share: 0.92, memory}, idle]}));
		tell(sampled(1, {gpus: [idle, {name: 'L40S', share: 0.92, memory}, idle]}));
		await shows(/cpu +▁█ +100 % of 8/);
		await shows(/disk .*40GB of 100GB/);
		await shows(/gpu .*92 % ×3/);
		await shows(/gpu mem .*40GB of 48GB/);
	});

	test('is asked for only while it is on the screen and somebody looks; sixty samples are kept', async () => {
		const handle = new TestHandle(runState());
		const {app, press} = withRun(handle, {runs: async () => [runState()]}, narrow);
		const watched = async (count: number) => vi.waitFor(() => expect(handle.loadListeners.size).toBe(count));
		await watched(1);
		for (let index = 0; index < 100; index++) {
			for (const listener of handle.loadListeners) {
				listener(sampled(index / 100));
			}
		}

		expect(app.state().run?.loads).toHaveLength(60);
		await press('l');
		await watched(0);
		await press('l');
		await watched(1);
		setFocus(app, false);
		await watched(0);
		setFocus(app, true);
		await watched(1);
		await press('E');
		await watched(0);
		await press(']');
		await watched(1);
		showRun(app, new TestHandle(runState({name: 'other-2'})));
		await watched(0);
		await press('[');
		await watched(1);
		expect(app.state().run?.loads).toHaveLength(60);
		handle.change({phase: 'failed'});
		await watched(0);
		handle.change({phase: 'ready'});
		await watched(1);
		await press('d');
		await watched(0);
		app.end({kind: 'quit'});
	});
});

describe('an end that is near', () => {
	test('is a warning that says how it is moved; far away it is neither', async () => {
		const clock = new TestClock();
		const handle = new TestHandle(runState({deadline: now + 16 * minute}));
		const {shows, styled, frame} = withRun(handle, {}, {...narrow, clock});
		await shows('(16m left)');
		expect(frame()).not.toContain('e extends it');
		expect(styled()).not.toContain('\u001B[33m\u001B[1m ends itself');
		clock.pass(2 * minute);
		await shows(/\(14m left\) · e extends it/);
		expect(styled()).toContain('\u001B[33m\u001B[1m ends itself');
	});

	test('inactivity too', async () => {
		const handle = new TestHandle(runState({specification: {...runState().specification, inactivity: 1800}}));
		handle.guest_ = {connections: [], idleSince: now - 20 * minute, ends: {at: now + 10 * minute, why: 'inactivity'}};
		const {shows, styled} = withRun(handle, {}, narrow);
		await shows('ends in 10m (inactivity)');
		expect(styled()).toContain('\u001B[33m\u001B[1m idle since');
	});
});

describe('without the focus', () => {
	const away = (
		state: Parameters<typeof runState>[0] = {},
		options: {readonly columns: number; readonly rows: number} = narrow.size,
	) => {
		const clock = new TestClock();
		const handle = new TestHandle(runState({sharesNetwork: false, ...state}));
		const shown = withRun(handle, {}, {size: options, clock});
		return {clock, handle, leave: () => setFocus(shown.app, false), come: () => setFocus(shown.app, true), ...shown};
	};

	const local = (at: number): string => {
		const date = new Date(at);
		return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
	};

	test('what stands there are moments, and nothing that was measured; with it back everything counts at once', async () => {
		const {clock, handle, leave, come, shows, frame} = away({deadline: now + 120 * minute}, {columns: 120, rows: 40});
		handle.health_ = health({
			ports: [port({open: 3, rate: 1_258_291, total: 50 * 1024 * 1024})],
			upSince: now - 185_000,
			reconnects: 2,
		});
		handle.guest_ = {connections: [], idleSince: now - 20 * minute, ends: {at: now + 10 * minute, why: 'inactivity'}};
		clock.pass(1000);
		for (const listener of handle.loadListeners) {
			listener(sampled(0.5));
		}

		clock.pass(1000);
		await shows('12 ms · up 3m07 · 2 reconnects');
		await shows(/3 open {2}1\.2MB\/s {2}50MB/);
		await shows('cpu');
		leave();
		await shows(`● up since ${local(now - 185_000)} · 2 reconnects`);
		expect(frame()).not.toMatch(/12 ms|latency|cpu|open {2}|MB|left\)/);
		expect(frame()).toContain('8000 › 8000');
		expect(frame()).toContain(
			`idle since ${local(now - 20 * minute)}, ends at ${local(now + 10 * minute).slice(0, 5)} (inactivity) · before its deadline at ${local(now + 120 * minute).slice(0, 5)}`,
		);
		clock.pass(40_000);
		come();
		await shows('up 3m47');
		await shows(/3 open {2}1\.2MB\/s/);
	});

	test('a link that is lost is said with the moment, and how often it was tried in coarse steps', async () => {
		const {clock, handle, leave, shows, frame} = away();
		leave();
		await shows('up since');
		const lost = (attempt: number, nextTry?: number) => {
			handle.health_ = health({status: 'waiting', silentSince: now, attempt, nextTry, reason: 'no answer'});
			handle.tell();
			clock.pass(20_000);
		};

		lost(1);
		await shows(`◌ trying · no answer since ${local(now)}`);
		for (const attempt of [2, 3, 4, 5, 6]) {
			lost(attempt, clock.now() + 9000);
		}

		await shows(`◌ trying, more than 5 times · no answer since ${local(now)}`);
		expect(frame()).not.toMatch(/next try|\(\d+(?:st|nd|rd|th)\)/);
	});

	test('the outcome of a check, a port, a deadline and a notice are shown as they come, at most a frame a second', async () => {
		const {clock, handle, leave, shows, frame} = away({deadline: now + 120 * minute});
		handle.health_ = health({access: {status: 'checking', at: undefined, why: undefined, next: undefined}});
		handle.tell();
		await shows('checking…');
		leave();
		handle.health_ = health({access: fails});
		handle.tell();
		await shows('~/.ssh/config cannot be read: permission denied');
		handle.health_ = health({access: fails, offered: [{port: 5173, process: 'vite'}], ports: [port({problem: 'in use'})]});
		handle.tell();
		handle.change({deadline: now + 240 * minute});
		await new Promise(resolve => setTimeout(resolve, 20));
		expect(frame()).not.toContain('5173');
		clock.pass(1000);
		await shows('f forwards it');
		await shows('! in use');
		await shows(`ends itself at ${local(now + 240 * minute).slice(0, 5)}`);
		clock.pass(1000);
		handle.change({notice: {action: 'terminate', time: now + 110_000}});
		await shows(new RegExp(`at\\s+${local(now + 110_000)}:\\s+save`));
	});

	test('a step that runs and the time in all are told as moments, and its progress as it comes', async () => {
		const {clock, handle, leave, shows, frame} = away({
			phase: 'starting',
			intendedAt: now - 60_000,
			steps: [{id: 'setup', title: 'Setting up', status: 'running', startedAt: now - 30_000, endedAt: undefined, text: '1 of 3'}],
		});
		clock.pass(1000);
		await shows('31s');
		leave();
		await shows(`since ${local(now - 30_000)}`);
		await shows(` since ${local(now - 60_000)} ·`);
		expect(frame()).not.toMatch(/\b31s|1m01/);
		handle.change({steps: handle.state().steps.map(step => ({...step, text: '2 of 3'}))});
		await shows('2 of 3');
	});
});

describe('what went wrong', () => {
	const next = 'Wait a little, and try it again.';

	test.each([
		[60, 15],
		[80, 24],
		[120, 40],
	])('leaves the deadline, the cost and the newest lines of a log where they are seen at %i×%i', async (columns, rows) => {
		const handle = new TestHandle(runState({deadline: now + 120 * minute}));
		handle.health_ = health({ports: many(3)});
		handle.lines = Array.from({length: 100}, (_, index) => ({at: now, pane: 'setup' as const, text: `line ${index}`}));
		const {app, shows, press, frame} = withRun(handle, {}, {size: {columns, rows}});
		const details = Array.from({length: 30}, (_, index) => `detail ${index}`);
		app.set({trouble: {message: 'the deadline could not be moved', details, next}});
		await shows('✗ the deadline could not be moved');
		await shows(next);
		await shows('(2h left)');
		await shows('$0 so far');
		await shows('PORTS');
		expect(frame().split('\n')).toHaveLength(rows);
		await press('l');
		await shows('line 99');
		await shows(next);
		expect(frame().split('\n')).toHaveLength(rows);
		await press('l');
		app.set({trouble: undefined, message: {text: 'much was said '.repeat(20), tone: 'info'}});
		await shows('much was said');
		await shows('$0 so far');
	});
});
