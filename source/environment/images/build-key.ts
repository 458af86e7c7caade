import {createHash} from 'node:crypto';
import {z} from 'zod';

/** What a build depends on. */
export type BuildInputs = {
	/** The base image, by its name and by what that named when the build was decided. */
	readonly base: {readonly name: string; readonly digest: string};
	/** As the configuration writes them: `${{ run.name }}` is another each time, and no reason to build anew. */
	readonly commands: readonly string[];
	readonly python: string | undefined;
	readonly architecture: string;
	readonly user: string | undefined;
	readonly shell: string | undefined;
	/** Variables that the commands read, as the configuration writes them; those that hold secrets have no place here. */
	readonly variables: Readonly<Record<string, string>>;
	/** Digests by name, of the files that the commands name. */
	readonly files: Readonly<Record<string, string>>;
};

/** The same as it is kept with an image: names of things, digests of contents. */
export type BuildParts = {
	/** The digest of the base image. */
	readonly base: string;
	/** Its name: for words alone, since another name for the same image is no other build. */
	readonly baseName: string;
	readonly commands: string;
	readonly python: string;
	readonly architecture: string;
	readonly user: string;
	readonly shell: string;
	readonly variables: string;
	readonly files: Readonly<Record<string, string>>;
};

/** Changes whenever builds are made another way, so that older ones are no longer found. */
const recipe = 1;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Pairs in the order of their names: a map has none. */
const sorted = (record: Readonly<Record<string, string>>): Array<[string, string]> =>
	Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));

export function buildKey(inputs: BuildInputs): {readonly key: string; readonly parts: BuildParts} {
	const {base, commands, python = '', architecture, user = '', shell = '', variables, files} = inputs;
	const parts: BuildParts = {
		base: base.digest,
		baseName: base.name,
		commands: sha256(JSON.stringify(commands)),
		python,
		architecture,
		user,
		shell,
		variables: sha256(JSON.stringify(sorted(variables))),
		files: Object.fromEntries(sorted(files)),
	};
	const counted = [
		recipe,
		parts.base,
		parts.commands,
		parts.python,
		parts.architecture,
		parts.user,
		parts.shell,
		parts.variables,
		sorted(files),
	];
	return {key: sha256(JSON.stringify(counted)), parts};
}

const mostNamed = 3;

/** Why a build is not the one that is wanted, one reason each; `other` is the newest that there is of the same configuration. */
export function explainMiss(parts: BuildParts, other: BuildParts | undefined): string[] {
	if (other === undefined) {
		return ['never built'];
	}

	const {python, architecture, user, shell} = parts;
	const differs = (key: Exclude<keyof BuildParts, 'files'>): boolean => parts[key] !== other[key];
	const reasons = [
		differs('architecture') && `another architecture: ${architecture}, built for ${other.architecture}`,
		differs('base') &&
			(differs('baseName') ? `another base image: ${parts.baseName} instead of ${other.baseName}` : 'base image is newer'),
		differs('commands') && 'commands changed',
		differs('python') && `another Python: ${python || 'none'} instead of ${other.python || 'none'}`,
		differs('user') && `another user: ${user || "the image's own"} instead of ${other.user || "the image's own"}`,
		differs('shell') && `another shell: ${shell || 'the usual'} instead of ${other.shell || 'the usual'}`,
		differs('variables') && 'variables that the commands read changed',
		...fileReasons(parts.files, other.files),
	].filter(reason => reason !== false);
	return reasons.length > 0 ? reasons : ['builds are made another way now'];
}

function fileReasons(files: BuildParts['files'], others: BuildParts['files']): string[] {
	if (tooMany in others || tooMany in files) {
		return sha256(JSON.stringify(sorted(withoutNames(files)))) === sha256(JSON.stringify(sorted(withoutNames(others))))
			? []
			: ['files that the commands name changed'];
	}

	const names = [...new Set([...Object.keys(files), ...Object.keys(others)])].toSorted();
	const changed = names.flatMap(name => {
		const [now, before] = [
			Object.hasOwn(files, name) ? files[name] : undefined,
			Object.hasOwn(others, name) ? others[name] : undefined,
		];
		const isSame = now !== undefined && before !== undefined && shorten(now) === shorten(before);
		return isSame ? [] : [`${name} ${before === undefined ? 'is new' : now === undefined ? 'is no longer there' : 'changed'}`];
	});
	return changed.length > mostNamed
		? [...changed.slice(0, mostNamed), `${changed.length - mostNamed} more files changed`]
		: changed;
}

// What is kept with an image is small: enough of each digest to recognise a change.
const digestLength = 16;
const mostKept = 16 * 1024;
const tooMany = '*';

const shorten = (digest: string): string => digest.slice(0, digestLength);

const withoutNames = (files: BuildParts['files']): BuildParts['files'] =>
	tooMany in files
		? files
		: {[tooMany]: shorten(sha256(JSON.stringify(sorted(files).map(([name, digest]) => [name, shorten(digest)]))))};

/** The parts as one word of letters, digits, - and _, for a label. */
export function packParts(parts: BuildParts): string {
	const files = Object.fromEntries(sorted(parts.files).map(([name, digest]) => [name, shorten(digest)]));
	const pack = (value: BuildParts): string => Buffer.from(JSON.stringify(value)).toString('base64url');
	const packed = pack({...parts, files});
	return packed.length <= mostKept ? packed : pack({...parts, files: withoutNames(parts.files)});
}

const word = z.string().max(1000);
const schema = z.object({
	base: word,
	baseName: word,
	commands: word,
	python: word,
	architecture: word,
	user: word,
	shell: word,
	variables: word,
	files: z.record(word, word),
});

/** The parts of a label; undefined for what is none. */
export function unpackParts(text: string | undefined): BuildParts | undefined {
	try {
		return schema.safeParse(JSON.parse(Buffer.from(text ?? '', 'base64url').toString('utf8'))).data;
	} catch {
		return undefined;
	}
}
