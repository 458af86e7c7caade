import {createHash} from 'node:crypto';
import type {Stats} from 'node:fs';
import {lstat, readdir, realpath, stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import path from 'node:path';
import type {FileMapping} from '../configuration/model.js';
import {staysInside} from '../configuration/grammar/environment-paths.js';
import {formatBytes} from '../system/format.js';
import type {Link} from '../system/link.js';
import {Problem} from '../system/problem.js';
import {systemRandom} from '../system/random.js';
import {quote, viaSh} from '../system/shell.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {StepContext, StepReport} from './step.js';
import {workFolder} from './variables.js';

/** All files of `files` together may have so many bytes. */
const filesLimit = 1024 * 1024 * 1024;

/** One thing to copy: a file or a folder here, and its place there. */
export type WantedFile = {
	readonly local: string;
	/** Absolute, with symbolic links followed. */
	readonly source: string;
	readonly remote: string;
	readonly bytes: number;
};

/** Where files are looked for: the folder of the configuration that names them, absolute. */
export type FilesSource = {readonly files: readonly FileMapping[]; readonly folder: string};

/**
Looks whether every file that a configuration wants copied is there, can be read, and has a place to go. Returns their size in bytes. Throws
a `configuration` problem that names the one that cannot be copied.
*/
export async function checkFiles({
	files,
	folder,
}: FilesSource): Promise<{readonly bytes: number; readonly files: readonly WantedFile[]}> {
	const wanted = await look({files, folder});
	return {bytes: wanted.reduce((sum, {bytes}) => sum + bytes, 0), files: wanted};
}

async function look({files, folder}: FilesSource): Promise<WantedFile[]> {
	const wanted: WantedFile[] = [];
	let left = filesLimit;
	for (const {local, remote} of files) {
		if (!remote.startsWith('~') && !staysInside(remote)) {
			throw refuse(local, 'its place there is outside of the code', `Say where it goes: ${local}:${path.posix.basename(local)}`);
		}

		const asked = /^~(?:$|\/)/.test(local) ? path.join(homedir(), local.slice(1)) : path.resolve(folder, local);
		try {
			const source = await realpath(asked);
			const bytes = await sizeOf(source, await stat(source), left);
			left -= bytes;
			wanted.push({local, source, remote, bytes});
		} catch (error) {
			throw error instanceof Problem ? error : unreadable(local, asked, error as NodeJS.ErrnoException);
		}

		if (left < 0) {
			throw refuse(local, `together the files have more than ${formatBytes(filesLimit)}`, 'Fetch what is large in `setup`.');
		}
	}

	return wanted;
}

const refuse = (local: string, why: string, next: string): Problem =>
	new Problem('configuration', `\`files\`: ${neutraliseLine(local)} cannot be copied: ${why}`, {next});

const unreadable = (local: string, asked: string, {code, message}: NodeJS.ErrnoException): Problem =>
	code === 'ENOENT' || code === 'ENOTDIR'
		? refuse(local, `there is no ${neutraliseLine(asked)}`, 'Relative paths start at the folder of the configuration.')
		: refuse(local, neutraliseLine(message), 'Make it readable, or leave it out.');

/** Stops counting where it is too much already. */
async function sizeOf(file: string, stats: Stats, most: number): Promise<number> {
	if (!stats.isDirectory()) {
		return stats.isFile() ? stats.size : 0;
	}

	let sum = 0;
	for (const name of await readdir(file)) {
		const each = path.join(file, name);
		sum += await sizeOf(each, await lstat(each), most - sum);
		if (sum > most) {
			break;
		}
	}

	return sum;
}

export type CopyOptions = {
	/**
	An image is going to be made of the container: only what goes into the code is copied, since the rest would be in the image. The rest
	comes with the next call without it.
	*/
	readonly held?: boolean;
	readonly signal?: AbortSignal;
};

/**
Copies the files of a configuration to their places, each once for each run and in one piece: what was changed there since is never written
over. On a host process only those that go into the code; a path in the user's own files is left alone. Returns what was left out for that, one
line each. Throws a `Problem`, or the link's error.
*/
export async function copyFiles(
	link: Link,
	source: FilesSource,
	context: StepContext,
	onReport: (report: StepReport) => void,
	{held = false, signal}: CopyOptions = {},
): Promise<readonly string[]> {
	const wanted = await look(source);
	const total = wanted.reduce((sum, {bytes}) => sum + bytes, 0);
	const notes: string[] = [];
	let done = 0;
	for (const each of wanted) {
		const inCode = isInCode(each.remote, context);
		if (!inCode && !context.isolated) {
			notes.push(`${neutraliseLine(each.local)} is not copied: ${neutraliseLine(each.remote)} is a place of your own machine`);
		}

		if (inCode || (context.isolated && !held)) {
			await copyOne(link, each, context, signal, bytes => {
				onReport({done: done + bytes, total, text: neutraliseLine(each.local), unit: 'bytes'});
			});
		}

		done += each.bytes;
	}

	return notes;
}

const targetOf = (remote: string, context: StepContext): string => path.posix.resolve(workFolder(context), remote);

const isInCode = (remote: string, context: StepContext): boolean =>
	!remote.startsWith('~') && `${targetOf(remote, context)}/`.startsWith(`${context.workspace}/`);

const there = 75;

async function copyOne(
	link: Link,
	{local, source, remote}: WantedFile,
	context: StepContext,
	signal: AbortSignal | undefined,
	onBytes: (bytes: number) => void,
): Promise<void> {
	const home = /^~(?:$|\/)/.test(remote);
	const target = home ? `"$HOME"${quote(remote.slice(1))}` : quote(targetOf(remote, context));
	const name = createHash('sha256').update(`${source}\0${remote}`).digest('hex').slice(0, 16);
	const marks = `${context.stateFolder}/files`;
	const known = await link.exec(viaSh(`[ ! -f ${quote(`${marks}/${name}`)} ] || exit ${there}`), {signal});
	if (known.code === there) {
		return;
	}

	// Read when first needed: most configurations name no files.
	const {makeArchive} = await import('./archive.js');
	const archive = makeArchive(source, onBytes);
	const {code, stderr} = await link
		.exec(viaSh(placeScript(target, marks, name)), {stdin: archive.stream, signal})
		.finally(() => archive.close());
	const failure = archive.failed();
	if (failure !== undefined || code !== 0) {
		const reason = failure ?? (stderr.trim().split('\n').at(-1) || `exit code ${code}`);
		throw new Problem('failed', `${neutraliseLine(local)} could not be copied: ${neutraliseLine(reason)}`, {next: 'Try again.'});
	}
}

/** Unpacked beside its place first. A folder that is there already gets the files one by one, each in one piece. */
const placeScript = (target: string, marks: string, name: string): string => `umask 022
t=${target}
while [ "$t" != "\${t%/}" ]; do t=\${t%/}; done
p=\${t%/*}
i="$p/.dstack-tui-${systemRandom.hex(8)}"
trap 'rm -rf "$i"' EXIT
{ mkdir -p "$p" && mkdir -m 700 "$i" && tar -xpof - -C "$i"; } || { code=$?; cat > /dev/null; exit "$code"; }
[ -f "$i/.complete" ] || { echo 'it was cut short' >&2; exit 1; }
if [ -d "$t" ] && [ -d "$i/content" ]; then
  (cd "$i/content" && find . ! -type d -exec sh -c 'for f do mkdir -p "$0/\${f%/*}" && mv -f "$f" "$0/$f" || exit 1; done' "$t" {} + &&
    find . -type d -exec sh -c 'for f do mkdir -p "$0/$f" || exit 1; done' "$t" {} +) || exit 1
elif [ -d "$t" ]; then echo "$t is a folder there" >&2; exit 1
else mv -f "$i/content" "$t" || exit 1; fi
umask 077
mkdir -p ${quote(marks)} && : > ${quote(`${marks}/${name}`)}`;

/** Where the files of a configuration are looked for. */
export const filesOf = (files: FilesSource['files'], configurationFile: string): FilesSource => ({
	files,
	folder: path.dirname(configurationFile),
});
