import {setImmediate as breathe} from 'node:timers/promises';
import {z} from 'zod';
import {HttpError} from '../../system/http.js';
import {fetchCachedJson} from '../../system/document-cache.js';
import type {Collector} from './collector.js';
import type {FeedContext} from './feed.js';

/** Reads one row; what does not fit the schema is left out with the reason, and undefined. */
export function readRow<T extends z.ZodType>(schema: T, row: unknown, collector: Collector): z.output<T> | undefined {
	const result = schema.safeParse(row);
	if (result.success) {
		return result.data;
	}

	collector.leaveOut(firstIssue(result.error), row);
	return undefined;
}

const sliceSize = 200;

/** The rows in small lots, with a moment between them for whatever else waits: a key, a frame. */
export async function* slices<T>(rows: readonly T[]): AsyncGenerator<readonly T[], void, undefined> {
	for (let start = 0; start < rows.length; start += sliceSize) {
		yield rows.slice(start, start + sliceSize);
		await breathe();
	}
}

/** Reads what holds the rows: without it there is nothing to be had from the host. */
export function readDocument<T extends z.ZodType>(schema: T, document: unknown, host: string): z.output<T> {
	const result = schema.safeParse(document);
	if (result.success) {
		return result.data;
	}

	throw new HttpError('content', host, `sent something of another form than it used to (${firstIssue(result.error)})`);
}

function firstIssue({issues: [issue]}: z.ZodError): string {
	const place = issue?.path.map(String).join('.').slice(0, 60);
	return `${place ? `${place}: ` : ''}${issue?.message.slice(0, 120) ?? 'not as expected'}`;
}

/** A JSON document, sent only where it has changed since it was read last. `size` is the most that it may have, bytes. */
export async function fetchDocument({http, documents, signal}: FeedContext, url: string, size: number): Promise<unknown> {
	const request = {url, signal, gunzip: true};
	return documents === undefined
		? (await http.json({...request, limits: {size}})).body
		: fetchCachedJson(http, documents, request, size);
}

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

/** A number, or text that is one: sources change their mind about that. */
export const number = z.union([z.number(), z.string().refine(isNumber, 'expected a number').transform(Number)], {
	error: 'expected a number',
});

/** The same where it may be missing, empty or null. */
export const maybeNumber = z
	.union([number, z.literal('').transform(() => undefined), z.null().transform(() => undefined)], {
		error: 'expected a number or nothing',
	})
	.optional();

export const text = z.string({error: 'expected text'}).min(1, 'empty').max(1000, 'too long');

export const maybeText = z
	.string({error: 'expected text or nothing'})
	.max(1000, 'too long')
	.nullish()
	.transform(value => value || undefined);

export const hostOf = (url: string): string => URL.parse(url)?.host ?? 'the address';
