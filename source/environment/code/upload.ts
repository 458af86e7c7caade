import path from 'node:path';
import {neutraliseLine} from '../../system/terminal-text.js';
import {Problem} from '../../system/problem.js';
import type {Link} from '../../system/link.js';
import type {StepContext, StepReport} from '../step.js';
import {FilesChanged} from './changed.js';
import {codeLimit, collectCode, type CodeManifest} from './collect.js';
import {gatherShipment} from './shipment.js';
import {begin, isCopied} from './remote-upload.js';
import {transfer, type TransferOptions} from './transfer.js';

const attempts = 3;

export type CopyOptions = {
	/**
	Whether the machine may fetch history from where the repository came from, without anybody's credentials. For machines elsewhere: to what
	runs on this one, sending is faster, and the user's machine would ask with their keys. @default false
	*/
	readonly fetch?: boolean;
	/** Whether git there makes the files that history holds, and only the others are sent. @default from 4 MiB of files on */
	readonly checkout?: boolean;
};

/** How a copy went: what it was made of, and a line that says so; `copied` is false where it was there already. */
export type CodeCopy = {readonly copied: boolean; readonly manifest?: CodeManifest; readonly note: string};

/**
Copies a folder's code, unless that was done: only then is the folder looked at. This is what a start and a re-attachment call. Throws a
`Problem`, or the link's error; then called again it goes on with what is there.
*/
export async function copyCode(
	link: Link,
	folder: string,
	context: StepContext,
	onReport: (report: StepReport) => void,
	signal?: AbortSignal,
	options: CopyOptions = {},
): Promise<CodeCopy> {
	if (await isCopied(link, context, signal)) {
		return {copied: false, note: 'it is there already'};
	}

	const manifest = await collectCode(folder, {trusted: context.trusted});
	const note = await uploadCode(link, manifest, context, onReport, signal, options);
	return {copied: note !== undefined, manifest, note: note ?? 'it is there already'};
}

/**
Copies the code into the workspace, once for each run: a mark there says that it is done, and then nothing is ever written over what a
person may have changed since. A copy that was cut short goes on with what has arrived whole, also in another program; one during which files
changed here sends what has changed. Returns a line that says what was sent; undefined where it was done before. Throws a `Problem`, or the
link's error.
*/
export async function uploadCode(
	link: Link,
	manifest: CodeManifest,
	context: StepContext,
	onReport: (report: StepReport) => void,
	signal?: AbortSignal,
	options: CopyOptions = {},
): Promise<string | undefined> {
	const way: TransferOptions = {link, context, signal, onReport, fetch: options.fetch ?? false, checkout: options.checkout};
	let current = manifest;
	for (let attempt = 1; ; attempt++) {
		const there = await begin(link, current.bytes, context, signal);
		if (!there) {
			return undefined;
		}

		try {
			const shipment = await gatherShipment(current);
			try {
				return await transfer(way, current, shipment, there, attempt === attempts);
			} finally {
				await shipment.remove();
			}
		} catch (error) {
			if (!(error instanceof FilesChanged)) {
				throw error;
			}

			if (attempt === attempts) {
				throw stillChanging(error);
			}

			onReport({log: `${error.names.map(neutraliseLine).join(', ')} changed while it was copied; once more\n`});
			current = await collectCode(path.join(manifest.root, manifest.subfolder), {
				limit: Math.max(codeLimit, manifest.bytes),
				trusted: manifest.trusted,
			});
		}
	}
}

const stillChanging = ({names}: FilesChanged): Problem =>
	new Problem('failed', 'The code changes while it is copied', {
		details: names.slice(0, 10).map(neutraliseLine),
		next: 'Wait until nothing writes there any more, or name it in .gitignore, and try again.',
	});
