import type {ConfigurationFile} from '../../configuration/model.js';

/** A line of the tree: a folder, or the configuration at `index`. */
export type TreeLine =
	| {readonly kind: 'folder'; readonly depth: number; readonly name: string}
	| {readonly kind: 'file'; readonly depth: number; readonly index: number; readonly name: string};

const folders = ({file}: ConfigurationFile): string[] => file.split(/[\\/]/).slice(0, -1);

/** In the order of a tree: what lies in a folder before what lies deeper, folders by name, files as they were. */
export function inTreeOrder(configurations: readonly ConfigurationFile[]): ConfigurationFile[] {
	const ranked = configurations.map((configuration, index) => ({configuration, index, path: folders(configuration)}));
	ranked.sort((a, b) => comparePaths(a.path, b.path) || a.index - b.index);
	return ranked.map(({configuration}) => configuration);
}

function comparePaths(a: readonly string[], b: readonly string[]): number {
	for (let depth = 0; depth < Math.min(a.length, b.length); depth++) {
		const [left = '', right = ''] = [a[depth], b[depth]];
		if (left !== right) {
			return left < right ? -1 : 1;
		}
	}

	return a.length - b.length;
}

/** The lines of a tree over configurations in its order; a chain of folders with nothing else in them is one line. */
export function treeLines(configurations: readonly ConfigurationFile[]): TreeLine[] {
	const lines: TreeLine[] = [];
	const open: string[][] = [];
	for (const [index, configuration] of configurations.entries()) {
		const path = folders(configuration);
		while (open.length > 0 && !startsWith(path, open.flat())) {
			open.pop();
		}

		const shared = open.flat().length;
		for (const step of stepsOf(path, shared, configurations)) {
			lines.push({kind: 'folder', depth: open.length, name: `${step.join('/')}/`});
			open.push(step);
		}

		lines.push({
			kind: 'file',
			depth: open.length,
			index,
			name: configuration.file.slice(path.join('/').length + (path.length > 0 ? 1 : 0)),
		});
	}

	return lines;
}

const startsWith = (path: readonly string[], start: readonly string[]): boolean =>
	start.every((part, index) => part === path[index]);

/** The way from `shared` folders down to `path` as lines: broken where another configuration turns off. */
function stepsOf(path: readonly string[], shared: number, configurations: readonly ConfigurationFile[]): string[][] {
	const steps: string[][] = [];
	let step: string[] = [];
	for (let depth = shared + 1; depth <= path.length; depth++) {
		step.push(path[depth - 1] ?? '');
		const below = configurations.map(folders).filter(other => startsWith(other, path.slice(0, depth)));
		if (depth === path.length || new Set(below.map(other => other[depth])).size > 1) {
			steps.push(step);
			step = [];
		}
	}

	return steps;
}
