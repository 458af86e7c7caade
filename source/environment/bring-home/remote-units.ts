import {Problem} from '../../system/problem.js';
import {quote, viaSh} from '../../system/shell.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Link} from '../../system/link.js';
import type {StepContext} from '../step.js';
import {splitZero} from '../code/git.js';
import {codeMark} from '../code/remote-upload.js';
import {bringHomeScript} from './script.js';

/** Milliseconds: a big workspace is read once as a whole before anything comes. */
export const idleLimit = 300_000;

/** Bytes; a thousand branches and ten thousand file names fit. */
const answerLimit = 4 * 1024 * 1024;
const mostUnits = 1000;
const mostRefs = 1000;

/** One repository in the workspace, or the workspace itself. */
export type Unit = {
	readonly key: string;
	/** Relative to the workspace, '' for itself; absolute when it is `outside`. As bytes, since it need not be text. */
	readonly place: Buffer;
	/** A working tree of a repository in the workspace that lies elsewhere. */
	readonly outside: boolean;
	/** The folder that its working trees share; '' where it is no repository. */
	readonly common: string;
	readonly format: 'sha1' | 'sha256';
};

/** What a unit holds that exists nowhere else. */
export type Packed = {
	/** Commits, by the names under which they are in the bundle. */
	readonly refs: ReadonlyArray<{readonly name: string; readonly commit: string}>;
	/** Bytes of the bundle, about; undefined where the other side has all commits. */
	readonly history: number | undefined;
	/** How many of the other side's commits are known there. */
	readonly known: number;
	/** How many files are not committed. */
	readonly files: number;
	/** Bytes of content that Git LFS keeps of it, in files of its own. */
	readonly large: number;
	/** Whether those can be expressed as a patch. */
	readonly patch: boolean;
	/** What it found, as the check of the workspace reports it; 200 lines at most. */
	readonly seen: readonly string[];
	readonly notes: readonly string[];
};

export type PackBasis = 'given' | 'remotes' | 'none';

type Options = {readonly signal?: AbortSignal | undefined};

const scriptFile = ({stateFolder}: StepContext): string => quote(`${stateFolder}/bring-home`);

/** The command line that runs one act of the script there; `session` is one bringing home, which meets no other. */
export const actCommand = (context: StepContext, session: string, act: string, ...rest: readonly string[]): string =>
	viaSh(`exec sh ${scriptFile(context)} ${[session, act, ...rest].map(quote).join(' ')}`);

/** Takes away what a session made there. */
export async function closeSession(link: Link, context: StepContext, session: string): Promise<void> {
	const file = scriptFile(context);
	await link.exec(viaSh(`[ ! -f ${file} ] || exec sh ${file} ${quote(session)} close`), {idleLimit});
}

/** Puts the script there and asks for the repositories in the workspace. None before the code was copied. Throws a `Problem`. */
export async function findUnits(link: Link, context: StepContext, session: string, options: Options = {}): Promise<Unit[]> {
	const file = scriptFile(context);
	const check = quote(`${context.stateFolder}/work-check`);
	const put = await link.exec(
		viaSh(
			`[ -f ${check} ] || [ -f ${quote(codeMark(context))} ] || exit 3; umask 077; cat > ${file}.$$ && mv ${file}.$$ ${file}`,
		),
		{
			stdin: bringHomeScript(context),
			...options,
		},
	);
	if (put.code === 3) {
		return [];
	}

	if (put.code !== 0) {
		throw unreadable(put.stderr);
	}

	const fields = await ask(link, actCommand(context, session, 'units'), options);
	const units: Unit[] = [];
	for (const take = reader(fields); ;) {
		const word = take().toString();
		if (word === 'end') {
			return units;
		}

		const outside = word === 'outside';
		if ((word !== 'unit' && !outside) || units.length === mostUnits) {
			throw unreadable(word === 'failed' ? take().toString() : 'too many repositories');
		}

		const [key, place, common, format] = [take(), take(), take(), take()];
		units.push({
			key: checked(key, /^[\w-]{1,200}$/),
			place: outside ? checkedOutside(place) : checkedPlace(place),
			outside,
			common: common.toString(),
			format: format.toString() === 'sha256' ? 'sha256' : 'sha1',
		});
	}
}

/** Makes a unit's work ready to be fetched. `commits` are those that the other side has. Throws a `Problem` for what cannot be read. */
export async function packUnit(
	link: Link,
	context: StepContext,
	session: string,
	{key}: Unit,
	basis: PackBasis,
	commits: readonly string[],
	options: Options = {},
): Promise<Packed> {
	const input = commits.map(commit => `${commit}\n`).join('');
	const take = reader(await ask(link, actCommand(context, session, 'pack', key, basis), options, input));
	const [refs, notes, failures, seen]: [Array<Packed['refs'][number]>, string[], string[], string[]] = [[], [], [], []];
	const numbers: Record<string, number> = {};
	for (;;) {
		const word = take().toString();
		switch (word) {
			case 'ref': {
				const [commit, name] = [checked(take(), /^(?:[\da-f]{40}|[\da-f]{64})$/), checked(take(), /^refs\/home\/[^\s]{1,400}$/)];
				refs.push({name, commit});
				break;
			}

			case 'note':
			case 'failed': {
				(word === 'note' ? notes : failures).push(neutraliseLine(take().toString()));
				break;
			}

			case 'seen': {
				seen.push(neutraliseLine(take().toString()));
				break;
			}

			case 'known':
			case 'large':
			case 'history':
			case 'files': {
				numbers[word] = Number(checked(take(), /^\d{1,15}$/));
				break;
			}

			case 'patch': {
				numbers[word] = 1;
				break;
			}

			case 'end': {
				if (failures.length > 0) {
					throw unreadable(failures[0] ?? '', failures.slice(1, 20));
				}

				if (refs.length > mostRefs) {
					throw unreadable(`${refs.length} branches hold work`);
				}

				const {known = 0, history, files = 0, large = 0, patch} = numbers;
				return {refs, history, known, files, large, patch: patch === 1, seen, notes};
			}

			default: {
				throw unreadable('its answer cannot be understood');
			}
		}
	}
}

const unreadable = (reason: string, details: readonly string[] = []): Problem =>
	new Problem('failed', `The work there cannot be read: ${neutraliseLine(reason.trim()) || 'no reason known'}`, {details});

function reader(fields: readonly Buffer[]): () => Buffer {
	let at = 0;
	return () => {
		const field = fields[at++];
		if (!field) {
			throw unreadable('its answer ends too early');
		}

		return field;
	};
}

function checked(field: Buffer, pattern: RegExp): string {
	const text = field.toString();
	if (!pattern.test(text)) {
		throw unreadable('its answer cannot be understood');
	}

	return text;
}

/** A path that leads nowhere but below the folder it is taken from. */
function checkedPlace(place: Buffer): Buffer {
	const names = place.length === 0 ? [] : place.toString('latin1').split('/');
	if (names.some(name => ['', '.', '..', '.git'].includes(name.toLowerCase())) || place.length > 4000) {
		throw unreadable('a repository there has an impossible name');
	}

	return place;
}

/** It only names a folder here, and is shown. */
function checkedOutside(place: Buffer): Buffer {
	if (place[0] !== 0x2f) {
		throw unreadable('a repository there has an impossible name');
	}

	checkedPlace(place.subarray(1));
	return place;
}

async function ask(link: Link, command: string, {signal}: Options, stdin = ''): Promise<Buffer[]> {
	const pieces: Buffer[] = [];
	let size = 0;
	let errors = '';
	const {code} = await link.exec(command, {
		stdin,
		signal,
		idleLimit,
		onOutput(piece, stream) {
			if (stream === 'stderr') {
				errors = (errors + piece.toString()).slice(-2000);
			} else if ((size += piece.length) <= answerLimit) {
				pieces.push(piece);
			}
		},
	});
	if (code !== 0) {
		throw unreadable(errors.trim().split('\n').at(-1) || `exit code ${code}`);
	}

	if (size > answerLimit) {
		throw unreadable('its answer is too long');
	}

	return splitZero(Buffer.concat(pieces));
}
