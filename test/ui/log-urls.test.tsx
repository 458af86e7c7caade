import fc from 'fast-check';
import stringWidth from 'string-width';
import {describe, expect, test, vi} from 'vitest';
import type {LogLine} from '../../source/runs/model/log-snapshot.js';
import {neutraliseLine} from '../../source/system/terminal-text.js';
import {findUrls, portMapOf} from '../../source/ui/logs/log-urls.js';
import {cut, fit, insert, pad, width} from '../../source/ui/drawing/cells.js';
import {health, port, runState, TestHandle} from '../support/ui.js';
import {keys, withRun} from '../support/view.js';

const map = portMapOf(
	{ports: [port({local: 9000, remote: 8888}), port({local: 6006, remote: 6006}), port({local: 8080, remote: 80})]},
	false,
);
const targets = (text: string, ports = map) => findUrls(text, ports).map(({target}) => target);
const link = /\u001B\]8;id=\w+;([^\u0007]*)\u0007((?:(?!\u001B\]8).)*)\u001B\]8;;\u0007/g;
const linksOf = (styled: string) =>
	[...styled.matchAll(link)].map(([, target, text]) => ({target, text: text?.replaceAll(/\u001B\[[\d;]*m/g, '')}));

describe('URLs of a log', () => {
	test.each([
		['http://localhost:8888/lab?token=abc', 'http://localhost:9000/lab?token=abc'],
		['or http://127.0.0.1:8888/lab', 'http://localhost:9000/lab'],
		['http://0.0.0.0:8888', 'http://localhost:9000/'],
		['http://[::1]:8888/a', 'http://localhost:9000/a'],
		['Serving on http://[::]:6006.', 'http://localhost:6006/'],
		['http://4f0e2b1c9d77:8888/tree', 'http://localhost:9000/tree'],
		['http://localhost/x', 'http://localhost:8080/x'],
		['https://localhost:8888/', 'https://localhost:9000/'],
		['see https://example.com/a_(b)/c).', 'https://example.com/a_(b)/c'],
		['http://example.com:8888/', 'http://example.com:8888/'],
		['http://registry:5000/v2', 'http://registry:5000/v2'],
		['"https://example.com/ä"', 'https://example.com/%C3%A4'],
	])('%s', (text, target) => {
		expect(targets(text)).toEqual([target]);
	});

	test('a port that leads nowhere is told as such; on this machine’s own network it is itself', () => {
		expect(findUrls('http://localhost:5173/', map)).toMatchObject([{remote: 5173, local: undefined}]);
		expect(findUrls('http://localhost:5173/', portMapOf({ports: []}, true))).toMatchObject([{remote: 5173, local: 5173}]);
	});

	test('no other scheme, nothing that does not read, and nothing too long is a link', () => {
		expect(
			targets(`file:///etc/passwd javascript:alert(1) http:// http://[ http://a:99999/ http://a/${'x'.repeat(3000)}`),
		).toEqual([]);
	});

	test('whatever a log says, a target is visible ASCII and lies where it was found', () => {
		const piece = fc.oneof(
			fc.constantFrom(
				'http://',
				'https://localhost:8888',
				'\u001B]8;;http://evil\u0007',
				'\u0007',
				'\u009C',
				'日本',
				'%',
				';',
				'/',
				' ',
			),
			fc.string(),
		);
		fc.assert(
			fc.property(fc.array(piece), pieces => {
				const text = neutraliseLine(pieces.join(''));
				for (const {start, end, target} of findUrls(text, map)) {
					expect(target).toMatch(/^https?:\/\/[\u0021-\u007E]*$/);
					expect(text.slice(start, end)).toMatch(/^https?:\/\/\S+$/i);
				}
			}),
		);
	});
});

describe('hyperlinks take no cells', () => {
	const linked = (text: string) => `\u001B]8;id=a;http://x/y\u0007${text}\u001B]8;;\u0007`;

	test.each(['plain', 'wide 日本語', 'e\u0301'])('%s', text => {
		expect(width(linked(text))).toBe(stringWidth(text));
		expect(width(pad(linked(text), 30))).toBe(30);
		expect(cut(linked(text), 30)).toBe(linked(text));
		expect(width(fit(linked(text), 30))).toBe(30);
	});

	test('codes are put before the character that they belong to, over styles', () => {
		const styled = 'a\u001B[7mbc\u001B[27md';
		expect(
			insert(styled, [
				{at: 1, code: '<'},
				{at: 3, code: '>'},
			]),
		).toBe('a<\u001B[7mbc>\u001B[27md');
		expect(
			insert(styled, [
				{at: 0, code: '<'},
				{at: 4, code: '>'},
			]),
		).toBe('<a\u001B[7mbc\u001B[27md>');
	});
});

describe('links on the screen', () => {
	const lines = (...texts: string[]): LogLine[] => texts.map((text, index) => ({at: index, pane: 'setup', text}));
	const opened = async (texts: string[], ports = [port({local: 9000, remote: 8888})], columns = 80) => {
		const handle = new TestHandle(runState({sharesNetwork: false}));
		handle.lines = lines(...texts);
		handle.health_ = health({ports, offered: [{port: 5173, process: 'vite'}]});
		const urls: string[] = [];
		const shown = withRun(handle, {}, {size: {columns, rows: 24}, open: async url => void urls.push(url)});
		await shown.press('l');
		await shown.shows('[4 all]');
		return {handle, urls, ...shown};
	};

	test('the shown text is what the log says, the target has the local port, and that is said where there is room', async () => {
		const {shows, styled} = await opened(['open http://localhost:8888/lab?token=abc now']);
		await shows('open http://localhost:8888/lab?token=abc now (→ localhost:9000)');
		expect(linksOf(styled())).toEqual([
			{target: 'http://localhost:9000/lab?token=abc', text: 'http://localhost:8888/lab?token=abc'},
		]);
	});

	test('a URL that is cut, wrapped, or marked by a search links whole', async () => {
		const url = `http://localhost:8888/lab?token=${'0123456789'.repeat(12)}`;
		const {press, shows, styled, frame} = await opened([`see ${url} for it`]);
		const target = url.replace('8888', '9000');
		const [cutLink] = linksOf(styled());
		expect(cutLink?.target).toBe(target);
		expect(url.startsWith(cutLink?.text ?? '?')).toBe(true);
		expect(frame()).not.toContain('→ localhost');
		await press('w');
		await shows('for it');
		const pieces = linksOf(styled());
		expect(pieces.length).toBeGreaterThan(1);
		expect(new Set(pieces.map(piece => piece.target))).toEqual(new Set([target]));
		expect(pieces.map(piece => piece.text).join('')).toBe(url);
		await press('/', ...'token', keys.enter);
		await shows('line 1 of 1');
		expect(
			linksOf(styled())
				.map(piece => piece.text)
				.join(''),
		).toBe(url);
		expect(styled()).toContain('\u001B[7mtoken\u001B[27m');
	});

	test('a port that leads nowhere is no link; + offers to forward it', async () => {
		const {press, shows, styled, handle} = await opened(['http://localhost:5173/']);
		expect(linksOf(styled())).toEqual([]);
		await press('+');
		await shows('port there, or HERE:THERE: 5173');
		await press(keys.enter);
		await vi.waitFor(() => expect(handle.done).toEqual(['forward 5173:5173']));
	});

	test('u opens the last one that points inside, at its local port', async () => {
		const {press, shows, urls} = await opened([
			'http://127.0.0.1:8888/lab?token=old',
			'http://127.0.0.1:8888/lab?token=new',
			'docs: https://example.com/',
		]);
		await press('u');
		await shows('Opening http://localhost:9000/lab?token=new');
		expect(urls).toEqual(['http://localhost:9000/lab?token=new']);
	});

	test('u forwards what leads nowhere yet, after a question, and opens it', async () => {
		const {press, shows, urls, handle} = await opened(['http://localhost:5173/app']);
		handle.forward = async (remote, local) => {
			handle.done.push(`forward ${remote} ${local}`);
			handle.health_ = health({ports: [port({local: 5174, remote: 5173})]});
			return 5174;
		};
		await press('u');
		await shows('port there, or HERE:THERE: 5173');
		await press(keys.esc);
		expect(urls).toEqual([]);
		await press('u', keys.enter);
		await vi.waitFor(() => expect(urls).toEqual(['http://localhost:5174/app']));
		expect(handle.done).toEqual(['forward 5173 undefined']);
	});

	test('without a URL it says so', async () => {
		const {press, shows} = await opened(['nothing here']);
		await press('u');
		await shows('There is no URL in the logs');
	});
});
