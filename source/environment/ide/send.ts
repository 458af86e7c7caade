import {createHash} from 'node:crypto';
import {PassThrough} from 'node:stream';
import {createHttp, type Http, HttpError} from '../../system/http.js';
import {Problem} from '../../system/problem.js';
import {viaSh} from '../../system/shell.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Link} from '../../system/link.js';
import type {StepReport} from '../step.js';
import {type Downloads, downloadsOf, type Platform, platforms} from './downloads.js';
import {refusedCode} from './fetch-part.js';
import {isSum} from './recorded-sums.js';
import {products} from './products.js';
import {acceptScript, cutCode, missingScript, receiveScript, type ReportedSums, type ServerOptions} from './server.js';

const attempts = 3;
/** Milliseconds, and bytes. */
const limits = {answer: 10_000, idle: 30_000, whole: 3_600_000, size: 2 ** 30};
/** Milliseconds: unpacking has no output. */
const idleLimit = 300_000;

type Part = keyof Downloads;

export type SendOptions = ServerOptions & {
	readonly onReport: (report: StepReport) => void;
	readonly http?: Http;
	readonly signal?: AbortSignal;
	/** Called with the checksum of what came from an address for the first time, where its publisher gives none. */
	readonly onSum?: (url: string, sum: string) => Promise<void>;
};

/**
Fetches the editor's server here and sends it over the link, for an environment that cannot fetch it: an archive of which a part came
before goes on from there. Afterwards the step's script finds it and does the rest. Throws a `Problem`, or the link's error.
*/
export async function sendServer(link: Link, options: SendOptions): Promise<void> {
	const {platform, parts} = await askMissing(link, options);
	const downloads = downloadsOf(options.editor, platform, options.origin);
	for (const part of Object.keys(parts) as Part[]) {
		const url = downloads?.[part];
		if (url !== undefined) {
			await sendPart(link, part, url, parts[part] ?? 0, options);
		}
	}
}

async function sendPart(link: Link, part: Part, url: string, there: number, options: SendOptions): Promise<void> {
	let from = there;
	for (let attempt = 1; attempt <= attempts; attempt++) {
		try {
			const sums = await sendOnce(link, part, url, from, options);
			// What went on from something else is wrong for that alone.
			if (sums !== undefined && (await acceptPart(link, part, url, sums, options, from > 0 && attempt < attempts))) {
				return;
			}
		} catch (error) {
			// What broke on its way goes on from there; an answer that refuses stays one.
			if (!(error instanceof HttpError) || error.status !== undefined || attempt === attempts) {
				throw error instanceof HttpError ? notFetched(error) : error;
			}
		}

		from = (await askMissing(link, options)).parts[part] ?? 0;
	}

	throw new Problem('failed', "the editor's server did not come whole, three times");
}

/** Has it unpacked where it is what it has to be. Where it is not: false where it `mayBeStale`, else a `Problem`. */
async function acceptPart(
	link: Link,
	part: Part,
	url: string,
	sums: ReportedSums,
	options: SendOptions,
	mayBeStale: boolean,
): Promise<boolean> {
	const {signal, kept, onSum} = options;
	const script = acceptScript(options, part, sums);
	const {code, stdout, stderr} = await link.exec(viaSh(script), {signal, idleLimit});
	if (code === refusedCode && mayBeStale) {
		return false;
	}

	const told = (word: string) => new RegExp(`^${word} (.+)$`, 'm').exec(stdout)?.[1];
	if (code !== 0) {
		const next = told('next');
		throw new Problem('failed', lastLine(stderr) || `exit code ${code}`, {
			...(next === undefined ? {} : {next: neutraliseLine(next)}),
		});
	}

	const sum = told('sum');
	if (sums.told === undefined && isSum(sum) && !kept?.has(url)) {
		await onSum?.(url, sum);
	}

	return true;
}

const lastLine = (text: string): string => neutraliseLine(text.trim().split('\n').at(-1) ?? '');

/** The publisher's checksum, in an answer that leads to the file or in its own: VS Code's update server gives it. */
const toldSum = (heads: readonly Headers[]): string | undefined =>
	heads.map(head => head.get('x-sha256')?.trim().toLowerCase()).find(isSum);

const notFetched = (error: HttpError): Problem =>
	new Problem('failed', `the editor's server could not be fetched here either: ${error.message}`, {cause: error});

/** What the environment lacks, and how many bytes of each archive it has. */
async function askMissing(link: Link, options: SendOptions): Promise<{platform: Platform; parts: Partial<Record<Part, number>>}> {
	const {code, stdout, stderr} = await link.exec(viaSh(missingScript(options)), {signal: options.signal});
	const lines = new Map(stdout.split('\n').map(line => line.split(' ', 2) as [string, string]));
	const platform = platforms.find(each => each === lines.get('platform'));
	if (code !== 0 || platform === undefined) {
		throw new Problem('failed', lastLine(stderr) || `exit code ${code}`);
	}

	const parts: Partial<Record<Part, number>> = {};
	for (const part of ['server', 'cli'] as const) {
		const size = Number(lines.get(part));
		if (lines.has(part) && Number.isSafeInteger(size)) {
			parts[part] = size;
		}
	}

	return {platform, parts};
}

/** What is known of it where all came; undefined where it did not. Rejects with an HttpError when the download breaks, with the link's error when the link does. */
async function sendOnce(
	link: Link,
	part: Part,
	url: string,
	from: number,
	options: SendOptions,
): Promise<ReportedSums | undefined> {
	const {editor, onReport, signal} = options;
	const http = options.http ?? createHttp();
	const open = async (headers: Record<string, string>) => http.open({url, headers, limits, retry: {tries: 2}, signal});
	const stream = await open(from > 0 ? {range: `bytes=${from}-`} : {}).catch(async (error: unknown) => {
		// What is there is no start of it.
		const isWrong = from > 0 && error instanceof HttpError && error.status === 416;
		if (!isWrong) {
			throw error;
		}

		return open({});
	});
	const begin = stream.status === 206 ? from : 0;
	const length = Number(stream.headers.get('content-length'));
	// A body that is unpacked on its way is longer than its header says.
	const total = length > 0 && !stream.headers.has('content-encoding') ? begin + length : 0;
	const body = new PassThrough();
	const hash = createHash('sha256');
	const ending = new AbortController();
	const onAbort = () => ending.abort(signal?.reason);
	signal?.addEventListener('abort', onAbort, {once: true});
	let broken: unknown;
	let over = false;
	const text = `the ${part === 'server' ? 'server' : 'command'} of ${products[editor.ide].name} ${editor.version}`;
	const pump = async () => {
		let done = begin;
		for await (const piece of stream.body) {
			if (over) {
				return;
			}

			hash.update(piece);
			if (!body.write(piece)) {
				await new Promise(resolve => body.once('drain', resolve).once('close', resolve));
			}

			done += piece.byteLength;
			onReport({text, done, total: total || undefined, unit: 'bytes'});
		}

		body.end();
	};

	const pumping = pump().catch((error: unknown) => {
		broken = error;
		// An end of the stream would be taken for the end of the archive.
		ending.abort(error);
	});
	try {
		const script = receiveScript(options, part, begin, total);
		const {code, stderr} = await link.exec(viaSh(script), {stdin: body, signal: ending.signal, idleLimit});
		if (broken !== undefined) {
			throw broken;
		}

		if (code !== 0 && code !== cutCode) {
			throw new Problem('failed', lastLine(stderr) || `exit code ${code}`);
		}

		const told = toldSum([...stream.redirections, stream.headers]);
		return code === 0 ? {told, sent: begin === 0 ? hash.digest('hex') : undefined} : undefined;
	} catch (error) {
		throw broken ?? error;
	} finally {
		over = true;
		signal?.removeEventListener('abort', onAbort);
		body.destroy();
		stream.close();
		await pumping;
	}
}
