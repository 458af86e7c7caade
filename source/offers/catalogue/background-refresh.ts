import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {z} from 'zod';
import type {Clock} from '../../system/clock.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {dueClouds, readRefreshState} from './refresh-state.js';

/** What came of a refresh; `failed` says why, in one line each. */
export type RefreshEnd = {
	readonly refreshed: readonly string[];
	readonly failed: ReadonlyArray<{readonly backend: string; readonly why: string}>;
	/** Why the whole of it came to nothing. */
	readonly problem?: string;
};

export type BackgroundOptions = {
	/** Where the refreshed catalogues are. */
	readonly folder: string;
	/** The clouds that can be refreshed. */
	readonly clouds: readonly string[];
	readonly clock: Clock;
	/** Starts `catalog update --json` for clouds; what it prints is read. */
	readonly start: (clouds: readonly string[]) => ChildProcess;
	readonly signal: AbortSignal;
	/** Called with the clouds that are being read, each time they change. */
	readonly onProgress: (clouds: readonly string[]) => void;
};

const text = z.string().transform(neutraliseLine);
const event = z.discriminatedUnion('type', [
	z.object({type: z.literal('cloud'), backend: text, state: z.string(), why: text.optional()}),
	z.object({type: z.literal('error'), message: text}),
]);

/**
Refreshes what is due in a process of its own, because that takes memory and a processor for a while; it ends at the signal. Undefined
where nothing is due. Rejects with the signal's reason, and where the process cannot be started.
*/
export async function refreshInBackground({
	folder,
	clouds,
	clock,
	start,
	signal,
	onProgress,
}: BackgroundOptions): Promise<RefreshEnd | undefined> {
	const due = dueClouds(clouds, await readRefreshState(folder), clock.now());
	signal.throwIfAborted();
	if (due.length === 0) {
		return undefined;
	}

	const child = start(due);
	const onAbort = () => child.kill('SIGTERM');
	signal.addEventListener('abort', onAbort, {once: true});
	try {
		const ended = once(child, 'close') as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
		const [end, [code, killer]] = await Promise.all([listen(child, onProgress), ended]);
		signal.throwIfAborted();
		const fell = code !== 0 && end.refreshed.length === 0 && end.failed.length === 0 && end.problem === undefined;
		return fell ? {...end, problem: `the update ended with ${killer ?? code}`} : end;
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

async function listen(child: ChildProcess, onProgress: BackgroundOptions['onProgress']): Promise<RefreshEnd> {
	const running = new Set<string>();
	const refreshed: string[] = [];
	const failed: Array<{backend: string; why: string}> = [];
	let problem: string | undefined;
	if (child.stdout) {
		for await (const line of createInterface({input: child.stdout})) {
			const {data} = event.safeParse(parse(line));
			if (data?.type === 'error') {
				problem = data.message;
			} else if (data) {
				const {backend, state, why = ''} = data;
				const before = running.size;
				if (state === 'running') {
					running.add(backend);
				} else {
					running.delete(backend);
				}

				if (state === 'done') {
					refreshed.push(backend);
				} else if (state === 'failed') {
					failed.push({backend, why});
				}

				if (running.size !== before) {
					onProgress([...running]);
				}
			}
		}
	}

	return {refreshed, failed, ...(problem === undefined ? {} : {problem})};
}

function parse(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		// Not an event: what Node itself prints, or the start of a line that the end cut off.
		return undefined;
	}
}
