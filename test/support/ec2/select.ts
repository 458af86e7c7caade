import type {Filter, Tag, TagSpecification} from '@aws-sdk/client-ec2';
import {Ec2Error, invalid} from './errors.js';
import type {Tagged} from './records.js';

/** What a filter compares, by the filter's name. */
export type Aspects<T> = Readonly<Record<string, (record: T) => readonly (string | undefined)[]>>;

/** EC2's wildcards: `*` and `?`. */
const pattern = (text: string): RegExp =>
	new RegExp(
		`^${text
			.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
			.replace(/\*/g, '.*')
			.replace(/\?/g, '.')}$`,
		's',
	);

/** Those that all filters let through. Throws where EC2 has no such filter here. */
export function filtered<T extends Tagged>(
	records: readonly T[],
	filters: readonly Filter[] | undefined,
	aspects: Aspects<T>,
): T[] {
	return (filters ?? []).reduce<T[]>(
		(rest, {Name = '', Values = []}) => {
			const look = aspectOf(Name, aspects);
			const patterns = Values.map(pattern);
			return rest.filter(record => look(record).some(value => value !== undefined && patterns.some(each => each.test(value))));
		},
		[...records],
	);
}

function aspectOf<T extends Tagged>(name: string, aspects: Aspects<T>): (record: T) => readonly (string | undefined)[] {
	if (name.startsWith('tag:')) {
		return ({tags}) => [tags.get(name.slice(4))];
	}

	if (name === 'tag-key') {
		return ({tags}) => [...tags.keys()];
	}

	const found = Object.hasOwn(aspects, name) ? aspects[name] : undefined;
	if (!found) {
		throw invalid(`The filter '${name}' is invalid`);
	}

	return found;
}

export type IdKind = {
	/** `i` */
	readonly prefix: string;
	/** `InvalidInstanceID` */
	readonly code: string;
	/** `The instance ID` */
	readonly words: string;
};

/** The records of these ids. Throws `….Malformed` and `….NotFound`. */
export function byIds<T>(records: ReadonlyMap<string, T>, ids: readonly string[], {prefix, code, words}: IdKind): T[] {
	const bad = ids.find(id => !new RegExp(`^${prefix}-[0-9a-f]+$`).test(id));
	if (bad !== undefined) {
		throw new Ec2Error(`${code}.Malformed`, `Invalid id: "${bad}" (expecting "${prefix}-...")`);
	}

	const absent = ids.filter(id => !records.has(id));
	if (absent.length > 0) {
		throw new Ec2Error(
			`${code}.NotFound`,
			absent.length === 1 ? `${words} '${absent[0]}' does not exist` : `${words}s '${absent.join(', ')}' do not exist`,
		);
	}

	return ids.map(id => records.get(id) as T);
}

/** One page, and the token of the next. `MaxResults` may be from `least` to 1000. */
export function page<T>(
	all: readonly T[],
	{MaxResults, NextToken}: {MaxResults?: number; NextToken?: string},
	least = 5,
): {rows: readonly T[]; NextToken: string | undefined} {
	if (MaxResults !== undefined && (MaxResults < least || MaxResults > 1000)) {
		throw invalid(`Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value between ${least} and 1000.`);
	}

	const start =
		NextToken === undefined
			? 0
			: Number(
					Buffer.from(NextToken, 'base64')
						.toString('latin1')
						.replace(/^from /, ''),
				);
	if (!Number.isInteger(start)) {
		throw invalid('Invalid value for parameter nextToken.');
	}

	const end = start + (MaxResults ?? 1000);
	return {rows: all.slice(start, end), NextToken: end < all.length ? Buffer.from(`from ${end}`).toString('base64') : undefined};
}

export const tagList = ({tags}: Tagged): Array<{Key: string; Value: string}> => [...tags].map(([Key, Value]) => ({Key, Value}));

/** Absent where there are none, as EC2 leaves them out. */
export const tagsOf = (record: Tagged): Array<{Key: string; Value: string}> | undefined =>
	record.tags.size > 0 ? tagList(record) : undefined;

export function addTags(tags: Map<string, string>, added: readonly Tag[] | undefined): Map<string, string> {
	for (const {Key = '', Value = ''} of added ?? []) {
		if (Key === '' || Key.length > 128 || Value.length > 256) {
			throw invalid(`Tag key or value is too long or empty: '${Key.slice(0, 140)}'`);
		}

		if (/^aws:/i.test(Key)) {
			throw invalid("Tag keys starting with 'aws:' are reserved for internal use");
		}

		tags.set(Key, Value);
	}

	if (tags.size > 50) {
		throw new Ec2Error('TagLimitExceeded', 'The maximum number of tags for this resource has been reached.');
	}

	return tags;
}

/** The tags that a call gives to one kind of what it makes. */
export function tagsFor(kind: string, specifications: readonly TagSpecification[] | undefined): Map<string, string> {
	const tags = new Map<string, string>();
	for (const {Tags} of (specifications ?? []).filter(({ResourceType}) => ResourceType === kind)) {
		addTags(tags, Tags);
	}

	return tags;
}
