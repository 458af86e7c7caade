import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {onTestFinished} from 'vitest';

/** A folder for one test, removed after it. */
export async function temporaryFolder(): Promise<string> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dstack-tui-test-'));
	// What was let go of a moment ago may just be finishing a file in it.
	onTestFinished(async () => rm(folder, {recursive: true, force: true, maxRetries: 5, retryDelay: 100}));
	return folder;
}
