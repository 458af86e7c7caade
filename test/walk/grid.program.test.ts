import {readFileSync, writeFileSync, mkdirSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {expect, onTestFinished, test} from 'vitest';
import {writeRefreshed} from '../../source/offers/catalogue/refresh.js';
import type {OfferFacts} from '../../source/offers/facts.js';
import {cliFile, eventually, makeWorld, type World} from '../support/program.js';
import {Terminal} from '../support/terminal.js';
import {json, web} from '../support/web.js';

const everything = 'type: dev-environment\nide: vscode\nresources: {cpu: 0.., memory: 1MB..}\nspot_policy: auto\n';
const frugal = '--max-semi-space-size=4';

const project = async (): Promise<World> => {
	const world = await makeWorld();
	await world.write({'.dstack.yml': everything});
	return world;
};

async function openGrid(world: World, {columns = 120, rows = 40, least = 41_000} = {}): Promise<Terminal> {
	const terminal = new Terminal(process.execPath, [frugal, cliFile], {columns, rows, cwd: world.project, env: world.env});
	onTestFinished(async () => {
		terminal.kill('SIGKILL');
		await terminal.ended;
	});
	await terminal.until('1 configuration below');
	terminal.press('enter');
	await terminal.until(text => shown(text) >= least);
	return terminal;
}

/** Offers that the grid says it shows. */
const shown = (text: string): number => Number(/([\d,]+)(?: of [\d,]+)* offers/.exec(text)?.[1]?.replaceAll(',', '') ?? 0);

const header = (terminal: Terminal): string => terminal.lines().find(line => line.includes('BACKEND')) ?? '';
const chosen = (terminal: Terminal): string => terminal.lines().find(line => line.startsWith('▶')) ?? '';
const quit = async (terminal: Terminal): Promise<void> => {
	terminal.press('q');
	await terminal.ended;
};

/** Presses a key, and waits for what it draws. */
async function pressAndSee(terminal: Terminal, key: string): Promise<void> {
	const before = terminal.text();
	terminal.press(key);
	await terminal.until(text => text !== before);
}

test('over the whole catalogue no key is lost: a filter that comes in one piece, and moves in the same breath', async () => {
	const terminal = await openGrid(await project());
	for (const text of ['gpu:h100 price<40 spot', 'standard mem>=64 -backend:azure us']) {
		terminal.press(`/${text}`);
		await terminal.until(` / ${text}`);
		const filtered = shown(terminal.text());
		expect(filtered).toBeGreaterThan(0);
		expect(filtered).toBeLessThan(20_000);
		terminal.press('enter');
		await terminal.until(`filter: ${text}`);
		terminal.press('/');
		await terminal.until(` / ${text}`);
		// Ctrl-u, then as many letters as keys can be.
		terminal.press('\u0015', 'enter');
		await terminal.until(frame => shown(frame) > 41_000 && !frame.includes('filter: '));
	}

	terminal.press('j'.repeat(500), 'k'.repeat(100));
	terminal.press('i');
	const expected = await eventually(
		() => terminal.text(),
		text => /hardware/.test(text),
	);
	expect(expected).toMatch(/ {2}where/);
	// The same row as is come to with one key after the other.
	const burst = chosen(terminal);
	terminal.press('g');
	await terminal.until(/▶ {2}local/);
	for (let step = 0; step < 400; step += 40) {
		terminal.press('j'.repeat(40));
	}

	await terminal.until(() => chosen(terminal) === burst);
	await quit(terminal);
});

test('no key is lost while offers stream in', async () => {
	const world = await project();
	const card = {id: 'Card', displayName: 'RTX 1000', manufacturer: 'Nvidia', memoryInGb: 8, maxGpuCount: 8, securePrice: 0.2};
	const stock = {stockStatus: 'High', minVcpu: 8, minMemory: 48, minimumBidPrice: 0.1, uninterruptablePrice: 0.2};
	const cloud = await web(({body}, response) => {
		const {query} = JSON.parse(body) as {query: string};
		const data = query.includes('myself')
			? {myself: {id: 'someone'}}
			: query.includes('dataCenters')
				? {dataCenters: Array.from({length: 80}, (_, index) => ({id: `XX-${index}`, listed: true})), gpuTypes: [card]}
				: {gpuTypes: [{id: 'Card', c1: stock, c2: stock, c4: stock, c8: stock}]};
		setTimeout(() => json(response, {data}), 100);
	});
	mkdirSync(path.join(world.home, 'dt'), {recursive: true});
	writeFileSync(
		path.join(world.home, 'dt/backends.yml'),
		`backends:\n  - type: runpod\n    creds: {type: api_key, api_key: nobody}\n    endpoint: ${cloud.url}/graphql\n`,
		{mode: 0o600},
	);
	const terminal = await openGrid(world);
	await terminal.until(/runpod \S [\d,]+…/);
	const text = 'gpu:rtx1000 price<4 xx-1';
	terminal.press('/');
	for (const letter of text) {
		terminal.press(letter);
		await new Promise(resolve => setTimeout(resolve, 15));
	}

	await terminal.until(` / ${text}`);
	expect(terminal.text()).toMatch(/runpod \S [\d,]+…/);
	terminal.press('enter');
	// XX-1 and XX-10 to XX-19, four numbers of cards each.
	await terminal.until(frame => /runpod ✓/.test(frame) && shown(frame) === 44);
	await quit(terminal);
});

test('sort, group, pin, compare, leave out, details and sizes, with keys; what was chosen is there again', async () => {
	const world = await project();
	const terminal = await openGrid(world);
	for (const title of ['BACKEND ▲', 'REGION ▲', 'INSTANCE ▲']) {
		terminal.press('s');
		await terminal.until(title);
	}

	expect(header(terminal)).toContain('REGION ▲2');
	terminal.press('S');
	await terminal.until('INSTANCE ▼');

	// Two are pinned and compared; what differs is marked.
	terminal.press(' ', 'j', 'j', ' ');
	await terminal.until('2 pinned');
	terminal.press('c');
	await terminal.until('marks what is not the same');
	const [rows] = [terminal.lines()];
	expect(rows.find(line => line.includes('market'))).toMatch(/^ [ *]/);
	expect(rows.filter(line => line.startsWith(' * ')).length).toBeGreaterThan(0);
	terminal.press('esc');
	await terminal.until('2 pinned');
	await pressAndSee(terminal, 'j');
	const gone = chosen(terminal);
	terminal.press('x');
	await terminal.until(frame => frame.includes('is left out') && !frame.includes(gone.slice(3).trim()));

	terminal.press('b');
	await terminal.until(/GROUP .*CHEAPEST/);
	terminal.press('b', 'b', 'b');
	await terminal.until('Not grouped');
	terminal.press('i');
	await terminal.until(/ {2}hardware .*cores/);
	terminal.press('C');
	await terminal.until('Which columns?');
	terminal.press('j'.repeat(3), 'enter');
	await terminal.until('[x] ZONE');
	terminal.press('esc');
	await terminal.until(() => header(terminal).includes('ZONE'));

	for (const [columns, lines] of [
		[60, 15],
		[200, 50],
		[80, 24],
		[120, 40],
	] as const) {
		terminal.resize(columns, lines);
		// Of the frame that was waited for: the next one may just be on its way.
		let drawn = '';
		await terminal.until(() => {
			drawn = header(terminal);
			return drawn !== '' && (terminal.lines()[lines - 1] ?? '').includes('? keys');
		});
		expect(drawn).toContain('REGION');
		expect(drawn.indexOf('BACKEND')).toBe(3);
	}

	await quit(terminal);
	const kept = JSON.parse(await readFile(path.join(world.home, 'dt/config.json'), 'utf8')) as {grid: {sort: unknown[]}};
	expect(kept.grid.sort).toEqual([
		{column: 'instance', descending: true},
		{column: 'region', descending: false},
	]);
	const again = await openGrid(world);
	await again.until(/REGION ▲2 .*ZONE .*INSTANCE ▼/);
	await quit(again);
});

/** The cell at which a text begins on a line of the screen; wide characters take two. */
function cellOf(terminal: Terminal, row: number, text: string): number {
	const line = terminal.emulator.buffer.active.getLine(row);
	const cells = Array.from({length: terminal.emulator.cols}, (_, x) => line?.getCell(x)?.getChars() ?? '');
	return cells.findIndex((_, x) => {
		const rest = cells.slice(x, x + text.length);
		return rest.join('') === text;
	});
}

test('columns stand under each other whatever the names of places are made of', async () => {
	const world = await makeWorld();
	await world.write({'.dstack.yml': `${everything}backends: [vastai]\n`});
	const regions = [
		'Hafnarfjarðarkaupstaður, IS',
		'東京都千代田区霞が関, JP',
		'서울특별시, KR',
		'Zu\u0308rich, CH',
		'São Paulo, BR',
		'Île-de-France',
		'👩‍💻 town',
		'🇮🇸 island',
		'\u001B[31mred\u001B[0m\u0007',
		'tab\there',
		'กรุงเทพมหานคร, TH',
		'القاهرة, EG',
	];
	const facts = regions.map((region, index): OfferFacts => ({
		backend: 'vastai',
		region,
		instanceType: `machine-${String(index).padStart(2, '0')}`,
		architecture: 'x86_64',
		cpu: 8,
		memory: 32_768,
		gpu: {vendor: 'nvidia', name: 'RTX4090', count: 1, memory: 24_576},
		spot: false,
		price: (30 + index) / 100,
		estimated: false,
		source: 'test',
		date: Date.parse('2026-11-20T00:00:00Z'),
		availability: 'unknown',
	}));
	await writeRefreshed(path.join(world.home, 'dt/catalog'), 'vastai', facts);
	for (const columns of [80, 120, 200]) {
		const terminal = await openGrid(world, {columns, rows: 30, least: regions.length});
		const rows = terminal.lines().flatMap((line, row) => (/^[▶ ]✗ vastai/.test(line) ? [row] : []));
		expect(rows).toHaveLength(regions.length);
		const places = rows.map(row => [cellOf(terminal, row, 'machin'), cellOf(terminal, row, '0.')]);
		// The price, right-aligned, begins where the others do.
		expect(new Set(places.map(String))).toEqual(new Set([String(places[0])]));
		expect(places[0]).not.toContain(-1);
		expect(cellOf(terminal, rows[0]! - 1, 'INSTANCE')).toBe(places[0]?.[0]);
		// What a name could have drawn is not drawn.
		expect(terminal.raw).not.toContain('\u001B[31mred');
		expect(terminal.text()).toContain('red');
		await quit(terminal);
	}
});

test('a move of the cursor takes few bytes, and no memory', async () => {
	const terminal = await openGrid(await project());
	for (let step = 0; step < 5; step++) {
		await pressAndSee(terminal, 'j');
	}

	const from = terminal.bytes;
	for (let step = 0; step < 20; step++) {
		await pressAndSee(terminal, 'j');
	}

	// DESIGN allows 700.
	expect((terminal.bytes - from) / 20).toBeLessThan(500);
	const pages = async (count: number) => {
		for (let page = 0; page < count; page++) {
			await pressAndSee(terminal, page % 20 < 10 ? 'pagedown' : '\u001B[5~');
		}
	};

	await pages(200);
	if (process.platform === 'linux') {
		const status = readFileSync(`/proc/${terminal.process.pid}/status`, 'utf8');
		expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024).toBeLessThan(180);
	}

	await quit(terminal);
});
