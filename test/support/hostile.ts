import {expect} from 'vitest';
import type {Instance} from '../../source/backends/backend.js';
import type {Offer} from '../../source/offers/offer.js';
import {hostAddress, loginName, oneLine, plainLine, runName} from '../../source/system/values.js';
import {aliasText} from '../../source/tunnel/ssh-config/alias-file.js';

/*
What somebody may say who means harm: a cloud, an engine, an instance, a price list, a file. One list for all tests: whoever adds a trick here
has it tried everywhere.
*/

/** A word that no program says of its own: where it is found as a command or a setting, something hostile came through. */
export const mark = 'hostile-mark';

/** Texts that are more than text to a shell, ssh, a terminal, a path or a person's eye. */
export const hostileTexts: readonly string[] = [
	// Another line of a config, of a unit, of known_hosts.
	`203.0.113.9\n\tProxyCommand touch ${mark}`,
	`203.0.113.9\r\nLocalCommand touch ${mark}`,
	`i-0123456789abcdef0\nHost *\n\tProxyCommand touch ${mark}`,
	`\n\n[Service]\nExecStart=/usr/bin/touch ${mark}\n`,
	`fast-moth-1 ssh-ed25519 AAAA\n* ssh-ed25519 AAAA${mark}`,
	`DSTACK_TUI_END\ntouch ${mark}\n`,
	// To a shell.
	`$(touch ${mark})`,
	`\`touch ${mark}\``,
	`'; touch ${mark}; '`,
	`" && touch ${mark} && "`,
	`a | touch ${mark} #`,
	'${HOME}',
	'%h%p%r',
	// As an option, or as a path.
	`-oProxyCommand=touch ${mark}`,
	`--help`,
	`../../../../tmp/${mark}`,
	`/etc/passwd`,
	`.`,
	// Into an address.
	`us-east-1.evil.example/#`,
	`evil.example/?a=`,
	`user@evil.example`,
	`127.0.0.1:22`,
	`fe80::1%eth0;touch ${mark}`,
	`javascript:alert(1)`,
	// To a terminal, and to eyes.
	`\u001B]0;${mark}\u0007\u001B[2J`,
	`\u009B31m${mark}`,
	`a\u0000b`,
	`\u202Egnp.exe`,
	`a\u2066b\u2069`,
	`one\u2028two\u2029three`,
	`zero\u200Bwidth\uFEFF`,
	`tag\u{E0041}\u{E0042}`,
	`\uD800half`,
	`\t`,
	'',
	' ',
	'x'.repeat(100_000),
	'é'.repeat(300),
];

/** What is of another type than it should be. */
export const hostileTypes: readonly unknown[] = [
	...[null, true, -1, 0, 1e308, Number.NaN, 65_536, 22.5],
	...[[], {}, ['$(touch x)'], {toString: 'x'}, {__proto__: null}],
];

export const hostileValues: readonly unknown[] = [...hostileTexts, ...hostileTypes];

export type Mutated<T> = {readonly path: string; readonly answer: T};

/** Where the leaves of an answer are: all that is neither a list nor an object, and empty ones of these. */
export function leavesOf(value: unknown, path: ReadonlyArray<string | number> = []): Array<ReadonlyArray<string | number>> {
	const inner = typeof value === 'object' && value !== null && !(value instanceof Date) ? Object.entries(value) : [];
	return inner.length === 0
		? [path]
		: inner.flatMap(([key, each]) => leavesOf(each, [...path, Array.isArray(value) ? Number(key) : key]));
}

/** The same answer with another value in one place. */
export function withLeaf<T>(answer: T, path: ReadonlyArray<string | number>, value: unknown): T {
	const [first, ...rest] = path;
	if (first === undefined) {
		return value as T;
	}

	const copy: unknown = Array.isArray(answer) ? [...(answer as unknown[])] : {...(answer as object)};
	const at = copy as Record<string | number, unknown>;
	at[first] = withLeaf(at[first], rest, value);
	return copy as T;
}

/** A good answer, each leaf of it in turn replaced by each hostile value. */
export function* hostileAnswers<T>(answer: T, values: readonly unknown[] = hostileValues): Generator<Mutated<T>> {
	for (const path of leavesOf(answer)) {
		for (const value of values) {
			yield {path: path.join('.'), answer: withLeaf(answer, path, value)};
		}
	}
}

/** Texts that may have several lines. */
const withLines = new Set(['next', 'log']);

/** Whatever it is made of, it can be drawn, written to a log and put into a line of JSON: no text of it is more than text. */
export function expectDrawable(value: unknown, where: string, key = ''): void {
	if (typeof value === 'string') {
		const lines = withLines.has(key) ? value.split('\n') : [value];
		for (const line of lines) {
			expect(plainLine.is(line) || line === '', `${where}: ${JSON.stringify(value.slice(0, 200))}`).toBe(true);
		}
	} else if (Array.isArray(value)) {
		for (const each of value) {
			expectDrawable(each, where, key);
		}
	} else if (typeof value === 'object' && value !== null) {
		for (const [name, each] of Object.entries(value)) {
			expectDrawable(name, where);
			expectDrawable(each, `${where}.${name}`, name);
		}
	}
}

const aliasLine =
	/^(?:# [a-z\d-]+: made by dstack-tui, removed when the environment ends|Host [a-z][a-z\d-]*(?: [a-z][a-z\d-]*)?|)$/;

/** What is made of an instance for other programs holds nothing that was not meant: the ssh config line by line. */
export function expectHarmless(instance: Instance, where: string): void {
	expectDrawable(instance, where);
	expect(instance.id, where).toMatch(/^[A-Za-z\d][A-Za-z\d._:/-]*$/);
	expect(runName.is(instance.run), `${where}: ${instance.run}`).toBe(true);
	expect(oneLine.is(instance.workspace) && instance.workspace.startsWith('/'), where).toBe(true);
	expect(Number.isFinite(instance.launchedAt), where).toBe(true);
	if (!instance.endpoint) {
		return;
	}

	const {host, port, user} = instance.endpoint;
	expect(hostAddress.is(host), `${where}: ${host}`).toBe(true);
	expect(loginName.is(user), `${where}: ${user}`).toBe(true);
	const text = aliasText({name: instance.run, folder: '/runs/it', host, port, user});
	const known = aliasText({name: 'fast-moth-1', folder: '/runs/it', host: '198.51.100.7', port: 22, user: 'root'});
	const words = new Set(known.split('\n').map(line => line.trim().split(' ')[0]));
	for (const line of text.split('\n')) {
		expect(line.startsWith('\t') ? words.has(line.trim().split(' ')[0]) : aliasLine.test(line), `${where}: ${line}`).toBe(true);
	}

	expect(text, where).not.toMatch(/ProxyCommand (?!none$)|^\s*LocalCommand|hostile-mark/m);
}

/** Offers, and lines that were told of them. */
export function expectHarmlessOffers(offers: readonly Offer[], notes: readonly string[], where: string): void {
	expectDrawable(notes, `${where}, notes`);
	for (const offer of offers) {
		expectDrawable(offer, `${where}, offer`);
		for (const number of [offer.price, offer.cpu, offer.memory, offer.disk ?? 0]) {
			expect(Number.isFinite(number) && number >= 0, `${where}: ${number}`).toBe(true);
		}
	}
}

/** A failure has words, whatever it was: no bare TypeError of a field that was another than it should be. */
export function expectSaid(error: unknown, where: string): void {
	expect((error as Error).name, `${where}: ${String(error)} ${(error as Error).stack}`).not.toMatch(
		/^(?:Type|Range|Syntax|Reference)Error$/,
	);
	expectDrawable((error as Error).message, `${where}, message`);
	expectDrawable((error as {next?: string}).next ?? '', `${where}, next`, 'next');
}
