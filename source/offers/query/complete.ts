import {formatMemory} from '../format.js';
import type {OfferTable} from '../table.js';
import {availabilities} from '../table/rows.js';
import {architectures} from '../table/shapes.js';
import {flagWords, isNumberKey, type Key, keyNamed, keys} from './keys.js';
import {type Piece, pieces} from './parse.js';

export type Candidate = {
	/** What replaces the text between `from` and `to`. */
	readonly text: string;
	/** What it means, where that is not plain; may be empty. */
	readonly words: string;
};

export type Completion = {readonly from: number; readonly to: number; readonly candidates: readonly Candidate[]};

const most = 30;

/** What may be written at the cursor of a filter: keys and words that begin so, values of the table after a key. The likeliest first. */
export function completeFilter(text: string, cursor: number, table: OfferTable): Completion {
	const piece = [...pieces(text)].find(({from, to}) => cursor > from && cursor <= to);
	if (piece === undefined) {
		return {from: cursor, to: cursor, candidates: keyCandidates('').slice(0, most)};
	}

	const key = piece.name === undefined || piece.operator === undefined ? undefined : keyNamed(piece.name);
	if (piece.operator !== undefined && cursor >= piece.valueFrom) {
		return key === undefined ? {from: cursor, to: cursor, candidates: []} : completeValue(piece, cursor, key, table);
	}

	const from = piece.from + Number(piece.negated);
	// Of a key that has its operator already, only the name is replaced.
	const to = piece.operator === undefined ? piece.to : piece.operatorFrom;
	const typed = text.slice(from, Math.max(from, cursor)).toLowerCase();
	const names = keyCandidates(typed);
	return piece.operator === undefined
		? {from, to, candidates: [...names, ...flagCandidates(typed), ...anywhere(typed, table)].slice(0, most)}
		: {from, to, candidates: names.map(each => ({...each, text: each.text.replace(/[:<]$/, '')})).slice(0, most)};
}

function completeValue(piece: Piece, cursor: number, key: Key, table: OfferTable): Completion {
	const opened = piece.valueFrom + Number(piece.quoted);
	const before = piece.value.slice(0, Math.max(0, cursor - opened));
	// The last of a list: `backend:aws,gc`.
	const comma = piece.quoted ? -1 : before.lastIndexOf(',');
	const typed = before.slice(comma + 1).toLowerCase();
	const from = piece.quoted ? piece.valueFrom : opened + comma + 1;
	const next = piece.quoted ? -1 : piece.value.indexOf(',', before.length);
	const to = next < 0 ? piece.to : opened + next;
	const candidates = ranked(valuesOf(key, table), typed).map(value => ({text: quoted(value), words: ''}));
	return {from, to, candidates: candidates.slice(0, most)};
}

const keyCandidates = (typed: string): Candidate[] =>
	keys.flatMap(({key, names, words}) => {
		const name = names.find(each => each.startsWith(typed));
		return name === undefined ? [] : [{text: `${name}${isNumberKey(key) ? '<' : ':'}`, words}];
	});

const flagCandidates = (typed: string): Candidate[] =>
	Object.entries(flagWords)
		.filter(([word]) => word.startsWith(typed))
		.map(([text, words]) => ({text, words}));

/** Values of any column for a plain word; a single letter would bring everything. */
function anywhere(typed: string, table: OfferTable): Candidate[] {
	return typed.length < 2
		? []
		: (['gpu', 'backend', 'region', 'instance'] as const).flatMap(key =>
				ranked(valuesOf(key, table), typed)
					.slice(0, 8)
					.map(value => ({text: `${key}:${quoted(value)}`, words: ''})),
			);
}

/** Those that begin with what was typed, then those that hold it, each in the order given. */
function ranked(values: readonly string[], typed: string): string[] {
	const [first, second]: [string[], string[]] = [[], []];
	for (const value of values) {
		const lower = value.toLowerCase();
		if (lower.startsWith(typed)) {
			first.push(value);
		} else if (lower.includes(typed)) {
			second.push(value);
		}
	}

	return [...first, ...second];
}

const quoted = (value: string): string => (/[\s,"*:=<>]/.test(value) ? `"${value.replaceAll('"', '')}"` : value);

/** The different values of a column, in the order in which they are sorted. */
function valuesOf(key: Key, {places, shapes, sources}: OfferTable): readonly string[] {
	const sorted = (words: readonly string[]) => [...new Set(words)].sort((a, b) => (a < b ? -1 : 1));
	const numbers = (values: readonly number[]) => [...new Set(values)].filter(value => value > 0).sort((a, b) => a - b);
	const cards = () => shapes.gpuLists.values.flat();
	switch (key) {
		case 'backend': {
			return sorted(places.backends.values);
		}

		case 'region': {
			return sorted(places.regions.values);
		}

		case 'zone': {
			return sorted(places.zones.values).filter(Boolean);
		}

		case 'instance': {
			const ranks = shapes.types.ranks();
			return shapes.types.values
				.map((value, code) => ({value, rank: ranks[code] ?? 0}))
				.sort((a, b) => a.rank - b.rank)
				.map(({value}) => value);
		}

		case 'gpu': {
			return sorted(cards().map(({name}) => name));
		}

		case 'vendor': {
			return sorted(cards().map(({vendor}) => vendor));
		}

		case 'arch': {
			return architectures.filter(name => name !== 'unknown');
		}

		case 'spot': {
			return ['yes', 'no'];
		}

		case 'availability': {
			return availabilities.map(name => name.replace(' ', '-'));
		}

		case 'source': {
			return sorted(sources.values);
		}

		case 'memory': {
			return numbers(shapes.memory).map(formatMemory);
		}

		case 'disk': {
			return numbers(shapes.disk).map(formatMemory);
		}

		case 'vram': {
			return numbers(cards().map(({memory}) => memory)).map(formatMemory);
		}

		case 'cpu': {
			return numbers(shapes.cpu).map(String);
		}

		case 'gpus': {
			return numbers(shapes.gpuLists.counts).map(String);
		}

		case 'interruption': {
			return ['5', '10', '15', '20'];
		}

		case 'price':
		case 'gpu-price': {
			return [];
		}
	}
}
