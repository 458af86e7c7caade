import {type Document, isAlias, isCollection, isNode, isScalar, type Node, visit} from 'yaml';

/** Steps from the top to a value, each of a map two: beyond what anybody means, and far within the stack of all who walk through it. */
const deepest = 100;

export const tooDeep = 'this is nested too deeply';

/** Where a node begins in the text. */
export const startOf = (node: unknown): number | undefined => (isNode(node) ? (node as Node).range?.[0] : undefined);

/** What is wrong at an offset into the text. */
export type Refusal = {offset: number; message: string};

/** What is sound YAML and cannot be meant: keys that are there twice, and names of anchors that are not there. */
export function refusals(document: Document.Parsed): Refusal[] {
	const found: Refusal[] = [];
	// A name means the last anchor before it. The library would look through the whole document for each.
	const anchors = new Map<string, Node>();
	const remember = (node: Node & {anchor?: string}, depth: number): symbol | undefined => {
		if (node.anchor) {
			anchors.set(node.anchor, node);
		}

		if (depth > deepest) {
			found.push({offset: startOf(node) ?? 0, message: tooDeep});
			return visit.BREAK;
		}

		return undefined;
	};

	visit(document, {
		Scalar: (_, scalar, path) => remember(scalar, path.length),
		Seq: (_, list, path) => remember(list, path.length),
		Map(_, map, path) {
			const keys = new Set<string>();
			for (const {key} of map.items) {
				if (isScalar(key)) {
					const name = String(key.value ?? '');
					if (keys.has(name)) {
						found.push({offset: startOf(key) ?? 0, message: 'this key is there twice'});
					}

					keys.add(name);
				} else if (isCollection(isAlias(key) ? anchors.get(key.source) : key)) {
					// The library writes such keys as text, each twice as long as the one in it.
					found.push({offset: startOf(key) ?? 0, message: 'a key cannot be a list or a map'});
				}
			}

			return remember(map, path.length);
		},
		Alias(_, alias, path) {
			const meant = anchors.get(alias.source);
			const name = alias.source.slice(0, 60);
			if (!meant) {
				found.push({offset: startOf(alias) ?? 0, message: `nothing above is called &${name}`});
			} else if (path.includes(meant)) {
				found.push({offset: startOf(alias) ?? 0, message: `&${name} contains itself`});
			}
		},
	});
	return found;
}
