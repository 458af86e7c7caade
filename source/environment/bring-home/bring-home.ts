import {createWriteStream} from 'node:fs';
import path from 'node:path';
import {type Readable, Transform} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {checkArchive, compress} from './archive.js';
import {homeLimit, load, type Load, type LoadOptions} from './load.js';
import {folderOf, TargetFolder} from './target-folder.js';
import {receive, tooBigProblem} from './receive.js';
import {createHash} from 'node:crypto';
import {rm} from 'node:fs/promises';
import {Problem} from '../../system/problem.js';
import {systemRandom} from '../../system/random.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Link} from '../../system/link.js';
import type {Repository} from '../code/repository.js';
import type {StepContext, StepReport} from '../step.js';
import {type TakenRef, openBundle, Refused, importRefs} from './local-repository.js';
import {takeLarge} from './large.js';
import {actCommand, closeSession, type Unit} from './remote-units.js';

/** What came home from one repository. */
export type BroughtRepository = {
	/** Where it lies in the workspace, or absolute outside of it, made safe to show; '' for the workspace itself. */
	readonly place: string;
	/** Absolute folder of the repository on this machine that has the commits now. */
	readonly into: string | undefined;
	readonly brought: readonly TakenRef[];
	/** Absolute paths on this machine. */
	readonly patch: string | undefined;
	readonly bundle: string | undefined;
	readonly archive: string | undefined;
	/** One line each. */
	readonly notes: readonly string[];
};

/** Empty where there was no work that exists nowhere else. `folder` holds the files, where there are any. */
export type BroughtHome = {readonly folder: string | undefined; readonly repositories: readonly BroughtRepository[]};

export type BringHomeOptions = LoadOptions & {
	/** Absolute folder on this machine for patches and what finds no repository. Made where it is needed, 0700. */
	readonly place: string;
	readonly onReport?: (report: StepReport) => void;
};

/** The same work may come as commits, as a patch and as files: so often as much as the limit comes over the link, whatever was announced. */
const ways = 3;

type BringContext = {
	readonly link: Link;
	readonly context: StepContext;
	readonly session: string;
	readonly place: TargetFolder;
	readonly limit: number;
	/** Bytes that may still come. */
	readonly room: () => number;
	readonly onBytes: (bytes: number) => void;
	readonly signal: AbortSignal | undefined;
};

/**
Brings home what exists only in the environment: commits as branches of the repository that the code came from, below `dstack-tui/RUN/`, what
is not committed as one more and as a patch. Where there is no such repository any more, bundle, patch and changed files come into the
place instead. The environment is only read, and here nothing that there was is changed. Doing it again brings the same. Throws a
`Problem`, or the link's error; nothing is half done then that would have to be undone.
*/
export async function bringHome(link: Link, context: StepContext, options: BringHomeOptions): Promise<BroughtHome> {
	const session = systemRandom.hex(8);
	try {
		return await bringWith(link, context, session, options);
	} finally {
		// What a link that is lost leaves there is swept by the next one.
		await closeSession(link, context, session).catch(() => undefined);
	}
}

async function bringWith(link: Link, context: StepContext, session: string, options: BringHomeOptions): Promise<BroughtHome> {
	const {limit = homeLimit, onReport = () => undefined, signal} = options;
	onReport({text: 'looking for work that exists nowhere else'});
	const loads = await load(link, context, session, options);
	if (loads.length === 0) {
		return {folder: undefined, repositories: []};
	}

	const total = loads.reduce((sum, {packed}) => sum + (packed.history ?? 0) + packed.large, 0);
	if (total > limit) {
		throw tooBigProblem(limit, total);
	}

	let done = 0;
	const place = await TargetFolder.open(options.place);
	const way: BringContext = {
		link,
		context,
		session,
		place,
		limit,
		room: () => Math.min(limit, limit * ways - done),
		onBytes(bytes) {
			done += bytes;
			onReport({text: 'bringing work home', done, total: done > total ? undefined : total, unit: 'bytes'});
		},
		signal,
	};
	try {
		await place.makeRoom(total);
		const repositories: BroughtRepository[] = [];
		for (const each of loads) {
			repositories.push(await fetchOne(way, each));
		}

		const hasFiles = repositories.some(({patch, bundle, archive}) => patch ?? bundle ?? archive);
		return {folder: hasFiles ? place.folder : undefined, repositories};
	} finally {
		await place.close();
	}
}

async function fetchOne(way: BringContext, load: Load): Promise<BroughtRepository> {
	const {unit, packed, here} = load;
	const notes = [...packed.notes];
	const file = path.join(way.place.incoming, 'bundle');
	if (packed.history !== undefined) {
		await fetchFile(way, 'bundle', unit, file);
	}

	const quarantine = path.join(way.place.incoming, 'opened');
	let brought: readonly TakenRef[] | undefined;
	try {
		if (packed.history !== undefined && (here ?? load.whole)) {
			await openBundle(quarantine, file, unit, here);
		}

		if (here) {
			brought = await importRefs(
				here,
				packed,
				`dstack-tui/${way.context.run}`,
				packed.history === undefined ? undefined : quarantine,
			);
		}
	} catch (error) {
		notes.push(await explain(error, load, quarantine, file));
	} finally {
		await rm(quarantine, {recursive: true, force: true});
	}

	if (packed.large > 0) {
		notes.push(await keepLarge(way, unit, here));
	}

	const isHome = brought !== undefined;
	if (isHome) {
		await rm(file, {force: true});
	}

	return {
		place: neutraliseLine(unit.place.toString()),
		into: isHome ? here?.top : undefined,
		brought: brought ?? [],
		bundle: isHome ? undefined : await keepBundle(way, load, file),
		patch: packed.patch ? await keepPatch(way, unit) : undefined,
		archive:
			packed.files > 0 && !(isHome && packed.refs.some(({name}) => name.startsWith('refs/home/uncommitted/')))
				? await keepArchive(way, unit)
				: undefined,
		notes,
	};
}

/** A bundle that is whole, but that git here does not take, is kept as it came. */
async function explain(error: unknown, {unit, packed, here}: Load, quarantine: string, file: string): Promise<string> {
	const isMissingGit = error instanceof Problem && error.kind === 'configuration';
	if (!(error instanceof Refused) && !isMissingGit) {
		throw error;
	}

	if (isMissingGit) {
		return 'git is not installed here: the bundle is kept as it came, and was not looked into';
	}

	if (here && packed.history !== undefined) {
		await rm(quarantine, {recursive: true, force: true});
		await openBundle(quarantine, file, unit, here).catch((reason: unknown) => {
			throw broken(reason);
		});
	} else if (packed.history !== undefined) {
		throw broken(error);
	}

	return `git here does not take the commits (${neutraliseLine(error.message)}): they are kept beside it`;
}

const broken = (error: unknown): Problem =>
	new Problem('failed', `What came from there is not whole: ${neutraliseLine(String((error as Error).message))}`, {cause: error});

async function fetchFile(
	{link, context, session, limit, room, onBytes, signal}: BringContext,
	act: 'bundle' | 'patch' | 'archive' | 'large',
	{key}: Unit,
	file: string,
) {
	await receive(link, actCommand(context, session, act, key), {file, limit, room: room(), onBytes, signal});
}

async function keepBundle({place}: BringContext, {unit, packed}: Load, file: string): Promise<string | undefined> {
	if (packed.history === undefined) {
		return undefined;
	}

	// The same commits may be packed otherwise the next time.
	const content = packed.refs.map(({name, commit}) => `${commit} ${name}\n`).join('');
	const id = createHash('sha256').update(content).digest('hex').slice(0, 8);
	return place.keep(file, folderOf(unit.place), `history-${id}.bundle`, true);
}

async function keepLarge(way: BringContext, unit: Unit, here: Repository | undefined): Promise<string> {
	const file = path.join(way.place.incoming, 'large');
	await fetchFile(way, 'large', unit, file);
	const folder = here ? path.join(here.commonDir, 'lfs') : path.join(way.place.folder, folderOf(unit.place), 'lfs');
	const count = await takeLarge(file, path.join(folder, 'objects'));
	await rm(file);
	return `${count} file${count === 1 ? '' : 's'} of Git LFS → ${folder}`;
}

async function keepPatch(way: BringContext, unit: Unit): Promise<string> {
	const file = path.join(way.place.incoming, 'patch');
	await fetchFile(way, 'patch', unit, file);
	return way.place.keep(file, folderOf(unit.place), 'uncommitted.patch');
}

async function keepArchive(way: BringContext, unit: Unit): Promise<string> {
	const file = path.join(way.place.incoming, 'tar');
	await fetchFile(way, 'archive', unit, file);
	await checkArchive(file);
	const small = path.join(way.place.incoming, 'tar.gz');
	await compress(file, small);
	await rm(file);
	return way.place.keep(small, folderOf(unit.place), 'files.tar.gz');
}

/** Keeps a whole workspace, as an archive of it comes: for one that nothing can be asked in any more. Throws a `Problem`. */
export async function keepWorkspace(
	archive: Readable,
	{place: folder, limit = homeLimit, onReport, signal}: BringHomeOptions,
): Promise<BroughtHome> {
	const place = await TargetFolder.open(folder);
	let done = 0;
	const bound = new Transform({
		transform(piece: Buffer, _encoding, next) {
			done += piece.length;
			onReport?.({text: 'copying the workspace', done, unit: 'bytes'});
			next(done > limit ? tooBigProblem(limit) : undefined, piece);
		},
	});
	try {
		const [file, small] = [path.join(place.incoming, 'tar'), path.join(place.incoming, 'tar.gz')];
		await pipeline(archive, bound, createWriteStream(file, {flags: 'wx', mode: 0o600}), {signal});
		await checkArchive(file);
		await compress(file, small);
		const kept = await place.keep(small, '', 'workspace.tar.gz');
		const none = {into: undefined, brought: [], patch: undefined, bundle: undefined};
		const notes = ['the whole workspace, as it was when it stopped'];
		return {folder: place.folder, repositories: [{...none, place: '', archive: kept, notes}]};
	} finally {
		await place.close();
	}
}
