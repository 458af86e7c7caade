import {readdir, readFile, stat, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {gzipSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';
import {createHttp} from '../../source/system/http.js';
import {fetchCachedJson, sweepDocuments} from '../../source/system/document-cache.js';
import {temporaryFolder} from '../support/folders.js';
import {type Answer, json, web} from '../support/web.js';

const most = 10_000;

/** A document that can be turned, and says 304 to who has it; `asked` holds the ETags that were given. */
async function prepare(answer?: Answer) {
	const folder = path.join(await temporaryFolder(), 'documents');
	const state = {etag: '"1"', body: {text: 'ð one'} as unknown};
	const server = await web(
		answer ??
			((asked, response) =>
				asked.headers['if-none-match'] === state.etag
					? response.writeHead(304, {etag: state.etag}).end()
					: response.writeHead(200, {etag: state.etag}).end(gzipSync(JSON.stringify(state.body)))),
	);
	const http = createHttp({retry: {tries: 1}});
	const url = `${server.url}/a.json`;
	const fetchIt = async (size = most) => fetchCachedJson(http, folder, {url, gunzip: true}, size);
	const given = () => server.asked.map(({headers}) => headers['if-none-match']);
	const file = async () => path.join(folder, (await readdir(folder))[0] ?? '');
	return {folder, state, fetchIt, given, file, http, server};
}

describe('a document with an ETag', () => {
	it('is sent once, and again when it has changed', async () => {
		const {state, fetchIt, given, file} = await prepare();
		expect(await fetchIt()).toEqual({text: 'ð one'});
		expect((await stat(await file())).mode & 0o777).toBe(0o600);
		expect(await fetchIt()).toEqual({text: 'ð one'});
		state.etag = '"2"';
		state.body = [2];
		expect(await fetchIt()).toEqual([2]);
		expect(await fetchIt()).toEqual([2]);
		expect(given()).toEqual([undefined, '"1"', '"1"', '"2"']);
	});

	it.each<[string, (text: Buffer) => string | Buffer]>([
		['cut off', bytes => bytes.subarray(0, bytes.length / 2)],
		['something else', () => 'no gzip'],
		['of another address', () => gzipSync('{"url":"http://other.example/","etag":"x"}\n{}')],
		['without a head', () => gzipSync('[1]')],
		['larger than is allowed', () => gzipSync(`{"url":"x","etag":"x"}\n${' '.repeat(5 * most)}`)],
	])('is sent again where what is kept is %s', async (_, damage) => {
		const {fetchIt, given, file} = await prepare();
		await fetchIt();
		const name = await file();
		await writeFile(name, damage(await readFile(name)));
		expect(await fetchIt()).toEqual({text: 'ð one'});
		expect(await fetchIt()).toEqual({text: 'ð one'});
		expect(given()).toEqual([undefined, undefined, '"1"']);
	});

	it('that is no JSON is not kept, nor one without an ETag, nor a failure', async () => {
		const answers: Answer[] = [
			(_, response) => response.writeHead(200, {etag: '"x"'}).end('<html>'),
			(_, response) => json(response, 1),
			(_, response) => response.writeHead(500).end(),
			(_, response) => response.writeHead(200, {etag: '"y"'}).end(`"${'x'.repeat(most)}"`),
		];
		let index = 0;
		const {folder, fetchIt} = await prepare((asked, response) => answers[index++]?.(asked, response));
		await expect(fetchIt()).rejects.toMatchObject({kind: 'content'});
		expect(await fetchIt()).toBe(1);
		await expect(fetchIt()).rejects.toMatchObject({kind: 'status'});
		await expect(fetchIt()).rejects.toMatchObject({kind: 'size'});
		await expect(readdir(folder)).rejects.toMatchObject({code: 'ENOENT'});
	});

	it('goes when nobody has asked for it in a long time, and stays while it is unchanged', async () => {
		const {folder, fetchIt, file, http, server} = await prepare();
		await fetchIt();
		const name = await file();
		const old = new Date(Date.now() - 1_000_000);
		await utimes(name, old, old);
		await fetchIt();
		await fetchCachedJson(http, folder, {url: `${server.url}/b.json`, gunzip: true}, most);
		const other = (await readdir(folder)).map(each => path.join(folder, each)).find(each => each !== name) ?? '';
		await utimes(other, old, old);
		await sweepDocuments(folder, Date.now() - 500_000);
		expect((await readdir(folder)).map(each => path.join(folder, each))).toEqual([name]);
		await sweepDocuments(path.join(folder, 'none'), 0);
	});
});
