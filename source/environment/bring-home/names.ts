/** Branches and tags that are there, `heads/main` or `tags/v1`, with their commits; by their `keyOf`. */
export type Taken = Map<string, {readonly name: string; readonly commit: string}>;

/** Some file systems do not distinguish capital letters. */
export const keyOf = (name: string): string => name.toLowerCase();

/** What git itself refuses in a name, and what a terminal or a file system would stumble over. */
const bad = /\.\.|@\{|\/\/|[\s~^:?*[\\\p{C}\p{Z}\uFFFD]|(?:^|\/)\.|\.lock(?:\/|$)|\.$|^\/|\/$/u;

/** A branch's name from elsewhere as a part of one here. */
const clean = (name: string, commit: string): string =>
	bad.test(name) || name === '' || Buffer.byteLength(name) > 180 ? `branch-${commit.slice(0, 8)}` : name;

type Wanted = {
	/** `heads/dstack-tui/fast-moth-1/main`. */
	readonly name: string;
	/** One of the same place that has the commit already is as good, whatever its number. */
	readonly anyNumber: boolean;
};

/** Where something from the bundle belongs. `name` is as in the bundle: `refs/home/KIND/REST`. Undefined for what we do not know. */
export function wantedName(prefix: string, name: string, commit: string): Wanted | undefined {
	const [, kind = '', rest = ''] = /^refs\/home\/([a-z]+)\/(.+)$/s.exec(name) ?? [];
	const numbered = (word: string) => (/^\d+$/.test(rest) ? {name: `heads/${prefix}/${word}`, anyNumber: true} : undefined);
	switch (kind) {
		case 'heads':
		case 'tags': {
			return {name: `${kind}/${prefix}/${clean(rest, commit)}`, anyNumber: false};
		}

		case 'uncommitted': {
			return numbered('uncommitted');
		}

		case 'detached': {
			return numbered('detached');
		}

		case 'stash': {
			return numbered(`stash-${rest}`);
		}

		case 'worktree': {
			return numbered(`worktree-${rest}`);
		}

		case 'left': {
			return numbered(`left-${rest}`);
		}

		case 'merge': {
			return /^[A-Z]+_HEAD-\d+$/.test(rest)
				? {name: `heads/${prefix}/${rest.toLowerCase().replace('_', '-')}`, anyNumber: true}
				: undefined;
		}

		default: {
			return undefined;
		}
	}
}

/** The name to use for a commit, and whether it has to be made. A name that is another commit's gets a number. Notes it as taken. */
export function claimName(
	taken: Taken,
	{name, anyNumber}: Wanted,
	commit: string,
): {readonly name: string; readonly isNew: boolean} {
	const parents = parentsBeside(taken, name);
	const last = name.slice(name.lastIndexOf('/') + 1);
	const isBeside = (other: string) => other.slice(0, other.lastIndexOf('/')) === parents;
	const same = anyNumber ? [...taken.values()].find(other => other.commit === commit && isBeside(other.name)) : undefined;
	if (same) {
		return {name: same.name, isNew: false};
	}

	for (let number = 1; ; number++) {
		const candidate = `${parents}/${last}${number === 1 ? '' : `-${number}`}`;
		const key = keyOf(candidate);
		const there = taken.get(key);
		if (there?.commit === commit) {
			return {name: there.name, isNew: false};
		}

		if (!there && ![...taken.keys()].some(other => other.startsWith(`${key}/`))) {
			taken.set(key, {name: candidate, commit});
			return {name: candidate, isNew: true};
		}
	}
}

/** The folders of a name, past branches that have the name of one of them. */
function parentsBeside(taken: Taken, name: string): string {
	const [root = '', ...folders] = name.split('/').slice(0, -1);
	return folders.reduce((path, folder) => {
		for (let number = 1; ; number++) {
			const candidate = `${path}/${folder}${number === 1 ? '' : `-${number}`}`;
			if (!taken.has(keyOf(candidate))) {
				return candidate;
			}
		}
	}, root);
}
