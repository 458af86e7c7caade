import type {LinkHealth} from '../../runs/model/run-handle.js';
import {insert} from '../drawing/cells.js';

/** Where a URL stands in a text, and where it leads from here. */
export type FoundUrl = {
	readonly start: number;
	readonly end: number;
	/** What is opened: with the local port where it points into the environment. */
	readonly target: string;
	/** The port of the environment that it points to. */
	readonly remote: number | undefined;
	/** The port of this machine that leads there; undefined where none does. */
	readonly local: number | undefined;
};

/** Where ports of the environment are on this machine. */
export type PortMap = {readonly ports: ReadonlyMap<number, number>; readonly sharesNetwork: boolean};

export const portMapOf = ({ports}: Pick<LinkHealth, 'ports'>, sharesNetwork: boolean): PortMap => ({
	ports: new Map(ports.map(({remote, local}) => [remote, local])),
	sharesNetwork,
});

const urls = /https?:\/\/[^\s<>"'`{}|\\^]+/gi;
// Terminals take no longer ones.
const longest = 2083;

/** What ends a sentence, or closes a bracket that was opened before it, is no part of a URL. */
function trimmed(url: string): string {
	for (let text = url; ;) {
		const last = text.at(-1) ?? '';
		const opening = {')': '(', ']': '['}[last];
		const isStray = opening !== undefined && text.split(opening).length < text.split(last).length;
		if (!isStray && !/[.,;:!?*]$/.test(text)) {
			return text;
		}

		text = text.slice(0, -1);
	}
}

const loopback = /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])$/;

function resolve(text: string, {ports, sharesNetwork}: PortMap): Omit<FoundUrl, 'start' | 'end'> | undefined {
	const url = URL.parse(text);
	if (!url || text.length > longest) {
		return undefined;
	}

	const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
	const forwarded = ports.get(port);
	const isLoopback = loopback.test(url.hostname);
	// A name without a dot is one that only the environment knows: its own, where one of its ports is named with it.
	const isInside = isLoopback || (forwarded !== undefined && /^[a-z\d-]+$/.test(url.hostname));
	const remote = isInside ? port : undefined;
	const local = isInside ? (forwarded ?? (sharesNetwork ? port : undefined)) : undefined;
	if (local !== undefined) {
		url.hostname = 'localhost';
		url.port = String(local);
	}

	const target = url.href;
	return target.length > longest || /[^\u0021-\u007E]/.test(target) ? undefined : {target, remote, local};
}

/** The URLs of a neutralised log line. */
export function findUrls(text: string, map: PortMap): readonly FoundUrl[] {
	if (!/https?:\/\//i.test(text)) {
		return [];
	}

	return [...text.matchAll(urls)].flatMap(({0: match, index}) => {
		const shown = trimmed(match);
		const found = resolve(shown, map);
		return found ? [{...found, start: index, end: index + shown.length}] : [];
	});
}

const close = '\u001B]8;;\u0007';

/** Ties together the pieces of a link that stands on several lines. */
const idOf = (target: string): string => {
	let hash = 0;
	for (const character of target) {
		hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 0x7f_ff_ff_ff;
	}

	return hash.toString(36);
};

/** One piece of a line, which may be styled, with its links: `from` is where the piece begins in the line, `length` how much of it it shows. */
export function linkPiece(styled: string, found: readonly FoundUrl[], from: number, length: number): string {
	const inserts = found
		.filter(({start, end, remote, local}) => start < from + length && end > from && (remote === undefined || local !== undefined))
		.flatMap(({start, end, target}) => [
			{at: Math.max(0, start - from), code: `\u001B]8;id=${idOf(target)};${target}\u0007`},
			{at: Math.min(length, end - from), code: close},
		]);
	return inserts.length === 0 ? styled : insert(styled, inserts);
}
