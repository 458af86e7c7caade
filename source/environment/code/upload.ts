import path from 'node:path';
import {PassThrough} from 'node:stream';
import {formatBytes} from '../../offers/format.js';
import {Problem} from '../../system/problem.js';
import {systemRandom} from '../../system/random.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {ExecResult, Link} from '../../tunnel/link.js';
import {quote, viaSh} from '../../system/shell.js';
import type {StepContext, StepReport} from '../step.js';
import {codeLimit, collectCode, type CodeManifest, type Staged} from './collect.js';
import {pack, type PackEnd} from './pack.js';
import {stageRepository, writeNameList} from './stage.js';
import {type Entry, inChunks, stampNow} from './tree.js';

const attempts = 3;
/** Milliseconds; a slow disk there may keep everything waiting. */
const idleLimit = 300_000;

/** Something here changed while it was being copied. */
class Changed extends Error {
	readonly names: readonly string[];

	constructor(names: readonly string[]) {
		super('changed');
		this.names = names;
	}
}

type Transfer = {
	readonly link: Link;
	readonly context: StepContext;
	readonly signal: AbortSignal | undefined;
	readonly onReport: (report: StepReport) => void;
	readonly count: (piece: Buffer) => void;
	/** Where it is unpacked first: a name of its own for each attempt, so that one whose link was lost never gets in the way of the next. */
	readonly incoming: string;
};

/**
Copies the code into the workspace, once for each run: a mark there says that it is done, and then nothing is ever written over what a
person may have changed since. A copy that was cut short is begun anew, and so is one during which files changed here. Throws a `Problem`,
or the link's error.
*/
export async function uploadCode(
	link: Link,
	manifest: CodeManifest,
	context: StepContext,
	onReport: (report: StepReport) => void,
	signal?: AbortSignal,
): Promise<void> {
	for (let current = manifest, attempt = 1; await begin(link, current, context, signal); attempt++) {
		try {
			await transfer(link, current, context, onReport, attempt === attempts, signal);
			return;
		} catch (error) {
			if (!(error instanceof Changed)) {
				throw error;
			}

			if (attempt === attempts) {
				throw stillChanging(error);
			}

			onReport({log: `${error.names.map(neutraliseLine).join(', ')} changed while it was copied; once more\n`});
			current = await collectCode(path.join(manifest.root, manifest.subfolder), Math.max(codeLimit, manifest.bytes));
		}
	}
}

const stillChanging = ({names}: Changed): Problem =>
	new Problem('failed', 'The code changes while it is copied', {
		details: names.slice(0, 10).map(neutraliseLine),
		next: 'Wait until nothing writes there any more, or name it in .gitignore, and try again.',
	});

async function transfer(
	link: Link,
	manifest: CodeManifest,
	context: StepContext,
	onReport: (report: StepReport) => void,
	last: boolean,
	signal?: AbortSignal,
): Promise<void> {
	let done = 0;
	const count = (piece: Buffer) => {
		done += piece.length;
		onReport({done: Math.min(done, manifest.bytes), total: manifest.bytes, unit: 'bytes'});
	};

	const incoming = `${context.workspace}/.dstack-tui-${systemRandom.hex(8)}`;
	const way: Transfer = {link, context, signal, onReport, count, incoming};
	await sendEntries(way, manifest, last);
	for (const staged of manifest.staged) {
		await sendStaged(way, staged);
	}

	await finish(way);
}

async function sendEntries(way: Transfer, {root, entries}: CodeManifest, last: boolean): Promise<void> {
	const list = await writeNameList(entries);
	try {
		const end = await send(way, way.incoming, ['-C', root, '--no-recursion', '--null', '-T', list.file]);
		const changed = await changedSince(root, entries);
		// A log that somebody writes all the time is copied as it was when it was read. History has to be of one piece.
		if (changed.some(isHistory) || end === 'torn' || ((changed.length > 0 || end === 'touched') && !last)) {
			throw new Changed(changed.length > 0 ? changed : ['a file']);
		}
	} finally {
		await list.remove();
	}
}

const isHistory = (name: string): boolean => /(?:^|\/)\.git(?:\/|$)/.test(name);

async function changedSince(root: string, entries: readonly Entry[]): Promise<string[]> {
	const changed = await inChunks(entries, async ({name, stamp}) =>
		(await stampNow(root, name)) === stamp ? [] : [name.toString('utf8')],
	);
	return changed.flat();
}

async function sendStaged(way: Transfer, staged: Staged): Promise<void> {
	const {folder, changed, remove} = await stageRepository(staged);
	const place = staged.place.toString('utf8');
	try {
		if (changed) {
			throw new Changed([path.posix.join(place, '.git')]);
		}

		const target = place === '' ? way.incoming : `${way.incoming}/${place}`;
		await send(way, target, staged.repository.bare ? ['-C', folder, '.'] : ['-C', path.dirname(folder), '.git']);
	} finally {
		await remove();
	}
}

const mark = ({stateFolder}: StepContext): string => `${stateFolder}/code-copied`;

const busy = 75;
const full = 76;

/** Makes room: true when there is something to copy. The workspace itself stays, since people may stand in it. */
async function begin(link: Link, {bytes}: CodeManifest, context: StepContext, signal?: AbortSignal): Promise<boolean> {
	if (!/^\/+[^/]/.test(context.workspace)) {
		throw new Error(`not a workspace: ${context.workspace}`);
	}

	const needed = Math.ceil((bytes * 1.1) / 1024) + 1024;
	const script = `w=${quote(context.workspace)}
if [ "$(cat ${quote(mark(context))} 2>/dev/null)" = ${quote(context.intentId)} ]; then exit ${busy}; fi
mkdir -p "$w" ${quote(context.stateFolder)} || exit 1
clear() { find "$w" -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +; }
clear 2>/dev/null || { find "$w" -type d -exec chmod u+rwx {} +; clear; } || exit 1
free=$(df -Pk "$w" | awk 'NR == 2 {print $4}')
case "$free" in '' | *[!0-9]*) ;; *) if [ "$free" -lt ${needed} ]; then echo "$free"; exit ${full}; fi ;; esac`;
	const {code, stdout, stderr} = await link.exec(viaSh(script), {signal, idleLimit});
	if (code === busy) {
		return false;
	}

	if (code === full) {
		throw new Problem(
			'failed',
			`No space for the code: ${formatBytes(Number(stdout) * 1024)} free there, ${formatBytes(needed * 1024)} needed`,
			{next: 'Free some space, or choose an offer with a bigger disk.'},
		);
	}

	if (code !== 0) {
		throw new Problem('failed', `The workspace could not be made ready: ${neutraliseLine(stderr.trim()) || `exit code ${code}`}`);
	}

	return true;
}

/** Packs here and unpacks there, in one stream. */
async function send({link, signal, count}: Transfer, target: string, args: readonly string[]): Promise<PackEnd> {
	const packer = pack(args);
	const stream = packer.stream.pipe(new PassThrough());
	packer.stream.on('data', count);
	let result: ExecResult;
	try {
		result = await link.exec(viaSh(unpackScript(target)), {stdin: stream, signal, idleLimit});
	} catch (error) {
		packer.kill();
		throw error;
	}

	const end = await packer.ended;
	if (typeof end === 'object') {
		throw new Problem('failed', `The code could not be packed: ${neutraliseLine(end.failure)}`);
	}

	if (result.code !== 0) {
		throw new Problem(
			'failed',
			`The code could not be unpacked there: ${neutraliseLine(result.stderr.trim().split('\n').at(-1) ?? '')}`,
		);
	}

	return end;
}

/**
Unpacks standard input. As root, tar would give the files the owner that they have here (`-o` forbids it), and git there would call that
dubious. What comes after a failure is read to its end, so that the sender hears of the failure and not of a broken pipe.
*/
const unpackScript = (target: string): string =>
	`umask 022; { mkdir -p ${quote(target)} && cd ${quote(target)} && tar -xpof -; } || { code=$?; cat > /dev/null; exit "$code"; }`;

/** Everything is there: it moves to where it belongs, and is marked. */
async function finish({link, context, incoming, signal}: Transfer): Promise<void> {
	const script = `cd ${quote(context.workspace)} || exit 1
i=${quote(incoming)}
find "$i" -mindepth 1 -maxdepth 1 -exec mv -- {} . \\;
rmdir "$i" || exit 1
umask 077
printf '%s\\n' ${quote(context.intentId)} > ${quote(mark(context))}`;
	const {code, stderr} = await link.exec(viaSh(script), {signal, idleLimit});
	if (code !== 0) {
		throw new Problem('failed', `The code could not be put in its place: ${neutraliseLine(stderr.trim())}`);
	}
}
