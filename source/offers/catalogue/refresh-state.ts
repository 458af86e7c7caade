import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import {readIfThere} from '../../system/files.js';

/** What is known of one cloud's prices; times in milliseconds since the epoch. */
export type Checked = {
	/** What its source called the state that is kept here. */
	readonly mark?: string;
	/** When it was last found to be the newest. */
	readonly checked?: number;
	/** When that last failed, if it was after `checked`. */
	readonly failed?: number;
};

export type RefreshState = Readonly<Record<string, Checked>>;

const time = z.number().positive();
const schema = z.object({
	clouds: z.record(z.string(), z.object({mark: z.string().max(500), checked: time, failed: time}).partial()),
});

const day = 24 * 3_600_000;
const hour = 3_600_000;

const stateFile = (folder: string): string => path.join(folder, 'state.json');

/** When each cloud was asked last. A damaged file is as good as none: everything is asked anew. */
export async function readRefreshState(folder: string): Promise<RefreshState> {
	const text = await readIfThere(stateFile(folder));
	try {
		return schema.parse(JSON.parse(text ?? '')).clouds;
	} catch {
		return {};
	}
}

export async function writeRefreshState(folder: string, clouds: RefreshState): Promise<void> {
	await mkdir(folder, {recursive: true, mode: 0o700});
	await writeFileAtomic(stateFile(folder), `${JSON.stringify({clouds}, undefined, '\t')}\n`, {mode: 0o600});
}

/** Which of the clouds were not checked for a day, and did not fail within the hour. A time that is yet to come counts for nothing. */
export function dueClouds(names: readonly string[], state: RefreshState, now: number): string[] {
	const isWithin = (limit: number, at: number | undefined) => at !== undefined && at <= now && now - at < limit;
	return names.filter(name => !isWithin(day, state[name]?.checked) && !isWithin(hour, state[name]?.failed));
}
