import {createHash} from 'node:crypto';
import {mkdir, readdir, readFile, rm, stat, utimes} from 'node:fs/promises';
import path from 'node:path';
import {promisify} from 'node:util';
import {gunzip, gzip} from 'node:zlib';
import writeFileAtomic from 'write-file-atomic';
import type {Http, HttpRequest} from './http.js';
import {parseJson} from './http/body.js';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

type Kept = {readonly etag: string; readonly body: string};

/** What comes before the body in a file. */
type Head = {readonly url: string; readonly etag: string};

const mostHead = 8192;

const fileOf = (folder: string, url: string): string =>
	path.join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.json.gz`);

/**
A JSON document that is kept in `folder` as long as its server gives it the same ETag: then it is not sent again. `size` is the most that
it may have, bytes. Rejects as `Http.json` does.
*/
export async function fetchCachedJson(
	http: Http,
	folder: string,
	request: HttpRequest & {readonly url: string},
	size: number,
): Promise<unknown> {
	const {url} = request;
	const {host} = new URL(url);
	const file = fileOf(folder, url);
	const kept = await read(file, url, size);
	const asked = {...request, headers: {accept: 'application/json', ...request.headers}, limits: {...request.limits, size}};
	const answer = await http.text({...asked, etag: kept?.etag});
	if (answer.unchanged && kept) {
		const now = new Date();
		// One that is in use stays. It may have gone since: then it is sent the next time.
		await utimes(file, now, now).catch(() => undefined);
		return parseJson(kept.body, host);
	}

	const document = parseJson(answer.body, host);
	if (answer.etag && answer.body !== undefined) {
		await mkdir(folder, {recursive: true, mode: 0o700});
		const head: Head = {url, etag: answer.etag};
		await writeFileAtomic(file, await pack(`${JSON.stringify(head)}\n${answer.body}`), {mode: 0o600});
	}

	return document;
}

/** Undefined where it is not there, or not what was written: then it is to be had anew. */
async function read(file: string, url: string, size: number): Promise<Kept | undefined> {
	try {
		const text = (await unpack(await readFile(file), {maxOutputLength: size + mostHead})).toString('utf8');
		const end = text.indexOf('\n');
		const head = JSON.parse(text.slice(0, end)) as Partial<Head>;
		return head.url === url && typeof head.etag === 'string' ? {etag: head.etag, body: text.slice(end + 1)} : undefined;
	} catch {
		return undefined;
	}
}

/** Removes the documents of `folder` that nobody has asked for since `since`, milliseconds since the epoch. */
export async function sweepDocuments(folder: string, since: number): Promise<void> {
	for (const name of await readdir(folder).catch(() => [])) {
		const file = path.join(folder, name);
		const {mtimeMs} = await stat(file);
		if (mtimeMs < since) {
			await rm(file, {force: true});
		}
	}
}
