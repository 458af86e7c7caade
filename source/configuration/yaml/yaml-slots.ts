import {
	type Document,
	type CST,
	isAlias,
	isCollection,
	isMap,
	isNode,
	isScalar,
	isSeq,
	type Node,
	type Pair,
	parseDocument,
	visit,
} from 'yaml';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {behindIndicator, type Collection, type Item, itemsOf} from './yaml-tokens.js';

export type Step = string | number;
export type Path = readonly Step[];

/** An edit that cannot be made so that everything else stays as it is. The file is better edited by hand. */
export class EditError extends Problem {
	constructor(message: string) {
		super('configuration', message, {next: 'Edit the file by hand.'});
	}
}

/** A place that holds a value, or can. */
export type Slot = {
	readonly node: Node | undefined;
	/** Undefined where nothing is written. */
	readonly token: CST.Token | undefined;
	/** Between brackets, where lines mean nothing. */
	readonly flow: boolean;
	/** Of the key or dash that it belongs to; -1 for the whole file. */
	readonly column: number;
	/** Where a value may begin: behind the colon or dash, and the anchor. */
	readonly after: number;
	readonly kind: 'root' | 'map' | 'list';
	/** Whether a colon precedes it. A flow map's key may do without. */
	readonly colon: boolean;
	/** Its place among the entries of its parent. */
	readonly index: number;
};

export type Located = {
	/** The whole file, then every value on the way that is there. */
	readonly chain: readonly Slot[];
	/** What of the path is missing. */
	readonly rest: Path;
};

const mostCharacters = 1024 * 1024;

const showStep = (step: Step): string =>
	typeof step === 'number' ? `[${step}]` : /^[\w-]+$/.test(step) ? step : neutraliseLine(JSON.stringify(step.slice(0, 60)));

/** A path as a person would say it: `profiles[0].resources.gpu`. */
export const showPath = (path: Path): string =>
	path.reduce<string>((shown, step) => shown + (shown === '' || typeof step === 'number' ? '' : '.') + showStep(step), '') ||
	'the file';

/** Parses a text for an edit. Throws an `EditError` for what is no sound YAML of one document. */
export function parseForEdit(text: string, merge = false): Document.Parsed {
	if (text.length > mostCharacters) {
		throw new EditError('this file is too big to be edited here');
	}

	const document = parseDocument(text, {
		keepSourceTokens: true,
		merge,
		uniqueKeys: false,
		strict: true,
		prettyErrors: false,
		logLevel: 'error',
	});
	const [error] = document.errors;
	if (error) {
		throw new EditError(
			error.code === 'MULTIPLE_DOCS'
				? 'this file holds more than one document'
				: `this file is no sound YAML: ${error.message.slice(0, 200)}`,
		);
	}

	return document;
}

const isNothing = (node: unknown): boolean =>
	node === null || node === undefined || (isScalar(node) && node.value === null && !node.tag);

/** Nothing at all, or nothing yet: `key:`, `{}`, `[]`. */
export const isEmpty = (slot: Slot): boolean =>
	isNothing(slot.node) || (isCollection(slot.node) && slot.token?.type === 'flow-collection' && slot.node.items.length === 0);

const written = (node: unknown): CST.Token | undefined => {
	const token = isNode(node) ? node.srcToken : undefined;
	// An empty value's token is made up by the parser.
	return token?.type === 'scalar' && token.source === '' ? undefined : token;
};

function rootSlot(document: Document.Parsed, text: string): Slot {
	const {contents} = document;
	return {
		node: contents ?? undefined,
		token: written(contents),
		flow: false,
		column: -1,
		after: text.length,
		kind: 'root',
		colon: false,
		index: 0,
	};
}

/** Follows a path as far as the file goes. Throws an `EditError` where the way leads over an alias, a merge key or a plain value. */
export function locate(document: Document.Parsed, text: string, path: Path): Located {
	const reused = aliasNames(document);
	const chain = [rootSlot(document, text)];
	for (const [depth, step] of path.entries()) {
		const slot = chain.at(-1)!;
		const here = showPath(path.slice(0, depth));
		if (isAlias(slot.node)) {
			throw new EditError(`${here} is the alias *${slot.node.source.slice(0, 60)}`);
		}

		if (isScalar(slot.node) && !isNothing(slot.node)) {
			throw new EditError(`${here} is a single value and holds no ${showPath([step])}`);
		}

		refuseShared(slot, reused, here);
		const next = isNothing(slot.node) ? undefined : child(slot, step, here);
		if (!next) {
			return {chain, rest: path.slice(depth)};
		}

		chain.push(next);
	}

	return {chain, rest: []};
}

/** All names that aliases use. */
function aliasNames(document: Document.Parsed): ReadonlySet<string> {
	const names = new Set<string>();
	visit(document, {
		Alias(_, {source}) {
			names.add(source);
		},
	});
	return names;
}

function refuseShared(slot: Slot, reused: ReadonlySet<string>, here: string): void {
	const {node} = slot;
	if (node && 'anchor' in node && node.anchor !== undefined && reused.has(node.anchor)) {
		throw new EditError(`${here} is used again by its anchor &${node.anchor.slice(0, 60)}`);
	}
}

/** Throws when something elsewhere, or in the value itself, refers to what is to be replaced. */
export function refuseAnchors(document: Document.Parsed, slot: Slot, here: string): void {
	const {node} = slot;
	const reused = aliasNames(document);
	if (!node || reused.size === 0) {
		return;
	}

	visit(node, {
		Node(_, inner) {
			refuseShared({...slot, node: inner as Node}, reused, here);
		},
	});
}

const isMerge = ({key}: Pair): boolean => isScalar(key) && key.value === '<<' && key.type === 'PLAIN';

function child(slot: Slot, step: Step, here: string): Slot | undefined {
	const {node} = slot;
	const token = slot.token as Collection | undefined;
	const flow = slot.flow || token?.type === 'flow-collection';
	const column = token && 'indent' in token ? token.indent : 0;
	if (!token || !('items' in token)) {
		throw new EditError(`${here} is written in a way that cannot be edited here`);
	}

	if (isMap(node)) {
		const found = node.items.flatMap((pair, index) =>
			isScalar(pair.key) && String(pair.key.value ?? '') === String(step) ? [{pair: pair as Pair, index}] : [],
		);
		if (found.length > 1) {
			throw new EditError(`${here}: the key ${showPath([step])} is there twice`);
		}

		const [first] = found;
		if (!first && node.items.some(pair => isMerge(pair as Pair))) {
			throw new EditError(`${here} takes over the keys of another map by <<`);
		}

		if (!first) {
			return undefined;
		}

		const {pair, index} = first;
		const item = pair.srcToken as Item;
		const after = behindIndicator(item, 'map-value-ind');
		if (after === undefined && !flow) {
			throw new EditError(`${here}: the key ${showPath([step])} is written without a colon`);
		}

		return {
			node: (pair.value as Node | null) ?? undefined,
			token: written(pair.value),
			flow,
			column,
			after: after ?? item.key!.offset + (item.key as CST.FlowScalar).source.length,
			kind: 'map',
			colon: after !== undefined,
			index,
		};
	}

	if (!isSeq(node) || typeof step !== 'number' || !Number.isInteger(step) || step < 0) {
		throw new EditError(`${here} is a list; ${JSON.stringify(step)} is no place in it`);
	}

	const value = node.items[step] as Node | undefined;
	if (step >= node.items.length) {
		return undefined;
	}

	const item = itemsOf(token)[step];
	if (!item || (flow && item.key)) {
		throw new EditError(`${here}[${step}] is written in a way that cannot be edited here`);
	}

	return {
		node: value,
		token: written(value),
		flow,
		column,
		after: (flow ? undefined : behindIndicator(item, 'seq-item-ind')) ?? item.value?.offset ?? token.offset,
		kind: 'list',
		colon: false,
		index: step,
	};
}
