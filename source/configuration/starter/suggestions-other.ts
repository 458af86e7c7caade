import {asMap, type FolderReader, portsOf, type Suggestion, unreadable} from './suggestion.js';

const listening: Readonly<Record<string, number>> = {
	vite: 5173,
	next: 3000,
	nuxt: 3000,
	'react-scripts': 3000,
	astro: 4321,
	'@angular/cli': 4200,
	storybook: 6006,
};

type Manager = {readonly name: string; readonly lock: string; readonly frozen: string};

const managers: readonly Manager[] = [
	{name: 'npm', lock: 'package-lock.json', frozen: 'npm ci'},
	{name: 'npm', lock: 'npm-shrinkwrap.json', frozen: 'npm ci'},
	// Through npx, so that nothing is installed for all.
	{name: 'pnpm', lock: 'pnpm-lock.yaml', frozen: 'npx --yes pnpm install --frozen-lockfile'},
	{name: 'yarn', lock: 'yarn.lock', frozen: 'npx --yes yarn install --frozen-lockfile'},
	{name: 'bun', lock: 'bun.lock', frozen: 'npx --yes bun install --frozen-lockfile'},
	{name: 'bun', lock: 'bun.lockb', frozen: 'npx --yes bun install --frozen-lockfile'},
];

export async function inspectNode({read, has}: FolderReader): Promise<Suggestion[]> {
	const from = 'package.json';
	const text = await read(from);
	if (text === undefined) {
		return [];
	}

	try {
		const all = asMap(text.trim() === '' ? {} : JSON.parse(text));
		const wanted = typeof all['packageManager'] === 'string' ? /^(\w+)@/.exec(all['packageManager'])?.[1] : undefined;
		const there: Manager[] = [];
		for (const manager of managers) {
			if (await has(manager.lock)) {
				there.push(manager);
			}
		}

		const chosen = there.find(({name}) => name === wanted) ?? there[0];
		const unlocked =
			managers.some(({name}) => name === wanted) && wanted !== 'npm' ? `npx --yes ${wanted} install` : 'npm install';
		const command = chosen && (wanted === undefined || chosen.name === wanted) ? chosen.frozen : unlocked;
		const names = [...Object.keys(asMap(all['dependencies'])), ...Object.keys(asMap(all['devDependencies']))];
		return [{from, words: `${from} is installed by ${command}`, change: {setup: [command]}}, ...portsOf(from, names, listening)];
	} catch (error) {
		return [unreadable(from, error)];
	}
}

export async function inspectCargo({read}: FolderReader): Promise<Suggestion[]> {
	const from = 'Cargo.toml';
	const text = await read(from);
	if (text === undefined) {
		return [];
	}

	try {
		const {parse} = await import('smol-toml');
		const all = asMap(parse(text));
		return 'package' in all || 'workspace' in all
			? [{from, words: `${from} needs Rust: image rust:1, and cargo fetch`, change: {image: 'rust:1', setup: ['cargo fetch']}}]
			: [];
	} catch (error) {
		return [unreadable(from, error)];
	}
}

export async function inspectGo({read}: FolderReader): Promise<Suggestion[]> {
	const from = 'go.mod';
	const text = await read(from);
	if (text === undefined || !/^module\s+\S/m.test(text)) {
		return [];
	}

	const version = /^toolchain\s+go(1\.\d{1,3})/m.exec(text)?.[1] ?? /^go\s+(1\.\d{1,3})/m.exec(text)?.[1] ?? '1';
	const image = `golang:${version}`;
	return [{from, words: `${from} needs Go: image ${image}, and go mod download`, change: {image, setup: ['go mod download']}}];
}

export async function inspectMake({read}: FolderReader): Promise<Suggestion[]> {
	for (const from of ['Makefile', 'makefile', 'GNUmakefile']) {
		const text = await read(from);
		if (text !== undefined) {
			const targets = new Set(
				text.split('\n').flatMap(line => /^([^\s#:=.][^#:=\t]*):(?![=:])/.exec(line)?.[1]?.trim().split(/\s+/) ?? []),
			);
			const target = ['setup', 'install'].find(each => targets.has(each));
			return target === undefined ? [] : [{from, words: `${from} has a target ${target}`, change: {setup: [`make ${target}`]}}];
		}
	}

	return [];
}
