import type {ImageReference} from '../../system/image-reference.js';
import {type HttpAnswer, HttpError} from '../../system/http.js';
import {badAnswer} from './registry-errors.js';

/** A repository of a registry. */
export type RepositoryName = Pick<ImageReference, 'registry' | 'repository'>;

const mostPages = 200;
const pageSize = 200;

export const isMissing = (error: unknown): boolean => error instanceof HttpError && error.status === 404;

export const repositoryName = ({registry, repository}: RepositoryName): string => `${registry}/${repository}`;

/** All tags, page for page. */
export async function listTags(
	place: RepositoryName,
	base: string,
	get: (url: string) => Promise<HttpAnswer<Buffer>>,
): Promise<readonly string[]> {
	const {registry, repository} = place;
	const tags = new Set<string>();
	let url = new URL(`${base}/v2/${repository}/tags/list?n=${pageSize}`);
	for (let page = 0; page < mostPages; page++) {
		let answer: HttpAnswer<Buffer>;
		try {
			answer = await get(url.href);
		} catch (error) {
			if (isMissing(error)) {
				return [...tags];
			}

			throw error;
		}

		for (const tag of readTags(registry, answer.body)) {
			tags.add(tag);
		}

		const next = nextPage(answer.headers.get('link'), url);
		if (next === undefined) {
			return [...tags];
		}

		// Elsewhere the person's login has no business.
		if (next.origin !== url.origin || next.href === url.href) {
			throw badAnswer(registry, 'a list of tags that goes on elsewhere');
		}

		url = next;
	}

	throw badAnswer(registry, `more than ${mostPages * pageSize} tags of ${repositoryName(place)}`);
}

function readTags(registry: string, body: Buffer | undefined): string[] {
	try {
		const {tags} = JSON.parse(body?.toString('utf8') ?? '') as {tags?: unknown};
		// A repository whose last image was deleted has null.
		return (Array.isArray(tags) ? tags : []).filter(
			(tag): tag is string => typeof tag === 'string' && /^\w[\w.-]{0,127}$/.test(tag),
		);
	} catch {
		throw badAnswer(registry, 'a list of tags that cannot be read');
	}
}

/** RFC 8288, as the specification uses it. */
const nextPage = (link: string | null, from: URL): URL | undefined => {
	const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '')?.[1];
	return target === undefined ? undefined : (URL.parse(target, from.href) ?? undefined);
};
